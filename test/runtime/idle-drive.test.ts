import { expect, test, vi } from 'vitest';
import { inject, probe } from './flows.ts';
import { mainFlow, untilReady, untilState } from './main-flow.ts';
import { type Message, NodeRed } from './node-red.ts';
import { Home } from './restic.ts';
import { UsbDrive } from './usb-drive.ts';

/**
 * Nothing of the drive is in memory any more: whoever asks it anything makes it read, which would wake its disk. Mounted
 * to be read only, so that ext4 does no reading of its own in the background.
 */
async function rested(drive: UsbDrive): Promise<number> {
  // Refused while a process of ours is still at work on it.
  await vi.waitFor(() => drive.unmount(), { timeout: 30_000, interval: 100 });
  drive.mount('-o', 'ro');
  return drive.reads;
}

test('a plan to which nothing is owed never touches the drive, whatever it is told', async (context) => {
  using home = await Home.make();
  using drive = UsbDrive.make(home.folder, home.drive, context);
  drive.connect();
  drive.mount();
  await using nodeRed = await NodeRed.start();
  const checks = [
    { kind: 'mount', path: home.drive },
    { kind: 'marker', path: home.marker },
  ] as const;
  const flow = [
    ...mainFlow(home, {
      repository: { pruneEvery: '30d', checkEvery: '30d' },
      plan: { scheduleKind: 'interval', interval: '24h', retention: { last: 3 } },
      check: { checks: [...checks] },
    }),
    inject('to-gate', 'gate'),
  ];
  await nodeRed.deploy(flow);
  await untilReady(nodeRed);
  // A new plan is owed at once.
  await nodeRed.next('good');
  await untilState(nodeRed, ({ run }) => run === null);

  const before = await rested(drive);
  const told = async (message: Message): Promise<void> => {
    await nodeRed.inject('ask', message);
    await nodeRed.inject('to-gate', message);
  };
  const plug = (POWER: string): Message => ({ topic: 'stat/plug/RESULT', payload: { POWER } });
  /** Answered in order: what was said before has had its effect. */
  const heard = async (): Promise<void> => {
    await nodeRed.inject('ask', { payload: 'resume' });
    await nodeRed.next('not-now', ({ payload }) => payload === 'It was not paused.');
  };
  for (const message of [plug('OFF'), plug('ON'), { payload: 7.4 }, { payload: 'unavailable' }, plug('OFF')])
    await told(message);
  // oxlint-disable-next-line no-await-in-loop
  for (const command of ['pause', 'resume', 'skip', 'cancel']) {
    // oxlint-disable-next-line no-await-in-loop
    await nodeRed.request('POST', `lastgood/plans/plan/${command}`, {});
    // oxlint-disable-next-line no-await-in-loop
    await nodeRed.inject('ask', { payload: command });
    // oxlint-disable-next-line no-await-in-loop
    if (command !== 'pause') await heard();
  }
  await nodeRed.request('GET', 'lastgood/host');
  await nodeRed.request('GET', 'lastgood/plans/preview?cron=30+2+*+*+*');
  await nodeRed.request('GET', 'lastgood/repositories/repository/environment');
  await nodeRed.deploy([...flow, probe('unrelated')], 'nodes');
  await nodeRed.deploy(flow);
  await untilReady(nodeRed);
  await nodeRed.restart();
  await untilReady(nodeRed);
  await heard();
  expect(drive.reads - before).toBe(0);

  // The measure itself: a look by hand is one at the drive.
  await nodeRed.request('POST', 'lastgood/checks/check/look', {});
  expect(drive.reads - before).toBeGreaterThan(0);
});
