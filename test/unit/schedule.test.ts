import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCron } from '../../src/lib/plan/cron.ts';
import type { Schedule } from '../../src/lib/plan/schedule.ts';
import { dueAfterSuccess, firstDue, jitterOf, nextSlot, scheduleText } from '../../src/lib/plan/schedule.ts';

const HOUR = 3_600_000;
const NOON = Date.parse('2026-11-23T12:00:00Z');
const daily: Schedule = { kind: 'interval', everyMs: 24 * HOUR };
const atThree: Schedule = { kind: 'cron', cron: parseCron('0 3 * * *', 'UTC') };
const byEvent: Schedule = { kind: 'event' };

test('the first debt: cron at its slot, an interval now, an event never by itself', () => {
  expect(firstDue(atThree, NOON)).toBe(NOON + 15 * HOUR);
  expect(firstDue(daily, NOON)).toBe(NOON);
  expect(firstDue(byEvent, NOON)).toBeNull();
});

test('the slots of an interval are counted from the debt, before it and after it', () => {
  expect(nextSlot(daily, NOON, NOON)).toBe(NOON + 24 * HOUR);
  expect(nextSlot(daily, NOON, NOON + 100 * HOUR)).toBe(NOON + 120 * HOUR);
  expect(nextSlot(daily, NOON, NOON - HOUR)).toBe(NOON);
  // A debt of a clock that was a year ahead.
  expect(nextSlot(daily, NOON + 365 * 24 * HOUR + HOUR, NOON)).toBe(NOON + HOUR);
  expect(nextSlot(daily, null, NOON)).toBe(NOON + 24 * HOUR);
  expect(nextSlot(byEvent, NOON, NOON)).toBeNull();
});

test('a snapshot is no later than the end of its run, whatever the clock said', () => {
  const facts = { snapshotAt: NOON + 9000 * HOUR, endedAt: NOON, minimumGapMs: 0 };
  expect(dueAfterSuccess(daily, facts)).toBe(NOON + 24 * HOUR);
  expect(dueAfterSuccess(byEvent, facts)).toBeNull();
});

test('what is due next lies after the run, at least the gap away, and no further than interval and gap', () => {
  const minutes = (most: number): fc.Arbitrary<number> =>
    fc.integer({ min: 0, max: most }).map((n) => n * 60_000);
  fc.assert(
    fc.property(minutes(3000), minutes(3000), fc.integer({ min: 1, max: 10_000 }), (took, gap, every) => {
      const schedule: Schedule = { kind: 'interval', everyMs: every * 60_000 };
      const due =
        dueAfterSuccess(schedule, { snapshotAt: NOON, endedAt: NOON + took, minimumGapMs: gap }) ?? 0;
      expect(due).toBeGreaterThanOrEqual(NOON + took + gap);
      expect(due).toBeLessThanOrEqual(NOON + Math.max(every * 60_000, took + gap));
      const next = nextSlot(schedule, due, NOON + took) ?? 0;
      expect(next).toBeGreaterThan(NOON + took);
      expect(next - NOON - took).toBeLessThanOrEqual(every * 60_000);
    }),
  );
});

test('jitter is a plan’s own constant share, and houses of plans spread out', () => {
  const shares = Array.from({ length: 200 }, (_, index) => jitterOf(`plan-${index}`, HOUR));
  expect(shares).toEqual(Array.from({ length: 200 }, (_, index) => jitterOf(`plan-${index}`, HOUR)));
  expect(Math.min(...shares)).toBeLessThan(0.05 * HOUR);
  expect(Math.max(...shares)).toBeGreaterThan(0.95 * HOUR);
  expect(Math.max(...shares)).toBeLessThanOrEqual(HOUR);
  expect(jitterOf('photos', 0)).toBe(0);
});

test('an edit of a schedule can be seen', () => {
  expect(scheduleText(atThree)).toBe('cron 0 3 * * * UTC');
  expect(scheduleText({ kind: 'cron', cron: parseCron('0 3 * * *', 'Europe/Berlin') })).not.toBe(
    scheduleText(atThree),
  );
  expect(new Set([atThree, daily, byEvent].map(scheduleText)).size).toBe(3);
});
