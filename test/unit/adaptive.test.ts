import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { habitAt } from '../../src/lib/adaptive/habit.ts';
import { learn } from '../../src/lib/adaptive/learn.ts';
import { type Model, newModel } from '../../src/lib/adaptive/model.ts';
import type { AdaptivePolicy } from '../../src/lib/adaptive/next-attempt.ts';
import { nextAttempt, spend } from '../../src/lib/adaptive/next-attempt.ts';
import { readModel, storedModel } from '../../src/lib/adaptive/stored.ts';
import { zoneOffset } from '../../src/lib/time-zone.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The night before summer time begins in Berlin. */
const BEGIN = Date.parse('2029-03-24T22:00:00Z');
const offsetAt = zoneOffset('Europe/Berlin');

interface Look {
  /** Of the clock since the look before, ms; may be negative. */
  readonly later: number;
  readonly there: boolean;
}

/** Looks at a clock that mostly goes on, and sometimes jumps either way. */
const anyLooks = fc.array(
  fc.record({
    later: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 6 * HOUR }) },
      { weight: 1, arbitrary: fc.integer({ min: -400 * DAY, max: 400 * DAY }) },
    ),
    there: fc.boolean(),
  }),
  { maxLength: 120 },
);
const anyPolicy = fc.record({
  perDay: fc.integer({ min: 1, max: 200 }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
  floorMs: fc.integer({ min: MINUTE, max: DAY }),
});

function lived(looks: readonly Look[], model: Model = newModel()): { model: Model; now: number } {
  let now = BEGIN;
  for (const { later, there } of looks) {
    now += later;
    learn(model, now, there, offsetAt);
    if (!there) spend(model, now);
  }
  return { model, now };
}

/** Lives weeks with a device that is there in the hours told, looked for every half an hour. */
function habitual(isThere: (weekday: number, hour: number) => boolean, weeks: number): Model {
  const model = newModel();
  // A Monday in winter, 00:00 in Berlin.
  const monday = Date.parse('2029-01-07T23:00:00Z');
  for (let at = monday; at < monday + weeks * 7 * DAY; at += HOUR / 2) {
    const hours = Math.floor((at - monday) / HOUR);
    learn(model, at, isThere(Math.floor(hours / 24) % 7, hours % 24), () => HOUR);
  }
  return model;
}

const HOURLY: AdaptivePolicy = { perDay: 24, factor: 4, floorMs: HOUR };

describe('whatever happened before, and whatever the clock did', () => {
  test('the next attempt comes, and keeps both guarantees', () => {
    fc.assert(
      fc.property(
        anyLooks,
        anyPolicy,
        fc.integer({ min: -DAY, max: 30 * DAY }),
        fc.integer({ min: 1000, max: DAY }),
        (looks, policy, age, ordinaryMs) => {
          const { model, now } = lived(looks);
          const { at } = nextAttempt(model, policy, { now, since: now - age, ordinaryMs }, offsetAt);
          expect(at).toBeGreaterThan(now);
          expect(at - now).toBeLessThanOrEqual(Math.max(1, policy.factor * ordinaryMs));
          expect(at - now).toBeLessThanOrEqual(policy.floorMs);
          // Every attempt that a plain interval would make is made.
          const grid = age < 0 ? policy.floorMs : policy.floorMs - (age % policy.floorMs);
          expect(at - now).toBeLessThanOrEqual(grid);
        },
      ),
    );
  });

  test('what is kept stays below 8 KiB and makes the same model again', () => {
    fc.assert(
      fc.property(anyLooks, (looks) => {
        const { model, now } = lived(looks);
        const text = JSON.stringify(storedModel(model));
        expect(text.length).toBeLessThanOrEqual(8192);
        const again = readModel(JSON.parse(text));
        expect(again).toEqual(model);
        const wait = { now, since: now, ordinaryMs: DAY };
        const policy = { ...HOURLY, floorMs: DAY };
        expect(nextAttempt(again ?? newModel(), policy, wait, offsetAt)).toEqual(
          nextAttempt(model, policy, wait, offsetAt),
        );
      }),
    );
  });

  test('the same history makes the same model', () => {
    fc.assert(
      fc.property(anyLooks, (looks) => {
        expect(storedModel(lived(looks).model)).toEqual(storedModel(lived(looks).model));
      }),
    );
  });
});

test('prediction alone makes at most four times the attempts of a day within a day', () => {
  fc.assert(
    fc.property(anyLooks, fc.integer({ min: 4, max: 60 }), (looks, perDay) => {
      const lifted = lived(looks);
      const { model } = lifted;
      let { now } = lifted;
      const since = now;
      let made = 0;
      while (now < since + DAY) {
        learn(model, now, false, offsetAt);
        spend(model, now);
        made += 1;
        const policy = { perDay, factor: 1, floorMs: 7 * DAY };
        now = nextAttempt(model, policy, { now, since, ordinaryMs: 7 * DAY }, offsetAt).at;
      }
      expect(made).toBeLessThanOrEqual(4 * perDay + 1);
    }),
    { numRuns: 30 },
  );
});

test('a model that knows nothing looks again soon, then at ever wider intervals', () => {
  const model = newModel();
  let now = BEGIN;
  const gaps: number[] = [];
  for (let n = 0; n < 10; n += 1) {
    learn(model, now, false, offsetAt);
    const { at } = nextAttempt(
      model,
      { perDay: 24, factor: 1, floorMs: DAY },
      { now, since: BEGIN, ordinaryMs: DAY },
      offsetAt,
    );
    gaps.push((at - now) / MINUTE);
    now = at;
  }
  expect(gaps[0]).toBeLessThan(60);
  expect(Math.min(...gaps.slice(5))).toBeGreaterThan(gaps[0] ?? 0);
  for (const gap of gaps) {
    expect(gap).toBeGreaterThan(10);
    expect(gap).toBeLessThan(180);
  }
});

test('looks gather where the device comes back, and elsewhere when the habit has changed', () => {
  const between = (model: Model, weekday: number, from: number, to: number): number => {
    const monday = Date.parse('2029-07-15T23:00:00Z');
    const begin = monday + weekday * DAY + from * HOUR;
    let looks = 0;
    for (let now = begin; now < begin + (to - from) * HOUR; looks += 1) {
      const wait = { now, since: begin - DAY, ordinaryMs: DAY };
      now = nextAttempt(model, { perDay: 24, factor: 1, floorMs: DAY }, wait, () => HOUR).at;
    }
    return looks / (to - from);
  };
  const saturdays = habitual((weekday, hour) => weekday === 5 && hour >= 9 && hour < 11, 10);
  expect(between(saturdays, 5, 8.5, 9.5)).toBeGreaterThan(3 * between(saturdays, 2, 6, 18));
  const monday = Date.parse('2029-03-18T23:00:00Z');
  for (let at = monday; at < monday + 16 * 7 * DAY; at += HOUR / 2) {
    const hours = Math.floor((at - monday) / HOUR);
    const isSunday = Math.floor(hours / 24) % 7 === 6;
    learn(saturdays, at, isSunday && hours % 24 >= 19 && hours % 24 < 21, () => HOUR);
  }
  expect(between(saturdays, 6, 18.5, 19.5)).toBeGreaterThan(2 * between(saturdays, 2, 6, 18));
});

test('the words about a habit count the very weeks in which it was looked for and seen', () => {
  const absentIn = new Set([3]);
  let week = -1;
  const model = habitual((weekday, hour) => {
    if (weekday === 0 && hour === 0) week += 0.5;
    return weekday === 5 && hour >= 9 && hour < 11 && !absentIn.has(Math.floor(week));
  }, 7);
  const nextSaturday = Date.parse('2029-01-07T23:00:00Z') + 7 * 7 * DAY + 5 * DAY + 9 * HOUR;
  expect(habitAt(model.sightings, nextSaturday, () => HOUR)).toEqual({
    fromHour: 9,
    toHour: 11,
    looked: 7,
    seen: 6,
  });
  expect(habitAt(model.sightings, nextSaturday + DAY, () => HOUR)).toBeUndefined();
});

test('no hour of the week is passed over, also not by rounding', () => {
  const model = habitual((_weekday, hour) => hour >= 18, 3);
  expect([...model.sightings.looked].every((weeks) => weeks === 0b111)).toBe(true);
});

test('garbage in the journal is no model', () => {
  for (const value of [undefined, null, 3, {}, { version: 1, sums: {}, numbers: {} }, { version: 2 }]) {
    expect(readModel(value)).toBeUndefined();
  }
});
