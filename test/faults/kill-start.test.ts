import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { Home } from '../runtime/restic.ts';
import { Chance, seedOfRun } from './chance.ts';
import { count } from './counts.ts';
import { fuse } from './kill-cases.ts';
import { KillRig } from './kill-rig.ts';
import { plantLock } from './strangers.ts';

// Node-RED dies in the moment between the start of a restic and the note of its process. Nobody knows the number of
// what lives on and locks the repository; the lock must go all the same, and be waited for while that restic lives.

const SEED = seedOfRun();
let cases = 0;
let violations = 0;

afterAll(() => count(4, 'killed before the process was noted', cases, violations));

async function rigOfOne(): Promise<KillRig> {
  const plan = { key: 'plan-1', home: await Home.make(), kept: 3, planted: [] };
  const rig = await KillRig.start([plan], new Chance(SEED));
  await rig.succeeded(new Map());
  return rig;
}

/** Node-RED dies as this command of a new run starts. */
async function diesAtStartOf(rig: KillRig, command: string): Promise<void> {
  rig.arm(fuse(`started:${command}`, 'before', 'node-red'));
  await rig.ask();
  await rig.fired();
}

/** All comes to a good backup, and nothing that was promised is broken. */
async function allIsWell(rig: KillRig): Promise<void> {
  await rig.succeedAgain(rig.successes());
  const broken = (await rig.inspect()).map(({ promise, what }) => `promise ${promise}: ${what}`);
  cases += 1;
  violations += broken.length;
  expect(broken, `seed ${SEED}`).toEqual([]);
}

/** What was started is killed as soon as it has a lock. One that was too quick for that has another in its place. */
async function leavesItsLock(rig: KillRig, home: Home): Promise<void> {
  const isLocked = (): boolean =>
    readdirSync(join(home.repository, 'locks')).some((name) => /^[0-9a-f]{64}$/.test(name));
  while (!isLocked() && rig.restics().length > 0) await wait(2);
  for (const { pid } of rig.restics()) process.kill(pid, 'SIGKILL');
  await expect.poll(() => rig.restics(), { timeout: 60_000 }).toEqual([]);
  if (!isLocked()) await plantLock(home, 'here');
}

test.each(['backup', 'forget', 'prune', 'check'])(
  'Node-RED dies as %s starts, and its lock is left: the next start removes it',
  async (command) => {
    await using rig = await rigOfOne();
    const [{ home } = { home: undefined }] = rig.plans;
    if (home === undefined) throw new Error('no plan');
    await diesAtStartOf(rig, command);
    await leavesItsLock(rig, home);
    await rig.restart();
    await allIsWell(rig);
  },
);

test('a restic that nobody noted lives on: the next backup waits for it', async () => {
  await using rig = await rigOfOne();
  rig.restic.pause(10);
  await diesAtStartOf(rig, 'backup');
  rig.restic.pause(undefined);
  expect(rig.restics().map(({ command }) => command)).toEqual(['backup']);
  await rig.restart();
  await allIsWell(rig);
});
