import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { untilReady } from '../runtime/main-flow.ts';
import { Home } from '../runtime/restic.ts';
import { Chance, seedOfRun } from './chance.ts';
import { count, note } from './counts.ts';
import { fuse } from './kill-cases.ts';
import { KillRig } from './kill-rig.ts';

// A plan that waits, in every way in which plans wait, while its Node-RED is killed again and again at random moments of
// its start and after it. Nothing of what it waits for may change, and in the end it must do what it waited for.

const SEED = seedOfRun();
const KILLS_EACH = 4;
const chance = new Chance(SEED);
const counts = { kills: 0, violations: 0 };

afterAll(() => {
  count(2, 'killed while a plan waits', counts.kills, counts.violations);
  note(`${counts.kills} kills of plans that wait, ${counts.violations} violations (SEED=${SEED})`);
});

const KEY = 'plan-1';

async function rigOfOne(contextStorage: 'memory' | 'localfilesystem'): Promise<KillRig> {
  const plan = { key: KEY, home: await Home.make(), kept: 0, planted: [] };
  const rig = await KillRig.start([plan], chance, { contextStorage, gate: { delay: '1h', delayCap: '1h' } });
  await rig.succeeded(new Map());
  return rig;
}

function home({ plans }: KillRig): Home {
  const [plan] = plans;
  if (plan === undefined) throw new Error('no plan');
  return plan.home;
}

/** What must be the same after a death. */
function remembered(state: PlanState): Partial<PlanState> {
  const {
    lastSuccess,
    lastFailureAt,
    lastBlockedAt,
    dueAt,
    nextAttemptAt,
    pending,
    waitingFor,
    paused,
    run,
  } = state;
  return {
    lastSuccess,
    lastFailureAt,
    lastBlockedAt,
    dueAt,
    nextAttemptAt,
    pending,
    waitingFor,
    paused,
    run,
  };
}

/** Kills at random moments of the start, and after it, and compares what the plan knows each time. */
async function survive(rig: KillRig, before: PlanState): Promise<void> {
  for (let kill = 0; kill < KILLS_EACH; kill += 1) {
    await rig.kill('node-red');
    counts.kills += 1;
    const isLast = kill === KILLS_EACH - 1;
    const starting = rig.restart(!isLast);
    if (kill % 2 === 0 && !isLast) {
      await wait(chance.between(0, 3000));
      await rig.kill('node-red');
      counts.kills += 1;
      await starting;
      await rig.restart();
    } else await starting;
    await untilReady(rig.nodeRed, `plan-${KEY}`);
    compare(rig.state(KEY), before);
    const shown = await rig.nodeRed.untilContext<PlanState>('tab', `backup_${KEY}`, () => true);
    compare(shown, before);
  }
}

function compare(state: PlanState | undefined, before: PlanState): void {
  try {
    expect(state && remembered(state), `seed ${SEED}`).toEqual(remembered(before));
  } catch (error) {
    counts.violations += 1;
    throw error;
  }
}

async function noBroken(rig: KillRig): Promise<void> {
  const broken = await rig.inspect();
  counts.violations += broken.length;
  expect(broken).toEqual([]);
}

test('a retry that waits for its drive', async () => {
  await using rig = await rigOfOne('memory');
  home(rig).unplug();
  await rig.ask();
  const before = await rig.until(
    KEY,
    'to wait',
    ({ run, pending }) => run?.phase === 'waiting' && pending !== null,
  );
  expect(before).toMatchObject({ pending: { attempt: 2, budget: 'waiting', used: 1 }, waitingFor: 'retry' });
  await survive(rig, before);
  home(rig).plug();
  const since = rig.successes();
  await rig.command('on');
  await rig.succeeded(since);
  expect(rig.state(KEY)?.history.at(-1)).toMatchObject({ run: before.run?.id, attempt: 2 });
  await noBroken(rig);
});

test('a retry after a failure, which keeps its number, its time and its budget', async () => {
  await using rig = await rigOfOne('localfilesystem');
  rig.arm(fuse('backing-up', 'after', 'restic'));
  await rig.ask();
  await rig.fired();
  const before = await rig.until(
    KEY,
    'to wait',
    ({ run, pending }) => run?.phase === 'waiting' && pending !== null,
  );
  expect(before.pending).toMatchObject({ attempt: 2, budget: 'failure', used: 1, allowed: 3 });
  await survive(rig, before);
  const since = rig.successes();
  await rig.command('run');
  await rig.succeeded(since);
  expect(rig.state(KEY)?.history.at(-1)).toMatchObject({ run: before.run?.id, attempt: 2 });
  await noBroken(rig);
});

test('a paused plan, idle and with a retry that waits', async () => {
  await using rig = await rigOfOne('memory');
  // Killed just after the pause was written: it holds.
  rig.arm(fuse('idle', 'after', 'node-red'));
  await rig.command({ command: 'pause', for: '2h' });
  await rig.fired();
  counts.kills += 1;
  await rig.restart();
  const idle = await rig.until(KEY, 'to be paused', ({ paused }) => paused !== null);
  await survive(rig, idle);
  home(rig).unplug();
  await rig.ask();
  const waiting = await rig.until(KEY, 'to wait', ({ run }) => run?.phase === 'waiting');
  expect(waiting.paused).toEqual(idle.paused);
  await survive(rig, waiting);
  home(rig).plug();
  const since = rig.successes();
  await rig.command('resume');
  await rig.command('run');
  await rig.succeeded(since);
  await noBroken(rig);
});

test('a pause that comes in the middle of a run that dies: nothing is tried until somebody resumes it', async () => {
  await using rig = await rigOfOne('memory');
  rig.arm(fuse('backing-up', 'after', 'nobody'));
  await rig.ask();
  await rig.fired();
  await rig.command('pause');
  await rig.until(KEY, 'to be paused', ({ paused }) => paused !== null);
  await rig.kill('both');
  counts.kills += 1;
  await rig.restart();
  const before = await rig.until(KEY, 'to be held', ({ run }) => run?.phase === 'waiting');
  await survive(rig, before);
  const since = rig.successes();
  await rig.command('resume');
  await rig.succeeded(since);
  expect(rig.state(KEY)?.history.at(-1)).toMatchObject({ run: before.run?.id, attempt: 2 });
  await noBroken(rig);
});

test('many missed slots after a death are paid by one run', async () => {
  await using rig = await rigOfOne('memory');
  await rig.kill('node-red');
  const path = join(rig.nodeRed.userDir, 'lastgood', 'plans', `${KEY}.json`);
  const state: PlanState = JSON.parse(readFileSync(path, 'utf8'));
  const longAgo = new Date(Date.now() - 10 * 86_400_000).toISOString();
  const missed: PlanState = { ...state, dueAt: longAgo, nextAttemptAt: longAgo };
  writeFileSync(path, JSON.stringify(missed));
  const since = rig.successes();
  // Killed in the middle of the catch-up too: it is still one run.
  rig.arm(fuse('backing-up', 'after', 'both'));
  await rig.restart(true);
  await rig.fired();
  await rig.restart();
  await rig.succeeded(since);
  const { history, dueAt } = rig.state(KEY) ?? state;
  const runs = new Set(history.map(({ run }) => run));
  expect(runs.size).toBe(2);
  expect(Date.parse(dueAt ?? '')).toBeGreaterThan(Date.now());
  expect(await home(rig).snapshots()).toHaveLength(2);
  counts.kills += 2;
  count(3, 'one catch-up for twenty missed slots', 1, 0);
});
