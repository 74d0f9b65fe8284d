import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { backupOf } from './main-flow.ts';
import { Doorstep, Night, SLOW } from './night.ts';
import { ages, memory } from './repository-memory.ts';

// The power goes at every step of the night, and comes back when somebody presses the button on the plug. A restic
// whose drive is gone takes a minute to end, whatever it is told.

const LONG = { timeout: 300_000 };
const MINUTES = 150_000;

/** The run waits for its device, and nothing good is claimed. */
async function waiting({ nodeRed }: Night): Promise<PlanState> {
  return await nodeRed.untilContext<PlanState>(
    'tab',
    'backup_every-night',
    ({ run, pending }) => run?.phase === 'waiting' && pending !== null,
    MINUTES,
  );
}

/** Power is back; the next attempt is good, and nothing of the other one is left. */
async function returns(night: Night, runId: string | undefined): Promise<void> {
  const { drive, plug, nodeRed } = night;
  if (drive.isMounted) drive.removeMount();
  const toldOff = plug.count('told off');
  plug.press();
  const good = backupOf(await nodeRed.next('good', undefined, MINUTES));
  if (runId !== undefined) expect(good).toMatchObject({ run: runId, attempt: 2 });
  await isHonest(night);
  expect(await night.locks()).toEqual([]);
  expect(nodeRed.messages.get('errors')).toBeUndefined();
  // A person switched it on: it is not ours to switch off.
  expect(plug.count('told off')).toBe(toldOff);
  expect(plug.violations).toEqual([]);
}

/** What is called the last good backup is in the repository. */
async function isHonest(night: Night): Promise<void> {
  const { lastSuccess } = await night.state(({ lastSuccessAt }) => lastSuccessAt !== null);
  await night.released();
  expect((await night.drive.snapshots()).map(({ id }) => id)).toContain(lastSuccess?.snapshotId);
}

describe.concurrent('power is cut', LONG, () => {
  test('before the drive is connected', async (context) => {
    await using night = await Night.fall(context, { connectAfterMs: MINUTES });
    await night.begin();
    await night.say('run');
    await night.plug.until('on');
    night.plug.cut();
    const { run, lastSuccessAt } = await waiting(night);
    expect(lastSuccessAt).toBeNull();
    night.plug.behaviour.connectAfterMs = 300;
    await returns(night, run?.id);
  });

  test('while the check waits', async (context) => {
    await using night = await Night.fall(context);
    const { drive, home } = night;
    const sign = join(home.folder, 'sign');
    const checks = [
      { kind: 'mount', path: home.drive },
      { kind: 'marker', path: sign },
    ];
    await night.begin({ nodes: { 'precondition-check': { checks, inOrder: true, waitFor: '20s' } } });
    await night.say('run');
    await vi.waitFor(() => expect(drive.isMounted).toBe(true), { timeout: 60_000, interval: 100 });
    night.plug.cut();
    const { run, lastFailureAt } = await waiting(night);
    expect(run?.outcome).toBe('blocked');
    expect(lastFailureAt).toBeNull();
    writeFileSync(sign, '');
    await returns(night, run?.id);
  });

  test.for([
    ['and the plug says so and the system notices', { tells: true, noticed: true }],
    ['and nothing but I/O errors says so', { tells: false, noticed: false }],
  ] as const)('in the middle of a backup, %s', async ([, how], context) => {
    await using night = await Night.fall(context);
    night.addFilm();
    await night.begin({
      nodes: { 'restic-repository': { mountCommand: night.mountCommand, uploadLimit: SLOW } },
    });
    await night.say('run');
    await night.nodeRed.untilStatus('run', ({ text }) => text?.includes('%') === true, MINUTES);
    night.plug.cut(how);
    const { run, lastSuccessAt } = await waiting(night);
    expect(run).toMatchObject({ outcome: 'failed', failureClass: 'device-unavailable' });
    expect(lastSuccessAt).toBeNull();
    // A plug that came back without a word would be taken for the echo of our own switching for a minute.
    if (!how.tells) await night.plug.until('told off');
    await returns(night, run?.id);
  });

  test('before old snapshots are removed', async (context) => {
    await using night = await Night.fall(context);
    const { home, nodeRed, plug } = night;
    const doorstep = new Doorstep(home.folder);
    await night.begin({
      nodes: {
        'restic-repository': {
          mountCommand: night.mountCommand,
          binary: doorstep.resticBefore('forget'),
        },
        'backup-plan': { retention: { last: 1 } },
      },
    });
    await night.say('run');
    await doorstep.reached();
    plug.cut();
    doorstep.open();
    // The backup was good and is there; only the rest failed.
    const good = backupOf(await nodeRed.next('good', undefined, MINUTES));
    expect(good).toMatchObject({ outcome: 'succeeded', maintenance: { ok: false } });
    await isHonest(night);
    expect(backupOf(await nodeRed.next('alert'))).toMatchObject({ alert: { kind: 'maintenance-failed' } });
    await returns(night, undefined);
    expect(await night.drive.snapshots()).toHaveLength(1);
  });

  test('in the middle of an owed prune', async (context) => {
    await using night = await Night.fall(context);
    const { home, drive, nodeRed, plug } = night;
    night.addFilm();
    await night.begin({
      nodes: {
        'restic-repository': { mountCommand: night.mountCommand, pruneEvery: '30d', downloadLimit: 100 },
        'backup-plan': { retention: { last: 1 } },
      },
    });
    await night.say('run');
    await nodeRed.next('good');
    await plug.until('disconnected');
    // What is left of the film is moved to a new file of the repository, at 100 KiB/s.
    truncateSync(join(home.documents, 'film.raw'), 4_000_000);
    ages(nodeRed);
    await night.say('run');
    await nodeRed.untilStatus('run', ({ text = '' }) => /pruning · \d+ %/.test(text), MINUTES);
    plug.cut();
    // The backup was good and is there; only the rest failed.
    const good = backupOf(await nodeRed.next('good', undefined, MINUTES));
    expect(good).toMatchObject({ outcome: 'succeeded', maintenance: { ok: false } });
    await isHonest(night);
    expect(backupOf(await nodeRed.next('alert'))).toMatchObject({ alert: { kind: 'maintenance-failed' } });
    // Still owed; what failed is tried again after a day.
    const [known] = memory(nodeRed).held.repositories;
    expect(known).toMatchObject({ lastPruneAt: null, pruneFailure: { failureClass: 'device-unavailable' } });
    await returns(night, undefined);
    await drive.restic('check', '--read-data');
  });

  test('while the drive is being unmounted', async (context) => {
    await using night = await Night.fall(context);
    const { home, nodeRed } = night;
    const doorstep = new Doorstep(home.folder);
    const unmountCommand = doorstep.before(['umount', home.drive]);
    await night.begin({
      nodes: { 'restic-repository': { mountCommand: night.mountCommand, unmountCommand } },
    });
    await night.say('run');
    await doorstep.reached();
    night.plug.cut();
    doorstep.open();
    await nodeRed.next('good');
    await isHonest(night);
    await returns(night, undefined);
    expect(await night.drive.snapshots()).toHaveLength(2);
  });
});

test.concurrent(
  'somebody unmounts the drive lazily in the middle of a backup, and mounts it again',
  LONG,
  async (context) => {
    await using night = await Night.fall(context);
    const { drive, home, nodeRed, plug } = night;
    night.addFilm();
    await night.begin({
      // It would go on for a quarter of an hour; what restic writes lands under the bare mount point.
      nodes: { 'restic-repository': { mountCommand: night.mountCommand, uploadLimit: 10 } },
    });
    plug.press();
    await night.state(({ run }) => run?.phase === 'backing-up');
    await nodeRed.untilStatus('run', ({ text }) => text?.includes('%') === true, MINUTES);
    drive.removeMount();
    const { run, lastSuccessAt } = await waiting(night);
    expect(run).toMatchObject({ outcome: 'failed', failureClass: 'device-unavailable' });
    expect(lastSuccessAt).toBeNull();
    expect(plug.isOn).toBe(true);
    rmSync(join(home.documents, 'film.raw'));
    if (!drive.isMounted) drive.mount();
    await night.say('run');
    const good = backupOf(await nodeRed.next('good', undefined, MINUTES));
    expect(good).toMatchObject({ run: run?.id, attempt: 2 });
    await isHonest(night);
    expect(await night.locks()).toEqual([]);
    expect(await drive.snapshots()).toHaveLength(1);
    expect(nodeRed.messages.get('errors')).toBeUndefined();
  },
);
