import { expect, test, vi } from 'vitest';
import { House, ms, policy } from './fake-house.ts';

const HOUR = 60;
const DAY = 24 * HOUR;

test('a new plan with an interval is owed now, runs, and is owed again an interval after its snapshot', async () => {
  const house = new House();
  house.restic.takes = ms('2h');
  await house.plan({ every: '24h' });
  expect(house.resticStarts).toEqual(['run1/1']);
  expect(house.state.dueAt).toBe('2026-11-23T12:00:00.000Z');
  await house.passes('2h');
  expect(house.state).toMatchObject({
    run: null,
    lastSuccessAt: '2026-11-23T12:00:00.000Z',
    dueAt: '2026-11-24T12:00:00.000Z',
    nextAttemptAt: '2026-11-24T12:00:00.000Z',
    waitingFor: 'slot',
  });
  await house.passes('21h59m');
  expect(house.resticStarts).toHaveLength(1);
  await house.passes('1m');
  expect(house.resticStarts).toEqual(['run1/1', 'run2/1']);
});

test('a new plan with cron starts nothing before its first slot', async () => {
  const house = new House();
  await house.plan({ cron: '0 3 * * *' });
  expect(house.resticStarts).toEqual([]);
  expect(house.state).toMatchObject({ dueAt: '2026-11-24T03:00:00.000Z', waitingFor: 'slot' });
  await house.passes('15h');
  expect(house.at('run')).toMatchObject([{ trigger: 'schedule', dueAt: '2026-11-24T03:00:00.000Z' }]);
});

test('after a cron run the first slot after its end is due, not one that it ran across', async () => {
  const house = new House('2026-11-23T02:59:00Z');
  house.restic.takes = ms('25h');
  await house.plan({ cron: '0 3 * * *' });
  await house.passes('25h1m');
  expect(house.ends).toEqual(['succeeded']);
  expect(house.state.dueAt).toBe('2026-11-25T03:00:00.000Z');
});

test('a moment that comes while the plan looks is not taken for one that was looked at', async () => {
  const house = new House();
  await house.plan({ cron: '0 3 * * *' });
  await house.passes('14h59m');
  // The timer fires a millisecond early, as timers do, and the clock goes on between two looks at it.
  const due = Date.parse(house.state.nextAttemptAt ?? '');
  house.clock.jump(due - 1 - house.clock.now());
  const readings = [due - 1];
  const reading = vi.spyOn(house.clock, 'now').mockImplementation(() => readings.shift() ?? due);
  house.record.tick();
  reading.mockRestore();
  await house.passes('1s');
  expect(house.resticStarts).toEqual(['run1/1']);
});

test('an interval is never due before the end of the run plus the minimum gap', async () => {
  const house = new House();
  house.restic.takes = ms('5h');
  house.restic.retention = ms('1h');
  await house.plan({ every: '4h', minimumGap: '2h' });
  await house.passes('6h');
  expect(house.minutesUntil(house.state.dueAt)).toBe(2 * HOUR);
});

test('a cron slot within the minimum gap is left out', async () => {
  const house = new House('2026-11-23T02:59:00Z');
  await house.plan({ cron: '0 3,4,9 * * *', minimumGap: '3h' });
  await house.passes('1m');
  expect(house.state.dueAt).toBe('2026-11-23T09:00:00.000Z');
});

test('a plan by event only starts with a device or a person, and is owed from then on', async () => {
  const house = new House();
  await house.plan({ byEventOnly: true, minimumGap: '1h' });
  await house.passes('30d');
  expect(house.resticStarts).toEqual([]);
  expect(house.state).toMatchObject({ dueAt: null, nextAttemptAt: null, waitingFor: 'event' });
  house.restic.ends = 'auth';
  await house.appears();
  expect(house.state.dueAt).toBe('2026-12-23T12:00:00.000Z');
  expect(house.ends).toEqual(['gave-up']);
  await house.passes('1d');
  expect(house.state.dueAt).toBe('2026-12-23T12:00:00.000Z');
  house.restic.ends = 'succeeded';
  await house.asks('run');
  expect(house.state).toMatchObject({ dueAt: null, lastSuccessAt: '2026-12-24T12:00:00.000Z' });
});

test.each([
  ['blocked', (house: House) => (house.check.passes = false)],
  ['failing', (house: House) => (house.restic.ends = 'network')],
  ['partial', (house: House) => (house.restic.ends = 'partial')],
  ['given up', (house: House) => (house.restic.ends = 'auth')],
])('%s attempts never move the debt, only the next attempt', async (_what, spoil) => {
  const house = new House();
  spoil(house);
  await house.plan({ every: '24h' });
  await house.passes('3d');
  expect(house.state.dueAt).toBe('2026-11-23T12:00:00.000Z');
  expect(Date.parse(house.state.nextAttemptAt ?? '')).toBeGreaterThan(house.clock.now());
});

test('paused and running time count as lateness', async () => {
  const house = new House();
  await house.plan({ every: '24h' });
  await house.asks('pause', { pauseMs: ms('10d') });
  await house.passes('5d');
  expect(house.state.dueAt).toBe('2026-11-24T12:00:00.000Z');
});

test('editing a schedule moves a debt that is still to come', async () => {
  const house = new House();
  await house.plan({ every: '24h' });
  await house.redeploys({ every: '7d' });
  expect(house.state).toMatchObject({
    dueAt: '2026-11-30T12:00:00.000Z',
    nextAttemptAt: '2026-11-30T12:00:00.000Z',
    schedule: 'interval 604800000',
  });
  await house.redeploys({ cron: '0 3 * * *' });
  expect(house.state.dueAt).toBe('2026-11-24T03:00:00.000Z');
  await house.redeploys({ byEventOnly: true });
  expect(house.state).toMatchObject({ dueAt: null, nextAttemptAt: null, waitingFor: 'event' });
  expect(house.resticStarts).toHaveLength(1);
});

test('editing a schedule never moves a debt that has begun, but the next attempt follows the new one', async () => {
  const house = new House();
  house.restic.ends = 'auth';
  await house.plan({ every: '30d' });
  expect(house.minutesUntil(house.state.nextAttemptAt)).toBe(30 * DAY);
  await house.passes('1h');
  await house.redeploys({ cron: '0 14 * * *' });
  expect(house.state).toMatchObject({
    dueAt: '2026-11-23T12:00:00.000Z',
    nextAttemptAt: '2026-11-23T14:00:00.000Z',
  });
  await house.redeploys({ byEventOnly: true });
  expect(house.state).toMatchObject({
    dueAt: '2026-11-23T12:00:00.000Z',
    nextAttemptAt: null,
    waitingFor: 'event',
  });
});

test('a minimum gap counts from the last success when a cron schedule is edited, not from the edit', async () => {
  const house = new House('2026-11-23T02:00:00Z');
  await house.plan({ every: '24h' });
  await house.passes('10h');
  await house.redeploys({ cron: '30 14 * * *', minimumGap: '12h' });
  expect(house.state.dueAt).toBe('2026-11-23T14:30:00.000Z');
});

test('one catch-up pays for all slots that were missed while nothing ran, and the next slot stays', async () => {
  const house = new House('2026-11-23T02:59:00Z');
  await house.plan({ cron: '0 3 * * *' });
  await house.passes('1h');
  house.dies();
  house.clock.jump(ms('10d'));
  await house.deploys();
  expect(house.at('run')).toMatchObject([{ trigger: 'schedule' }, { trigger: 'catch-up' }]);
  expect(house.at('run')[1]?.dueAt).toBe('2026-11-24T03:00:00.000Z');
  expect(house.state.dueAt).toBe('2026-12-04T03:00:00.000Z');
  await house.passes('22h');
  expect(house.resticStarts).toHaveLength(2);
});

test.each(['restart', 'suspend'])(
  'without catch-up a slot missed by a %s waits for the next',
  async (how) => {
    const house = new House('2026-11-23T02:59:00Z');
    await house.plan({ cron: '0 3 * * *', catchUp: false });
    await house.passes('1h');
    if (how === 'restart') {
      house.dies();
      house.clock.jump(ms('3d5h'));
      await house.deploys();
    } else await house.sleeps('3d5h');
    expect(house.resticStarts).toHaveLength(1);
    expect(house.state.dueAt).toBe('2026-11-24T03:00:00.000Z');
    expect(house.state.nextAttemptAt).toBe('2026-11-27T03:00:00.000Z');
    await house.passes('20h');
    expect(house.resticStarts).toHaveLength(2);
  },
);

test('a new slot gives a waiting run fresh budgets and the same run goes on', async () => {
  const house = new House();
  house.policy = policy({ giveUpAtNextSlot: false, failureBudget: 3, failureDelay: () => ms('10h') });
  house.restic.ends = 'network';
  await house.plan({ every: '24h' });
  await house.passes('23h');
  expect(house.state.run).toMatchObject({ id: 'run1', attempt: 3, failures: 3 });
  await house.passes('1h');
  expect(house.state.run).toMatchObject({ id: 'run1', attempt: 4, failures: 1 });
  expect(house.state.run?.nextSlotAt).toBe('2026-11-25T12:00:00.000Z');
  await house.passes('10d');
  expect(house.ends).toEqual([]);
});

test('a gate that gives up at the next slot ends the waiting run and the slot starts its own', async () => {
  const house = new House();
  house.policy = policy({ waitDelay: () => ms('5h') });
  house.check.passes = false;
  house.check.reason = 'the drive is not mounted.';
  await house.plan({ every: '24h' });
  await house.passes('24h1m');
  expect(house.at('ended')).toMatchObject([{ run: 'run1', end: 'unmet' }]);
  expect(house.state.run).toMatchObject({ id: 'run2', attempt: 1 });
  expect(house.state.dueAt).toBe('2026-11-23T12:00:00.000Z');
});

test('the share of the jitter is the same after a restart and after every run', async () => {
  const house = new House('2026-11-23T00:00:00Z');
  await house.plan({ cron: '0 3 * * *', jitter: '1h' });
  const share = (house.minutesUntil(house.state.nextAttemptAt) ?? 0) - 3 * HOUR;
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThan(HOUR);
  await house.restarts();
  expect(house.minutesUntil(house.state.nextAttemptAt)).toBe(3 * HOUR + share);
  await house.passes('4h');
  expect(house.handedOutAt).toEqual([Date.parse('2026-11-23T03:00:00Z') + share * 60_000]);
  expect(house.minutesUntil(house.state.nextAttemptAt)).toBeCloseTo(23 * HOUR + share);
  expect(house.state.dueAt).toBe('2026-11-24T03:00:00.000Z');
});

test('a slot that ends a waiting run keeps its share of the jitter', async () => {
  const house = new House('2026-11-23T00:00:00Z');
  house.check.passes = false;
  await house.plan({ cron: '0 3 * * *', jitter: '1h' });
  const share = (house.minutesUntil(house.state.nextAttemptAt) ?? 0) - 3 * HOUR;
  await house.passes('2d');
  const starts = house
    .at('run')
    .flatMap(({ attempt }, index) => (attempt === 1 ? [house.handedOutAt[index]] : []));
  expect(starts).toEqual([
    Date.parse('2026-11-23T03:00:00Z') + share * 60_000,
    Date.parse('2026-11-24T03:00:00Z') + share * 60_000,
  ]);
});

test('an interval longer than any timer starts on time', async () => {
  const house = new House();
  await house.plan({ every: '60d' });
  await house.passes('59d23h');
  expect(house.resticStarts).toHaveLength(1);
  await house.passes('1h');
  expect(house.resticStarts).toHaveLength(2);
});

test('after three days asleep the debt is seen within a minute', async () => {
  const house = new House();
  await house.plan({ every: '24h' });
  await house.sleeps('3d');
  expect(house.at('run').map(({ trigger }) => trigger)).toEqual(['schedule', 'catch-up']);
  expect(house.state.dueAt).toBe('2026-11-27T12:01:00.000Z');
});

test.each([
  ['an interval', { every: '24h' }, '24h'],
  ['cron', { cron: '0 3 * * *' }, '24h'],
])(
  'a clock that was a year ahead and is put right does not stop %s for a year',
  async (_what, wishes, within) => {
    const house = new House();
    await house.plan(wishes);
    house.clock.jump(ms('365d'));
    await house.passes('1d');
    const before = house.resticStarts.length;
    expect(house.state.lastSuccessAt).toMatch(/^2027/);
    house.clock.jump(-ms('365d'));
    await house.passes(within);
    await house.passes('5m');
    expect(house.resticStarts.length).toBe(before + 1);
    await house.passes('10d');
    expect(house.resticStarts.length).toBe(before + 11);
    // Stamped once, never moved back.
    expect(house.state.lastSuccessAt).toMatch(/^2027/);
  },
);

test('a clock put back by a year does not stop a waiting run', async () => {
  const house = new House();
  house.restic.ends = 'network';
  await house.plan({ every: '30d' });
  expect(house.minutesUntil(house.state.pending?.at ?? null)).toBe(5);
  house.clock.jump(-ms('300d'));
  await house.passes('1h');
  expect(house.state.run?.attempt).toBeGreaterThanOrEqual(3);
});

test('a clock that is not set yet after a start damages nothing', async () => {
  const house = new House();
  await house.plan({ every: '24h' });
  const before = house.state;
  house.dies();
  const now = house.clock.now();
  house.clock.jump(-now);
  await house.deploys();
  await house.passes('20m');
  expect(house.state).toMatchObject({ dueAt: before.dueAt, nextAttemptAt: before.nextAttemptAt });
  house.clock.jump(now);
  await house.passes('1h');
  expect(house.resticStarts).toHaveLength(1);
});

test('a plan may start paused, until somebody resumes it', async () => {
  const house = new House();
  await house.plan({ every: '24h', startPaused: true });
  await house.passes('3d');
  expect(house.resticStarts).toEqual([]);
  expect(house.state).toMatchObject({ dueAt: '2026-11-23T12:00:00.000Z', waitingFor: 'person' });
  await house.asks('resume');
  expect(house.resticStarts).toHaveLength(1);
  await house.redeploys();
  expect(house.state.paused).toBeNull();
});
