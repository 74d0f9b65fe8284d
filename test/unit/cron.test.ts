import { describe, expect, test } from 'vitest';
import { iso } from '../../src/lib/clock.ts';
import { parseCron } from '../../src/lib/plan/cron.ts';

/** The next slots after a moment, in UTC to the minute. */
function slots(expression: string, zone: string, after: string, count: number): string[] {
  const cron = parseCron(expression, zone);
  const found: string[] = [];
  let at = Date.parse(after);
  while (found.length < count) {
    const next = cron.next(at);
    if (next === undefined) break;
    found.push(iso(next).slice(0, 16));
    at = next;
  }
  return found;
}

describe('when the clocks go forward', () => {
  test.each([
    // 02:00 -> 03:00 on 29 March 2026.
    [
      'Europe/Berlin',
      '30 2 * * *',
      '2026-03-27T12:00Z',
      ['2026-03-28T01:30', '2026-03-29T01:30', '2026-03-30T00:30'],
    ],
    // 02:00 -> 03:00 on 8 March 2026.
    [
      'America/New_York',
      '30 2 * * *',
      '2026-03-06T12:00Z',
      ['2026-03-07T07:30', '2026-03-08T07:30', '2026-03-09T06:30'],
    ],
    // 02:00 -> 02:30 on 4 October 2026: half an hour.
    [
      'Australia/Lord_Howe',
      '15 2 * * *',
      '2026-10-02T12:00Z',
      ['2026-10-02T15:45', '2026-10-03T15:45', '2026-10-04T15:15'],
    ],
    // No clock changes at all.
    [
      'Asia/Kolkata',
      '30 2 * * *',
      '2026-03-27T12:00Z',
      ['2026-03-27T21:00', '2026-03-28T21:00', '2026-03-29T21:00'],
    ],
    // Samoa left out 30 December 2011; what would have been then is the day after.
    [
      'Pacific/Apia',
      '0 12 * * *',
      '2011-12-29T00:00Z',
      ['2011-12-29T22:00', '2011-12-30T22:00', '2011-12-31T22:00'],
    ],
    // Midnight itself is left out (Beirut, 29 March 2026).
    [
      'Asia/Beirut',
      '0 0 * * *',
      '2026-03-27T12:00Z',
      ['2026-03-27T22:00', '2026-03-28T22:00', '2026-03-29T21:00'],
    ],
  ])('%s %s: no day is left out', (zone, expression, after, expected) => {
    expect(slots(expression, zone, after, 3)).toEqual(expected);
  });
});

describe('when the clocks go back', () => {
  test.each([
    // 03:00 -> 02:00 on 25 October 2026: 02:30 comes twice and counts the first time.
    [
      'Europe/Berlin',
      '30 2 * * *',
      '2026-10-23T12:00Z',
      ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30'],
    ],
    [
      'America/New_York',
      '30 1 * * *',
      '2026-10-30T12:00Z',
      ['2026-10-31T05:30', '2026-11-01T05:30', '2026-11-02T06:30'],
    ],
    // 02:00 -> 01:30 on 5 April 2026.
    [
      'Australia/Lord_Howe',
      '45 1 * * *',
      '2026-04-03T06:00Z',
      ['2026-04-03T14:45', '2026-04-04T14:45', '2026-04-05T15:15'],
    ],
  ])('%s %s: no day has two', (zone, expression, after, expected) => {
    expect(slots(expression, zone, after, 3)).toEqual(expected);
  });
});

test('slots are in order and differ, whatever the zone and the season', () => {
  for (const zone of [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kolkata',
    'Africa/Casablanca',
  ]) {
    for (const from of [
      '2026-03-07T20:00Z',
      '2026-03-28T20:00Z',
      '2026-04-04T10:00Z',
      '2026-10-24T20:00Z',
      '2026-10-03T10:00Z',
      '2026-10-31T20:00Z',
    ]) {
      const found = slots('*/20 * * * *', zone, from, 60);
      expect(found).toEqual([...new Set(found)].toSorted());
      expect(Date.parse(`${found.at(-1)}Z`) - Date.parse(from)).toBeLessThanOrEqual(22 * 3_600_000);
    }
  }
});

test('the next slot is after the moment, not at it', () => {
  const cron = parseCron('0 3 * * *', 'UTC');
  const slot = Date.parse('2026-11-24T03:00:00Z');
  expect(cron.next(slot - 1)).toBe(slot);
  expect(cron.next(slot)).toBe(slot + 86_400_000);
});

test('six fields have seconds', () => {
  expect(parseCron('15 0 3 * * *', 'UTC').next(Date.parse('2026-11-23T12:00:00Z'))).toBe(
    Date.parse('2026-11-24T03:00:15Z'),
  );
});

test.each([
  ['the last day of a month', '0 0 L * *', ['2026-11-30T00:00', '2026-12-31T00:00']],
  ['the second Tuesday', '0 0 * * 2#2', ['2026-12-08T00:00', '2027-01-12T00:00']],
  ['names', '0 0 * jan mon', ['2027-01-04T00:00', '2027-01-11T00:00']],
  ['a leap day', '0 0 29 2 *', ['2028-02-29T00:00', '2032-02-29T00:00']],
  ['a leap day on a Monday', '0 0 29 2 1', ['2044-02-29T00:00']],
])('%s is found', (_what, expression, expected) => {
  expect(slots(expression, 'UTC', '2026-11-23T12:00Z', expected.length)).toEqual(expected);
});

test.each([
  ['0 3 * *', 'UTC', 'invalid-cron'],
  ['61 3 * * *', 'UTC', 'invalid-cron'],
  ['0 0 31 2 *', 'UTC', 'invalid-cron'],
  ['', 'UTC', 'invalid-cron'],
  ['0 3 * * *', 'Mars/Olympus', 'invalid-time-zone'],
])('%j in %s is refused', (expression, zone, code) => {
  expect(() => parseCron(expression, zone)).toThrowError(expect.objectContaining({ code }));
});
