import { describe, expect, test } from 'vitest';
import { changesAt, publicStatus } from '../../src/lib/hub/plan-status.ts';
import { freshness, type PlanStatus } from '../../src/protocol/protocol.ts';
import { House, ms, policy } from './fake-house.ts';

const now = (house: House): PlanStatus => publicStatus(house.record);

describe('a plan says in one word what it does', () => {
  test('idle before and after its first good backup', async () => {
    const house = new House();
    await house.plan({ every: '24h', name: 'Photos of us', startPaused: false });
    expect(now(house)).toMatchObject({
      id: 'photos',
      name: 'Photos of us',
      state: 'idle',
      running: false,
      failed: false,
      failure: null,
      attempt: 0,
      lastSuccessAt: house.state.lastSuccessAt,
      nextAttemptAt: house.state.dueAt,
    });
    expect(now(house).reason).toMatch(/^Last good backup .* Next backup .*\.$/);
  });

  test('idle also where only an event starts it, and nothing is owed', async () => {
    const house = new House();
    await house.plan({ byEventOnly: true });
    expect(now(house)).toMatchObject({ state: 'idle', dueAt: null, overdueAt: null, overdue: false });
    expect(now(house).reason).toBe('No good backup yet. Waits for the device or for you.');
    expect(freshness(now(house), house.clock.now())).toBeNull();
  });

  test('checking, then running with its progress, then idle', async () => {
    const house = new House();
    house.check.takes = ms('1h');
    house.restic.takes = ms('1h');
    house.restic.retention = ms('1h');
    await house.plan({ every: '24h' });
    await house.passes('30m');
    expect(now(house)).toMatchObject({ state: 'checking', running: false, attempt: 1, progress: null });
    await house.passes('1h');
    expect(now(house)).toMatchObject({
      state: 'running',
      running: true,
      progress: null,
      reason: 'Backing up.',
    });
    house.record.progress = {
      fraction: 0.4567,
      filesDone: 1,
      filesTotal: 2,
      bytesDone: 1,
      bytesTotal: 2,
      bytesPerSecond: 1,
      elapsedSeconds: 1,
    };
    expect(now(house).progress).toBe(0.45);
    await house.passes('1h');
    expect(now(house)).toMatchObject({
      state: 'running',
      progress: null,
      lastSuccessAt: house.state.lastSuccessAt,
    });
    expect(now(house).reason).toBe('The backup is good; what follows it is being done.');
    await house.passes('1h');
    expect(now(house).state).toBe('idle');
  });

  test('waiting is no failure', async () => {
    const house = new House();
    house.check.passes = false;
    house.check.kind = 'mount';
    await house.plan({ every: '24h' });
    expect(now(house)).toMatchObject({ state: 'waiting', running: false, failed: false, failure: null });
    expect(now(house).reason).toMatch(/^Waiting: not mounted\. Attempt 2 at .*\.$/);
  });

  test('retrying is no failed run yet, and says what went wrong', async () => {
    const house = new House();
    house.restic.ends = 'network';
    await house.plan({ every: '24h' });
    expect(now(house)).toMatchObject({ state: 'retrying', failed: false, failure: 'network', attempt: 1 });
    expect(now(house).reason).toMatch(/^The last attempt failed: network\. Attempt 2 at .*\.$/);
  });

  test('failed until there is a good backup, also while the next run is made', async () => {
    const house = new House();
    house.restic.ends = 'disk-full';
    await house.plan({ every: '24h' });
    expect(now(house)).toMatchObject({ state: 'failed', failed: true, failure: 'disk-full' });
    expect(now(house).reason).toMatch(
      /^The last run ended without a good backup: disk is full\. Next backup .*\.$/,
    );
    house.check.passes = false;
    await house.asks('run');
    expect(now(house)).toMatchObject({ state: 'waiting', failed: true, failure: 'disk-full' });
    await house.asks('cancel');
    expect(now(house)).toMatchObject({ state: 'failed', failed: true });
    house.check.passes = true;
    house.restic.ends = 'succeeded';
    house.restic.retention = ms('1h');
    await house.asks('run');
    expect(now(house)).toMatchObject({ state: 'running', failed: false, failure: null });
    await house.passes('1h');
    expect(now(house)).toMatchObject({ state: 'idle', failed: false, failure: null });
  });

  test('failed also when the long wait of a later run has filled its history', async () => {
    const house = new House();
    house.policy = policy({ giveUpAtNextSlot: false });
    house.restic.ends = 'auth';
    await house.plan({ every: '24h' });
    house.check.passes = false;
    await house.asks('run');
    await house.passes('2d');
    expect(house.state.history.every(({ outcome }) => outcome === 'blocked')).toBe(true);
    expect(now(house)).toMatchObject({ state: 'waiting', failed: true });
    house.check.passes = true;
    house.restic.ends = 'succeeded';
    await house.asks('run');
    expect(now(house)).toMatchObject({ state: 'idle', failed: false });
  });

  test('failed with an incomplete snapshot, until somebody accepts it', async () => {
    const house = new House();
    house.restic.ends = 'partial';
    await house.plan({ every: '24h' });
    expect(now(house)).toMatchObject({ state: 'failed', failed: true, failure: 'partial' });
    expect(now(house).reason).toContain('the snapshot is not complete');
    await house.asks('accept');
    expect(now(house)).toMatchObject({ state: 'idle', failed: false, failure: null });
  });

  test('a run that was only ever blocked ends without a failure', async () => {
    const house = new House();
    house.policy = policy({ waitBudget: 1 });
    house.check.passes = false;
    await house.plan({ every: '24h' });
    await house.passes('1h');
    expect(house.ends).toEqual(['unmet']);
    expect(now(house)).toMatchObject({ state: 'idle', failed: false });
  });

  test('paused, with its end; a restic that runs goes on', async () => {
    const house = new House();
    house.restic.takes = ms('1h');
    await house.plan({ every: '24h' });
    await house.asks('pause', { pauseMs: ms('2d') });
    expect(now(house)).toMatchObject({ state: 'running', paused: true });
    await house.passes('1h');
    expect(now(house)).toMatchObject({
      state: 'paused',
      paused: true,
      pausedUntil: house.state.paused?.until,
    });
    expect(now(house).reason).toMatch(/^Paused until .*\.$/);
    await house.asks('resume');
    expect(now(house)).toMatchObject({ state: 'idle', paused: false, pausedUntil: null });
  });
});

describe('a plan is overdue', () => {
  const SLOT = { every: '24h' } as const;

  test('when a whole cadence has passed since it was due, and not while it is only late', async () => {
    const house = new House();
    await house.plan(SLOT);
    house.check.passes = false;
    await house.passes('24h');
    const due = Date.parse(house.state.dueAt ?? '');
    const status = now(house);
    expect(status).toMatchObject({ overdue: false, overdueAt: new Date(due + ms('24h')).toISOString() });
    expect(changesAt(status)).toBe(due + ms('24h'));
    await house.passes('24h');
    expect(now(house)).toMatchObject({ overdue: true, state: 'waiting', failed: false });
    expect(changesAt(now(house))).toBeNull();
    expect(now(house).reason).toContain('A good backup has been owed since ');
    house.check.passes = true;
    await house.asks('run');
    expect(now(house).overdue).toBe(false);
  });

  test.each([
    ['an hourly plan after an hour', { every: '1h' }, '1h'],
    ['one of every quarter of an hour after an hour too', { every: '15m' }, '1h'],
    ['a weekly plan after a week', { every: '7d' }, '7d'],
    ['a plan of weekdays after a weekend', { cron: '30 2 * * 1-5' }, '3d'],
    ['a plan of every night after a night', { cron: '30 2 * * *' }, '24h'],
  ] as const)('%s', async (_what, schedule, allowed) => {
    const house = new House();
    await house.plan(schedule);
    const { dueAt, overdueAt } = now(house);
    expect(Date.parse(overdueAt ?? '') - Date.parse(dueAt ?? '')).toBe(ms(allowed));
  });

  test('when its gate would say so first, whichever tier that is', async () => {
    const house = new House();
    house.alertPolicy = {
      ...house.alertPolicy,
      tiers: { info: null, warning: { ms: ms('5d') }, critical: { factor: 2 } },
    };
    await house.plan({ every: '24h' });
    const { dueAt, overdueAt } = now(house);
    expect(Date.parse(overdueAt ?? '') - Date.parse(dueAt ?? '')).toBe(ms('2d'));
  });

  test('also without a gate', async () => {
    const house = new House();
    house.hasGate = false;
    await house.plan({ every: '24h' });
    const { dueAt, overdueAt } = now(house);
    expect(Date.parse(overdueAt ?? '') - Date.parse(dueAt ?? '')).toBe(ms('24h'));
  });

  test('a day after somebody asked for what only events start', async () => {
    const house = new House();
    house.check.passes = false;
    await house.plan({ byEventOnly: true });
    await house.asks('run');
    expect(now(house).overdue).toBe(false);
    await house.passes('24h');
    expect(now(house).overdue).toBe(true);
  });
});

test('freshness is what is left of the age that a good backup may have', async () => {
  const house = new House();
  await house.plan({ every: '24h' });
  const share = (): number => Math.round((freshness(now(house), house.clock.now()) ?? -1) * 100);
  expect(share()).toBe(100);
  house.check.passes = false;
  await house.passes('24h');
  expect(share()).toBe(50);
  await house.passes('48h');
  expect(share()).toBe(0);
  expect(freshness({ lastSuccessAt: null, overdueAt: '2026-05-06T02:30:00.000Z' }, 0)).toBe(0);
  // A clock that was put back makes nothing fresher than fresh.
  expect(freshness({ ...now(house), overdueAt: '2999-01-01T00:00:00.000Z' }, 0)).toBe(1);
});
