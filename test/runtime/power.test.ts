import { expect, test } from 'vitest';
import { type FlowNode, probe } from './flows.ts';
import type { MainFlowSettings } from './main-flow.ts';
import { backupOf, mainFlow, untilReady, untilState } from './main-flow.ts';
import type { Message, NodeRed as RunningNodeRed } from './node-red.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

/** The main flow with its plan's power output wired to the probe `power`. */
function poweredFlow(home: Home, settings: MainFlowSettings = {}): FlowNode[] {
  const flow = mainFlow(home, {
    ...settings,
    plan: { device: 'backup drive', powerOffMounted: true, ...settings.plan },
  });
  return [
    ...flow.map((node) =>
      node.id === 'plan' ? { ...node, wires: [['check'], ['not-now'], ['power']] } : node,
    ),
    probe('power'),
  ];
}

/** All that the power output has said so far. */
function saidTo(nodeRed: RunningNodeRed): unknown[] {
  return (nodeRed.messages.get('power') ?? []).map((message: Message) => message['payload']);
}

test('switches the drive on, waits for it, and off when the backup is safe, in the words of the plug', async () => {
  using home = await Home.make();
  home.unplug();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(poweredFlow(home, { plan: { powerWords: 'state-json' } }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });

  const on = await nodeRed.next('power');
  expect(on).toMatchObject({ payload: { state: 'ON' }, topic: 'backup drive', backup: { event: 'power' } });
  expect(backupOf(on).reason).toContain('backup drive is switched on');
  home.plug();
  const good = await nodeRed.next('good');
  expect(backupOf(good)).toMatchObject({ attempt: 1, end: 'succeeded' });
  expect(await nodeRed.next('power')).toMatchObject({ payload: { state: 'OFF' } });
  expect(saidTo(nodeRed)).toEqual([{ state: 'ON' }, { state: 'OFF' }]);
  expect(await home.restic('list', 'locks', '--no-lock')).toBe('');
});

test('a drive that does not come is switched on twice, and then told of', async () => {
  using home = await Home.make();
  home.unplug();
  await using nodeRed = await NodeRed.start();
  const settings = { plan: { powerUpWithin: '3s' }, gate: { delay: '1s' } };
  await nodeRed.deploy(poweredFlow(home, settings));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });

  const alert = await nodeRed.next('alert');
  expect(backupOf(alert)).toMatchObject({
    alert: { kind: 'power-up-failed' },
    failureClass: 'power-up-failed',
  });
  expect(alert['payload']).toContain('backup drive was switched on, but did not come');
  await nodeRed.next('power', ({ payload }) => payload === false);
  await nodeRed.next('power', ({ payload }) => payload === false);
  expect(saidTo(nodeRed)).toEqual([true, false, true, false]);
  const state = await untilState(nodeRed, ({ run }) => run === null);
  expect(state.history.map(({ failureClass }) => failureClass)).toContain('power-up-failed');
});

test('killed with the drive on, it finishes the interrupted backup first and then switches off', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  // The drive is there, and the check says no: so the attempt is under way for as long as it waits.
  const never = { kind: 'marker', path: `${home.marker}-that-is-missing` } as const;
  const flow = poweredFlow(home, { check: { checks: [never], waitFor: '10m', lookEvery: '1s' } });
  await nodeRed.deploy(flow);
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('power', ({ payload }) => payload === true);
  await nodeRed.kill9();
  home.write({ [`../plugged-in/usb-drive/this-is-the-backup-drive-that-is-missing`]: '' });
  await nodeRed.start();
  expect(backupOf(await nodeRed.next('good'))).toMatchObject({ attempt: 2, end: 'succeeded' });
  await nodeRed.next('power', ({ payload }) => payload === false);
  expect(saidTo(nodeRed)).toEqual([true, true, false]);
});
