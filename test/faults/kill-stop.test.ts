import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, type TestContext, test } from 'vitest';
import { Home } from '../runtime/restic.ts';
import { UsbDrive } from '../runtime/usb-drive.ts';
import { Chance, seedOfRun } from './chance.ts';
import { count } from './counts.ts';
import { fuse } from './kill-cases.ts';
import type { KillPlan } from './kill-flow.ts';
import { KillRig } from './kill-rig.ts';

// Node-RED is told to stop while restic hangs on a drive that does not answer. It must be gone within 8 s without having
// shot restic; what that leaves behind is dealt with by the next start.

/** 8 s for us; the rest of Node-RED's own end, and a busy machine. */
const LIMIT_MS = 8000 + 3000;
const counts = { cases: 0, violations: 0 };

afterAll(() => count(5, 'stopped while the drive does not answer', counts.cases, counts.violations));

/** A plan whose repository is on a real file system of its own. */
async function rigOnDrive(context: TestContext): Promise<{ rig: KillRig; drive: UsbDrive; home: Home }> {
  const home = await Home.make();
  const drive = UsbDrive.make(home.folder, home.drive, context);
  drive.connect();
  drive.mount();
  const plan = { key: 'plan-1', home, kept: 3, planted: [] };
  const rig = await KillRig.start([plan], new Chance(seedOfRun()));
  await rig.succeeded(new Map());
  return { rig, drive, home };
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Stops Node-RED in the middle of a backup, `hang` having been done to the drive; tells which restic was running. */
async function stopInTheMiddle(rig: KillRig, hang: () => void): Promise<number> {
  const [{ home }] = rig.plans as [KillPlan];
  // Some seconds of writing.
  writeFileSync(join(home.documents, 'long-film'), randomBytes(20_000_000));
  rig.arm(fuse('backing-up', 'after', 'nobody'));
  await rig.ask();
  await rig.fired();
  // It has its lock by now, and writes.
  await rig.nodeRed.untilStatus('run-plan-1', ({ text = '' }) => /^\d+ %/.test(text), 60_000);
  const pid = rig.state('plan-1')?.run?.process?.pid ?? 0;
  hang();
  counts.cases += 1;
  const began = performance.now();
  const code = await rig.nodeRed.stop();
  const took = performance.now() - began;
  rig.allow({ attempts: 1 });
  if (took > LIMIT_MS || code !== 0) counts.violations += 1;
  expect(code).toBe(0);
  expect(took).toBeLessThan(LIMIT_MS);
  return pid;
}

async function comesBack(rig: KillRig, home: Home): Promise<void> {
  const since = rig.successes();
  await rig.restart();
  await rig.succeedAgain(since);
  const broken = await rig.inspect();
  counts.violations += broken.length;
  expect(broken).toEqual([]);
  expect(readdirSync(join(home.repository, 'locks'))).toEqual([]);
}

test('a drive that hangs: Node-RED stops, restic is left to finish, and the next start goes on', async (context) => {
  const { rig, drive, home } = await rigOnDrive(context);
  try {
    const pid = await stopInTheMiddle(rig, () => execFileSync('fsfreeze', ['--freeze', home.drive]));
    // Neither shot nor able to end: it was asked to, and will when the drive answers.
    expect(isRunning(pid)).toBe(true);
    execFileSync('fsfreeze', ['--unfreeze', home.drive]);
    await expect.poll(() => isRunning(pid), { timeout: 60_000 }).toBe(false);
    await comesBack(rig, home);
  } finally {
    thaw(home.drive);
    // The mount first: nobody can remove a folder below it.
    drive[Symbol.dispose]();
    await rig[Symbol.asyncDispose]();
  }
});

test('a drive that hangs over the next start: no second restic, and all goes on when it answers', async (context) => {
  const { rig, drive, home } = await rigOnDrive(context);
  try {
    const pid = await stopInTheMiddle(rig, () => execFileSync('fsfreeze', ['--freeze', home.drive]));
    const since = rig.successes();
    await rig.restart();
    expect(isRunning(pid)).toBe(true);
    const workers = rig.restics().filter(({ command }) => command === 'backup');
    expect(workers.map((worker) => worker.pid)).toEqual([pid]);
    execFileSync('fsfreeze', ['--unfreeze', home.drive]);
    await rig.succeedAgain(since);
    const broken = await rig.inspect();
    counts.violations += broken.length;
    expect(broken).toEqual([]);
  } finally {
    thaw(home.drive);
    // The mount first: nobody can remove a folder below it.
    drive[Symbol.dispose]();
    await rig[Symbol.asyncDispose]();
  }
});

test('a drive that is dead: Node-RED stops, and goes on when the drive is back', async (context) => {
  const { rig, drive, home } = await rigOnDrive(context);
  try {
    await stopInTheMiddle(rig, () => drive.disconnect({ noticed: false }));
    for (const { pid } of rig.restics())
      await expect.poll(() => isRunning(pid), { timeout: 90_000 }).toBe(false);
    drive.removeMount();
    drive.connect();
    drive.mount();
    await comesBack(rig, home);
  } finally {
    // The mount first: nobody can remove a folder below it.
    drive[Symbol.dispose]();
    await rig[Symbol.asyncDispose]();
  }
});

function thaw(path: string): void {
  try {
    execFileSync('fsfreeze', ['--unfreeze', path], { stdio: 'ignore' });
  } catch {
    // It was not frozen.
  }
}
