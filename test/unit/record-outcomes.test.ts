import { describe, expect, test } from 'vitest';
import { FAILURE_CLASSES, PERMANENT_CLASSES } from '../../src/lib/failure.ts';
import { House, ms, policy } from './fake-house.ts';

test('a success is stamped with its snapshot’s time before retention starts, and is on the disk then', async () => {
  const house = new House();
  house.restic.retention = ms('1h');
  await house.plan();
  expect(house.journalled).toMatchObject({
    lastSuccessAt: '2026-11-23T12:00:00.000Z',
    lastSuccess: { snapshotId: 'snapshot-run1/1', repositoryId: 'repo', run: 'run1' },
    run: { phase: 'retention' },
  });
  expect(house.ends).toEqual([]);
  await house.passes('1h');
  expect(house.at('good-backup')).toMatchObject([
    { run: 'run1', attempt: 1, end: 'succeeded', outcome: 'succeeded', snapshotId: 'snapshot-run1/1' },
  ]);
  expect(house.alerts).toEqual([]);
});

test('a partial backup ends the run, stamps its own time, pays nothing and is not retried', async () => {
  const house = new House();
  house.restic.ends = 'partial';
  await house.plan({ every: '24h' });
  expect(house.state).toMatchObject({
    run: null,
    lastPartialAt: '2026-11-23T12:00:00.000Z',
    lastSuccessAt: null,
    dueAt: '2026-11-23T12:00:00.000Z',
    nextAttemptAt: '2026-11-24T12:00:00.000Z',
  });
  expect(house.at('ended')).toMatchObject([
    { end: 'partial', reason: '3 files could not be read.', unreadable: ['/x'] },
  ]);
  expect(house.alerts).toEqual([]);
});

test('a check that says no is waiting: no failure, no alert, a look again', async () => {
  const house = new House();
  house.check.passes = false;
  house.check.reason = 'The drive is not mounted.';
  await house.plan();
  expect(house.resticStarts).toEqual([]);
  expect(house.state).toMatchObject({
    lastBlockedAt: '2026-11-23T12:00:00.000Z',
    lastFailureAt: null,
    waitingFor: 'retry',
    pending: {
      attempt: 2,
      at: '2026-11-23T12:15:00.000Z',
      budget: 'waiting',
      because: 'The drive is not mounted.',
    },
    run: { waits: 1, failures: 0, blockedBy: 'mount' },
  });
  expect(house.state.why).toContain('The drive is not mounted.');
  house.check.passes = true;
  await house.passes('15m');
  expect(house.at('try-again').concat(house.at('run')).at(-1)).toMatchObject({ run: 'run1', attempt: 2 });
  expect(house.ends).toEqual(['succeeded']);
});

test('a source that is missing before the start is waiting too', async () => {
  const house = new House();
  house.restic.ends = 'source-missing';
  await house.plan();
  expect(house.state).toMatchObject({
    run: { waits: 1, failures: 0, blockedBy: 'sources' },
    lastFailureAt: null,
  });
});

test('a run that was only ever blocked ends unmet, and nobody is alarmed', async () => {
  const house = new House();
  house.check.passes = false;
  house.policy = policy({ waitBudget: 2 });
  await house.plan();
  await house.passes('1h');
  expect(house.at('ended')).toMatchObject([{ end: 'unmet', attempt: 3, outcome: 'blocked' }]);
  expect(house.alerts).toEqual([]);
  expect(house.state).toMatchObject({ nextAttemptAt: '2026-11-24T12:00:00.000Z' });
});

test('a run that failed once and was blocked since gives up, with one alert', async () => {
  const house = new House();
  house.policy = policy({ waitBudget: 1 });
  house.restic.ends = 'network';
  await house.plan();
  house.check.passes = false;
  await house.passes('1h');
  expect(house.ends).toEqual(['gave-up']);
  expect(house.told).toEqual(['gave-up']);
});

test.each(FAILURE_CLASSES.filter((name) => name !== 'source-missing'))('class %s', async (failureClass) => {
  const house = new House();
  house.restic.ends = failureClass;
  await house.plan();
  if (PERMANENT_CLASSES.has(failureClass)) {
    expect(house.at('ended')).toMatchObject([{ end: 'gave-up', failureClass, attempt: 1 }]);
    expect(house.told).toEqual(['gave-up']);
    expect(house.state.run).toBeNull();
  } else {
    expect(house.state.pending).toMatchObject({ attempt: 2, budget: 'failure', used: 1 });
    expect(house.minutesUntil(house.state.nextAttemptAt)).toBe(5);
    expect(house.alerts).toEqual([]);
  }
});

test('a ghost success is a failure that is retried, and stamps nothing', async () => {
  const house = new House();
  house.restic.ends = 'ghost';
  await house.plan();
  expect(house.state).toMatchObject({
    lastSuccessAt: null,
    run: { failureClass: 'device-unavailable', claim: null },
  });
  house.restic.ends = 'succeeded';
  await house.passes('5m');
  expect(house.resticStarts).toEqual(['run1/1', 'run1/2']);
  expect(house.state.lastSuccess?.snapshotId).toBe('snapshot-run1/2');
});

test('what nobody could look at is looked for again, without a new backup, and stamped with the snapshot’s time', async () => {
  const house = new House();
  house.restic.ends = 'unverified';
  await house.plan();
  expect(house.state.run?.claim?.snapshotId).toBe('snapshot-run1/1');
  expect(house.state.lastSuccessAt).toBeNull();
  await house.passes('5m');
  house.check.passes = false;
  await house.passes('10m');
  await house.restarts();
  house.check.passes = true;
  house.restic.ends = 'succeeded';
  await house.passes('1h');
  expect(house.resticStarts).toEqual(['run1/1']);
  expect(house.looks).toEqual(['run1/2', 'run1/4']);
  expect(house.state).toMatchObject({
    lastSuccessAt: '2026-11-23T12:00:00.000Z',
    lastSuccess: { snapshotId: 'snapshot-run1/1' },
    dueAt: '2026-11-24T12:00:00.000Z',
  });
});

test('a claim that proves absent leads to a new backup', async () => {
  const house = new House();
  house.restic.ends = 'unverified';
  await house.plan();
  house.restic.ends = 'ghost';
  await house.passes('5m');
  house.restic.ends = 'succeeded';
  await house.passes('10m');
  expect(house.looks).toEqual(['run1/2']);
  expect(house.resticStarts).toEqual(['run1/1', 'run1/3']);
});

test('the good backup after a gave-up says so once', async () => {
  const house = new House();
  house.restic.ends = 'auth';
  await house.plan();
  await house.passes('1d');
  expect(house.told).toEqual(['gave-up']);
  house.restic.ends = 'succeeded';
  await house.passes('2d');
  expect(house.told).toEqual(['gave-up', 'recovered']);
});

test('a retention that failed is an alert of its own, and the backup is good', async () => {
  const house = new House();
  const failed = { step: 'forget', outcome: 'failed', failureClass: 'locked', reason: 'a lock' } as const;
  house.maintenance = { ok: false, step: 'forget', steps: [failed], removed: 0, reason: 'a lock' };
  await house.plan();
  expect(house.ends).toEqual(['succeeded']);
  expect(house.told).toEqual(['maintenance-failed']);
});

test('a last good snapshot that somebody removed is told of once, and the success stays stamped', async () => {
  const house = new House();
  await house.plan();
  const { attempts } = house.record;
  const { lastSuccess } = house.state;
  const miss = (): void => attempts.lastGoodVanished('0123456789abcdef', '2026-11-22T03:00:00.000Z');
  miss();
  miss();
  expect(house.warnings.map(({ code }) => code)).toEqual(['last-good-vanished']);
  expect(house.warnings[0]?.message).toContain('01234567');
  expect(house.state.lastSuccess).toEqual(lastSuccess);
});

describe('without a gate', () => {
  test.each([
    ['succeeded', 'succeeded'],
    ['partial', 'partial'],
    ['network', 'gave-up'],
  ] as const)('%s is recorded as %s, without retries and alerts', async (ends, recorded) => {
    const house = new House();
    house.hasGate = false;
    house.restic.ends = ends;
    await house.plan();
    await house.passes('2h');
    expect(house.state.run).toBeNull();
    expect(house.state.history.at(-1)).toMatchObject({ run: 'run1', attempt: 1, outcome: recorded });
    expect(house.sent.map(({ port }) => port)).toEqual(['run']);
  });

  test('a blocked run ends unmet', async () => {
    const house = new House();
    house.hasGate = false;
    house.check.passes = false;
    await house.plan();
    expect(house.state.history.at(-1)).toMatchObject({ outcome: 'unmet' });
    expect(house.state.nextAttemptAt).toBe('2026-11-24T12:00:00.000Z');
  });

  test('a gate that comes in a pause says nothing of trouble from before it came', async () => {
    const house = new House();
    house.hasGate = false;
    await house.plan({ every: '24h', startPaused: true });
    house.restic.ends = 'auth';
    await house.asks('run');
    house.hasGate = true;
    await house.redeploys();
    house.restic.ends = 'succeeded';
    await house.asks('resume');
    await house.passes('1d');
    expect(house.alerts).toEqual([]);
  });

  test('a gate that comes later says nothing of trouble it never told', async () => {
    const house = new House();
    house.hasGate = false;
    house.restic.ends = 'auth';
    await house.plan();
    house.hasGate = true;
    house.restic.ends = 'succeeded';
    await house.redeploys();
    await house.passes('1d');
    expect(house.ends).toEqual(['succeeded']);
    expect(house.alerts).toEqual([]);
  });
});

describe('budgets', () => {
  test('failures and waits have budgets of their own, and a retry says how much is used', async () => {
    const house = new House();
    house.policy = policy({ failureBudget: 2, waitBudget: 2, giveUpAtNextSlot: false });
    house.restic.ends = 'network';
    await house.plan();
    expect(house.state.pending).toMatchObject({ budget: 'failure', used: 1, allowed: 2 });
    expect(house.state.why).toContain('retry 1 of 2');
    house.check.passes = false;
    await house.passes('5m');
    expect(house.state.pending).toMatchObject({ budget: 'waiting', used: 1, allowed: 2 });
    house.check.passes = true;
    await house.passes('15m');
    expect(house.state.pending).toMatchObject({ attempt: 4, budget: 'failure', used: 2, allowed: 2 });
    await house.passes('10m');
    expect(house.at('ended')).toMatchObject([{ end: 'gave-up', attempt: 4 }]);
  });

  test('a budget of nothing gives up after the first attempt', async () => {
    const house = new House();
    house.policy = policy({ failureBudget: 0 });
    house.restic.ends = 'network';
    await house.plan();
    expect(house.ends).toEqual(['gave-up']);
  });

  test('a time limit ends a waiting run when it is over, not at the next retry', async () => {
    const house = new House();
    house.policy = policy({ timeLimitMs: ms('1h'), waitDelay: () => ms('50m') });
    house.check.passes = false;
    await house.plan();
    await house.passes('50m');
    expect(house.state.run?.attempt).toBe(2);
    await house.passes('9m');
    expect(house.ends).toEqual([]);
    await house.passes('2m');
    expect(house.at('ended')).toMatchObject([{ end: 'unmet', attempt: 2 }]);
  });

  test('after giving up the plan waits for its next slot', async () => {
    const house = new House();
    house.restic.ends = 'auth';
    await house.plan({ cron: '0 3 * * *' });
    await house.passes('15h');
    expect(house.state).toMatchObject({
      run: null,
      nextAttemptAt: '2026-11-25T03:00:00.000Z',
      waitingFor: 'slot',
    });
  });
});

test('the history is bounded and its entries say what happened', async () => {
  const house = new House();
  house.restic.ends = 'network';
  house.policy = policy({ failureDelay: () => 1000, giveUpAtNextSlot: false });
  await house.plan();
  await house.passes('3m');
  expect(house.state.history).toHaveLength(50);
  expect(house.state.history.at(-1)).toMatchObject({
    outcome: 'failed',
    failureClass: 'network',
    run: 'run1',
  });
  expect(house.state.run?.attempt).toBe(181);
});

test('no retry comes faster than the floor', async () => {
  const house = new House();
  house.restic.ends = 'network';
  house.policy = policy({ failureDelay: () => 0, giveUpAtNextSlot: false });
  await house.plan();
  await house.passes('10s');
  expect(house.resticStarts).toHaveLength(11);
});
