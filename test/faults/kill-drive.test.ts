import { afterAll, expect, test } from 'vitest';
import { probe } from '../runtime/flows.ts';
import { untilReady } from '../runtime/main-flow.ts';
import { Home } from '../runtime/restic.ts';
import { UsbDrive } from '../runtime/usb-drive.ts';
import { Chance, seedOfRun } from './chance.ts';
import { count, note } from './counts.ts';
import { fuse } from './kill-cases.ts';
import { killFlow } from './kill-flow.ts';
import { KillRig, type Victims } from './kill-rig.ts';
import type { Broken } from './promises.ts';

// The plan of a drive that is only there while its plug is on: a real file system behind a loop device, switched by the
// plan's output 3, mounted and unmounted by the repository's commands. It dies with the drive in every state.

const SEED = seedOfRun();
const counts = { kills: 0, broken: [] as Broken[] };

afterAll(() => {
  const { kills, broken } = counts;
  for (const promise of [1, 2, 3, 4] as const) {
    count(
      promise,
      'kills with a drive that is switched',
      kills,
      broken.filter((one) => one.promise === promise).length,
    );
  }
  note(`${kills} kills with a switched drive, ${broken.length} violations (SEED=${SEED})`);
});

const KILLS: readonly [label: string, victims: Victims][] = [
  ['handed-out', 'node-red'],
  ['checking', 'node-red'],
  ['queued', 'node-red'],
  ['backing-up', 'both'],
  ['verifying', 'node-red'],
  ['retention', 'node-red'],
  ['retention:forget', 'both'],
  ['devices', 'node-red'],
  ['idle', 'node-red'],
];

test('a plan whose drive is switched dies in every state, and in the end the drive is unmounted and off', async (context) => {
  const home = await Home.make();
  using drive = UsbDrive.make(home.folder, home.drive, context);
  const plan = { key: 'plan-1', home, kept: 3, planted: [] };
  const flow = killFlow([plan], { waitDelay: '2s' }).map((one) => {
    if (one.type === 'restic-repository') {
      const mountCommand = ['mount', drive.device, drive.mountPoint];
      return { ...one, mountCommand, unmountCommand: ['umount', drive.mountPoint] };
    }
    if (one.type !== 'backup-plan') return one;
    return {
      ...one,
      device: 'backup drive',
      powerUpWithin: '30s',
      wires: [['check-plan-1'], ['not-now'], ['power']],
    };
  });
  const cuts: string[] = [];
  /** What the plug does; it goes on while Node-RED is dead. */
  const obey = (payload: unknown): void => {
    if (payload === true) drive.connect();
    else if (drive.isMounted) cuts.push('power was cut on a mounted drive');
    else drive.disconnect();
  };
  await using rig = await KillRig.start([plan], new Chance(SEED), {
    flow: [...flow, probe('power')],
    listener: { probe: 'power', hear: obey },
  });
  await rig.succeeded(new Map());
  for (const [label, victims] of KILLS) {
    rig.arm(fuse(label, 'after', victims));
    await rig.ask();
    await rig.fired();
    counts.kills += 1;
    const since = rig.successes();
    await rig.restart();
    await untilReady(rig.nodeRed, 'plan-plan-1');
    await rig.succeedAgain(since);
    await expect.poll(() => drive.isMounted || drive.isConnected, { timeout: 60_000 }).toBe(false);
    drive.connect();
    drive.mount();
    counts.broken.push(...(await rig.inspect()));
    drive.unmount();
    drive.disconnect();
  }
  expect(counts.broken).toEqual([]);
  expect(cuts).toEqual([]);
});
