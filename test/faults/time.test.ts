import { afterEach, describe, expect, test } from 'vitest';
import { iso } from '../../src/lib/clock.ts';
import { House, ms } from '../unit/fake-house.ts';
import { count } from './counts.ts';

// Time that does not go by as clocks say it does, through the whole domain. Besides: test/unit/record-due.test.ts (60
// days, three days asleep, a clock a year ahead or behind, one that is not set), test/unit/cron.test.ts (both edges in
// seven zones), test/faults/model.test.ts (all of it at once).

afterEach(() => count(3, 'a story about time', 1, 0));

/** When each run began. */
const starts = (house: House): string[] =>
  house
    .at('run')
    .flatMap(({ attempt }, index) => (attempt === 1 ? [iso(house.handedOutAt[index] ?? 0)] : []));

describe('the clocks go forward and back', () => {
  test.each([
    ['Europe/Berlin', '2027-03-26T12:00:00Z', ['2027-03-27T01:30', '2027-03-28T01:30', '2027-03-29T00:30']],
    ['Europe/Berlin', '2027-10-29T12:00:00Z', ['2027-10-30T00:30', '2027-10-31T00:30', '2027-11-01T01:30']],
    [
      'America/New_York',
      '2027-03-12T12:00:00Z',
      ['2027-03-13T07:30', '2027-03-14T07:30', '2027-03-15T06:30'],
    ],
    [
      'America/New_York',
      '2027-11-05T12:00:00Z',
      ['2027-11-06T06:30', '2027-11-07T07:30', '2027-11-08T07:30'],
    ],
    [
      'Australia/Lord_Howe',
      '2027-10-01T12:00:00Z',
      ['2027-10-01T16:00', '2027-10-02T15:30', '2027-10-03T15:30'],
    ],
    [
      'Africa/Casablanca',
      '2026-02-13T12:00:00Z',
      ['2026-02-14T01:30', '2026-02-15T01:30', '2026-02-16T02:30'],
    ],
  ])('cron in %s from %s: one run a day, and none twice', async (timeZone, from, expected) => {
    const house = new House(from);
    await house.plan({ cron: '30 2 * * *', timeZone });
    await house.passes('72h');
    expect(starts(house).map((start) => start.slice(0, 16))).toEqual(expected);
    expect(house.ends).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  test.each(['2027-03-27T12:00:00Z', '2027-10-30T12:00:00Z'])(
    'an interval from %s counts hours, whatever the clock on the wall shows',
    async (from) => {
      const house = new House(from);
      await house.plan({ every: '24h' });
      await house.passes('72h');
      const times = starts(house).map((start) => Date.parse(start));
      for (const [at, time] of times.entries()) {
        if (at > 0) expect(time - (times[at - 1] ?? 0)).toBe(ms('24h'));
      }
      expect(times).toHaveLength(4);
    },
  );

  test('asleep over the edge: one catch-up, and the next slot by the new time', async () => {
    const house = new House('2027-03-27T12:00:00Z');
    await house.plan({ cron: '30 2 * * *', timeZone: 'Europe/Berlin' });
    await house.sleeps('15h');
    expect(house.at('run').map(({ trigger }) => trigger)).toEqual(['catch-up']);
    expect(house.state.dueAt).toBe('2027-03-29T00:30:00.000Z');
  });
});

test('another time zone by an edit moves what is to come, and not what is owed', async () => {
  const house = new House('2027-05-01T12:00:00Z');
  await house.plan({ cron: '0 3 * * *', timeZone: 'Europe/Berlin' });
  expect(house.state.dueAt).toBe('2027-05-02T01:00:00.000Z');
  await house.redeploys({ cron: '0 3 * * *', timeZone: 'America/New_York' });
  expect(house.state.dueAt).toBe('2027-05-02T07:00:00.000Z');
  house.check.passes = false;
  await house.passes('20h');
  await house.redeploys({ cron: '0 3 * * *', timeZone: 'Australia/Lord_Howe' });
  expect(house.state.dueAt, 'it is owed since then').toBe('2027-05-02T07:00:00.000Z');
  house.check.passes = true;
  await house.passes('1h');
  expect(house.ends).toEqual(['succeeded']);
  expect(house.state.dueAt).toBe('2027-05-02T16:30:00.000Z');
});

test('delays longer than any timer: an interval, a pause and a retry of 25 days', async () => {
  const house = new House();
  house.policy = { ...house.policy, failureDelay: () => ms('25d'), giveUpAtNextSlot: false };
  house.restic.ends = 'network';
  await house.plan({ every: '60d' });
  await house.passes('24d23h');
  expect(house.resticStarts).toHaveLength(1);
  house.restic.ends = 'succeeded';
  await house.passes('1h');
  expect(house.resticStarts).toHaveLength(2);
  await house.asks('pause', { pauseMs: ms('70d') });
  await house.passes('69d23h');
  expect(house.resticStarts).toHaveLength(2);
  await house.passes('1h');
  expect(house.resticStarts).toHaveLength(3);
});

test.each([-365, 365])(
  'a clock that is put by %d days in the middle of a backup: its success counts, once',
  async (days) => {
    const house = new House('2027-12-01T12:00:00Z');
    house.restic.takes = ms('1h');
    await house.plan({ every: '24h' });
    await house.passes('30m');
    house.clock.jump(days * ms('1d'));
    await house.passes('31m');
    expect(house.ends).toEqual(['succeeded']);
    expect(house.state.lastSuccessAt).toBe('2027-12-01T12:00:00.000Z');
    await house.passes('50h');
    expect(house.resticStarts.length, 'and the next ones come as ever').toBeGreaterThanOrEqual(3);
    expect(house.resticStarts.length).toBeLessThanOrEqual(4);
  },
);

test('a pause, asleep through its end, ends with the waking', async () => {
  const house = new House();
  await house.plan({ every: '24h' });
  await house.asks('pause', { pauseMs: ms('2d') });
  await house.sleeps('3d');
  expect(house.state.paused).toBeNull();
  expect(house.at('run').map(({ trigger }) => trigger)).toEqual(['schedule', 'catch-up']);
});
