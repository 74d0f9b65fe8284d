import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plan } from './flows.ts';
import { backupOf } from './main-flow.ts';
import { Night, SLOW } from './night.ts';

// The example of seven nodes and six wires, with a real broker, a plug, a drive that is really mounted, and restic.

/** Long enough for a slow machine that waits for a plug, a drive and restic several times. */
const LONG = { timeout: 180_000 };

test(
  'a night: power, drive, check, backup, unmount, power off; and the echo of the plug starts nothing',
  LONG,
  async (context) => {
    await using night = await Night.fall(context, { connectAfterMs: 1500 });
    const { nodeRed, plug, drive, home } = night;
    const log = join(home.folder, 'unmounts');
    const unmountCommand = ['sh', '-c', 'umount "$0" && echo unmounted >> "$1"', home.drive, log];
    await night.begin({
      nodes: {
        'restic-repository': { mountCommand: night.mountCommand, unmountCommand },
        // Whatever were taken for a device that appears would start another one.
        'backup-plan': { deviceStarts: 'always', retention: { last: 3 } },
      },
    });
    await night.say('run');
    await plug.until('connected');
    expect(drive.isMounted).toBe(false);
    const good = backupOf(await nodeRed.next('good'));
    expect(good).toMatchObject({ attempt: 1, outcome: 'succeeded', maintenance: { ok: true } });
    expect(plug.isOn).toBe(true);

    await plug.until('disconnected');
    expect(readFileSync(log, 'utf8')).toBe('unmounted\n');
    expect(plug.violations).toEqual([]);
    expect(plug.happenings).toEqual(['told on', 'on', 'connected', 'told off', 'off', 'disconnected']);
    await nodeRed.next('power', ({ payload }) => payload === 'OFF');
    expect((nodeRed.messages.get('power') ?? []).map(({ payload }) => payload)).toEqual(['ON', 'OFF']);
    expect(existsSync(home.repository)).toBe(false);

    await plug.repeat();
    const state = await night.state(({ run }) => run === null);
    expect(state.history.map(({ outcome }) => outcome)).toEqual(['succeeded']);
    expect(nodeRed.messages.get('alert')).toBeUndefined();
    expect(nodeRed.messages.get('errors')).toBeUndefined();
    expect((await drive.snapshots()).map(({ id }) => id)).toEqual([state.lastSuccess?.snapshotId]);
    expect(await night.locks()).toEqual([]);

    // The plug is heard all the time: somebody's own switching is another matter.
    plug.press();
    await nodeRed.next('good');
    expect(await drive.snapshots()).toHaveLength(2);
  },
);

test(
  'speaks Zigbee2MQTT, where the system mounts the drive, and flushes before it cuts the power',
  LONG,
  async (context) => {
    await using night = await Night.fall(context, {
      dialect: 'zigbee2mqtt',
      mountedBy: 'system',
      mountedIsExpected: true,
    });
    const { nodeRed, plug, drive } = night;
    await night.begin();
    await night.broker.publish(plug.topics.states, JSON.stringify({ command: 'run' }));
    const { snapshotId } = backupOf(await nodeRed.next('good'));
    await plug.until('disconnected');
    expect(plug.happenings).toEqual([
      'told on',
      'on',
      'connected',
      'mounted',
      'told off',
      'off',
      'disconnected',
    ]);
    // The drive lost its power with the file system mounted: what was not flushed is gone.
    expect((await drive.snapshots()).map(({ id }) => id)).toEqual([snapshotId]);
    await drive.restic('check', '--read-data');
  },
);

test(
  'leaves a drive on that is still mounted, unless the plan allows to cut it off',
  LONG,
  async (context) => {
    await using night = await Night.fall(context, { mountedBy: 'system' });
    const { nodeRed, plug } = night;
    await night.begin({ nodes: { 'backup-plan': { powerOffMounted: false } } });
    for (const attempt of [1, 2]) {
      await night.say('run');
      expect(backupOf(await nodeRed.next('good'))).toMatchObject({ attempt: 1 });
      expect(plug.count('on'), `run ${attempt}`).toBe(1);
    }
    expect(plug.isOn).toBe(true);
    expect(plug.count('told off')).toBe(0);
  },
);

test('two plans on one drive share one power-up', LONG, async (context) => {
  await using night = await Night.fall(context);
  const { nodeRed, plug, drive, home } = night;
  const photos = plan(
    { id: 'photos', wires: [['check'], ['not-now'], ['to-plug']] },
    {
      name: 'Photos',
      key: 'photos',
      repository: 'repository',
      paths: [join(home.documents, 'photos')],
      scheduleKind: 'event',
      powerWords: 'ON-OFF',
      powerOffAfter: '1s',
    },
  );
  await night.begin(
    { nodes: { 'mqtt in': { wires: [['plan', 'photos']] } }, more: [photos] },
    'plan',
    'photos',
  );
  await night.say('run');
  const plans = [await nodeRed.next('good'), await nodeRed.next('good')].map(
    (message) => backupOf(message).plan,
  );
  expect(plans.toSorted()).toEqual(['every-night', 'photos']);
  await plug.until('disconnected');
  expect(plug.count('on')).toBe(1);
  expect(plug.count('off')).toBe(1);
  expect(plug.violations).toEqual([]);
  expect(await drive.snapshots()).toHaveLength(2);
});

test('what a person switched on stays on, unmounted', LONG, async (context) => {
  await using night = await Night.fall(context);
  const { nodeRed, plug, drive } = night;
  await night.begin();
  plug.press();
  for (const count of [1, 2]) {
    await nodeRed.next('good');
    // Released: what follows, if anything, is the power.
    await night.released();
    expect(await drive.snapshots()).toHaveLength(count);
    if (count === 1) await night.say('run');
  }
  expect(plug.isOn).toBe(true);
  expect(plug.count('told off')).toBe(0);
});

test('a drive that never comes is powered up twice and no more, and told of once', LONG, async (context) => {
  await using night = await Night.fall(context, { comes: false });
  const { nodeRed, plug } = night;
  await night.begin({
    nodes: {
      'backup-plan': { powerUpWithin: '2s' },
      'precondition-check': { waitFor: '', lookEvery: '' },
      // Long enough to be switched off in between.
      'retry-gate': { delay: '4s', waitDelay: '4s' },
    },
  });
  await night.say('run');
  const alert = backupOf(await nodeRed.next('alert', undefined, 90_000));
  expect(alert).toMatchObject({ failureClass: 'power-up-failed' });
  await plug.until('off', 2);
  expect(plug.count('on')).toBe(2);
  expect(plug.count('off')).toBe(2);
  expect(nodeRed.messages.get('alert')).toHaveLength(1);
});

test(
  'kill -9 with the drive on: the interrupted run comes to its end before the power goes off',
  LONG,
  async (context) => {
    await using night = await Night.fall(context);
    const { nodeRed, plug, drive } = night;
    night.addFilm();
    await night.begin({
      nodes: { 'restic-repository': { mountCommand: night.mountCommand, uploadLimit: SLOW } },
    });
    await night.say('run');
    await night.state(({ run }) => run?.phase === 'backing-up');
    await nodeRed.kill9();
    expect(drive.isMounted && plug.isOn).toBe(true);
    await nodeRed.start();
    await nodeRed.next('good', undefined, 90_000);
    expect(plug.count('told off')).toBe(0);
    await plug.until('disconnected');
    expect(plug.violations).toEqual([]);
    expect(plug.count('on')).toBe(1);
    const { lastInterruptedAt, lastSuccess } = await night.state(({ run }) => run === null);
    expect(lastInterruptedAt).not.toBeNull();
    expect((await drive.snapshots()).map(({ id }) => id)).toContain(lastSuccess?.snapshotId);
    expect(await night.locks()).toEqual([]);
  },
);
