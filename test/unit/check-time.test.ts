import { describe, expect, test } from 'vitest';
import type { CheckSpec } from '../../src/lib/checks/check.ts';
import { checkTime } from '../../src/lib/checks/time.ts';
import type { Verdict } from '../../src/lib/checks/verdict.ts';

const LOOK = { language: 'en-US', timeoutMs: 1000 } as const;

function at(
  local: string,
  from: string,
  to: string,
  more: Partial<Extract<CheckSpec, { kind: 'time' }>> = {},
): Verdict {
  return checkTime({ kind: 'time', from, to, timeZone: 'Europe/Berlin', ...more }, Date.parse(local), LOOK);
}

describe('a window of local time', () => {
  test.each([
    ['2026-03-04T01:59:59+01:00', '02:00', '05:00', 'no'],
    ['2026-03-04T02:00:00+01:00', '02:00', '05:00', 'yes'],
    ['2026-03-04T04:59:59+01:00', '02:00', '05:00', 'yes'],
    ['2026-03-04T05:00:00+01:00', '02:00', '05:00', 'no'],
    ['2026-03-04T23:30:00+01:00', '22:00', '06:00', 'yes'],
    ['2026-03-04T05:59:00+01:00', '22:00', '06:00', 'yes'],
    ['2026-03-04T12:00:00+01:00', '22:00', '06:00', 'no'],
    ['2026-03-04T12:00:00+01:00', '00:00', '24:00', 'yes'],
    ['2026-03-04T12:00:00+01:00', '8:00', '8:00', 'yes'],
    ['2026-03-04T07:00:00+01:00', ' 8:00', '8:00 ', 'yes'],
  ])('%s in %s to %s: %s', (now, from, to, answer) => {
    expect(at(now, from, to).answer).toBe(answer);
  });

  test('belongs to the day on which it begins', () => {
    // The 7th of March 2026 is a Saturday.
    const weekend = { weekdays: [6, 7] };
    expect(at('2026-03-08T05:00:00+01:00', '22:00', '06:00', { weekdays: [6] }).answer).toBe('yes');
    expect(at('2026-03-08T05:00:00+01:00', '22:00', '06:00', { weekdays: [7] }).answer).toBe('no');
    expect(at('2026-03-07T05:00:00+01:00', '22:00', '06:00', weekend).answer).toBe('no');
    expect(at('2026-03-09T05:00:00+01:00', '22:00', '06:00', weekend).answer).toBe('yes');
    expect(at('2026-03-09T05:00:00+01:00', '22:00', '06:00', { weekdays: [] }).answer).toBe('yes');
  });

  test('says when it opens next', () => {
    expect(at('2026-03-04T12:00:00+01:00', '22:00', '06:00').reason).toBe(
      'It is not between 22:00 and 06:00. Next at Wed 22:00.',
    );
    expect(at('2026-03-04T23:00:00+01:00', '10:00', '12:00', { weekdays: [3] }).reason).toContain(
      'Wed 10:00',
    );
    expect(at('2026-03-04T12:00:00+01:00', '10:00', '12:00', { weekdays: [1] }).reason).toContain(
      'Mon 10:00',
    );
    expect(at('2026-03-04T12:00:00+01:00', '10:00', '12:00', { weekdays: [9] }).reason).toContain('on none');
  });

  test('is that of its time zone', () => {
    const now = '2026-03-04T20:00:00Z';
    expect(at(now, '04:00', '06:00', { timeZone: 'Asia/Shanghai' }).answer).toBe('yes');
    expect(at(now, '04:00', '06:00', { timeZone: 'America/New_York' }).answer).toBe('no');
    expect(at(now, '04:00', '06:00', { timeZone: 'Moon/Sea' })).toMatchObject({
      answer: 'unknown',
      reason: expect.stringContaining('Moon/Sea'),
    });
  });

  test.each(['25:00', '24:01', '12:60', 'noon', '', '1200'])('%j is no time', (from) => {
    expect(at('2026-03-04T12:00:00+01:00', from, '13:00').answer).toBe('unknown');
  });
});

describe('when clocks are changed', () => {
  // Berlin, 29 March 2026: 02:00 is followed by 03:00.
  test.each([
    ['2026-03-29T01:59:00+01:00', 'no'],
    ['2026-03-29T03:10:00+02:00', 'no'],
    ['2026-03-29T03:15:00+02:00', 'yes'],
    ['2026-03-29T03:44:00+02:00', 'yes'],
    ['2026-03-29T03:45:00+02:00', 'no'],
  ])('a window in the hour that is skipped comes an hour later: %s %s', (now, answer) => {
    expect(at(now, '02:15', '02:45').answer).toBe(answer);
  });

  test('a window around the hour that is skipped is open all the time', () => {
    expect(at('2026-03-29T01:59:59+01:00', '01:00', '04:00').answer).toBe('yes');
    expect(at('2026-03-29T03:00:00+02:00', '01:00', '04:00').answer).toBe('yes');
    expect(at('2026-03-29T04:00:00+02:00', '01:00', '04:00').answer).toBe('no');
  });

  // Berlin, 25 October 2026: 03:00 is followed by 02:00.
  test.each([
    ['2026-10-25T02:14:00+02:00', 'no'],
    ['2026-10-25T02:15:00+02:00', 'yes'],
    ['2026-10-25T02:44:00+02:00', 'yes'],
    ['2026-10-25T02:45:00+02:00', 'no'],
    ['2026-10-25T02:30:00+01:00', 'no'],
  ])('a window in the hour that repeats comes once, the first time: %s %s', (now, answer) => {
    expect(at(now, '02:15', '02:45').answer).toBe(answer);
  });

  test('a window around the hour that repeats is open both times', () => {
    for (const now of ['2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00', '2026-10-25T03:59:00+01:00'])
      expect(at(now, '22:00', '04:00').answer).toBe('yes');
    expect(at('2026-10-25T04:00:00+01:00', '22:00', '04:00').answer).toBe('no');
  });

  test('the next opening after the change is at the clock that people then see', () => {
    expect(at('2026-03-29T01:30:00+01:00', '03:00', '04:00').reason).toContain('Sun 03:00');
    expect(at('2026-10-25T00:30:00+02:00', '03:00', '04:00').reason).toContain('Sun 03:00');
  });
});
