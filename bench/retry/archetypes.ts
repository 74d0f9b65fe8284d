import { DAY_MS, HOUR_MS, type Presence, presence } from './presence.ts';

/** A Monday. */
const BEGIN = Date.UTC(2029, 0, 1);
const END = BEGIN + 364 * DAY_MS;

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Days = (day: number, weekday: number) => readonly (readonly [number, number])[];

/** Windows by hours of each day; weekday 0 is Monday. */
function byDay(days: Days, end: number = END): Presence {
  const windows: [number, number][] = [];
  for (let day = 0; day < 364; day += 1) {
    for (const [from, to] of days(day, day % 7)) {
      windows.push([BEGIN + day * DAY_MS + from * HOUR_MS, BEGIN + day * DAY_MS + to * HOUR_MS]);
    }
  }
  return presence(
    windows.filter(([from]) => from < end),
    BEGIN,
    END,
  );
}

/** There and away for exponentially distributed times, hours. */
function flickering(next: () => number, meanOn: number, meanOff: number): Presence {
  const windows: [number, number][] = [];
  for (let at = BEGIN; at < END; ) {
    const from = at - meanOff * HOUR_MS * Math.log(1 - next());
    at = from - meanOn * HOUR_MS * Math.log(1 - next());
    windows.push([from, at]);
  }
  return presence(windows, BEGIN, END);
}

/** Habits of made-up homes, by seed: a year each. */
export const ARCHETYPES: Readonly<Record<string, (seed: number) => Presence>> = {
  'USB drive, Saturdays 9 to 11'(seed) {
    const next = random(seed);
    return byDay((_, weekday) => {
      const from = 9 + (next() - 0.5);
      return weekday === 5 && next() > 0.1 ? [[from, from + 1.5 + next()]] : [];
    });
  },
  'laptop in the evening'(seed) {
    const next = random(seed);
    return byDay((_, weekday) => {
      const from = (weekday < 5 ? 18.5 : 13) + (next() + next() - 1) * (weekday < 5 ? 1.5 : 5);
      return next() > 0.3 ? [[from, from + 1 + 3 * next()]] : [];
    });
  },
  'NAS from 18 to 23'(seed) {
    const next = random(seed);
    return byDay(() => [[18 + 0.1 * next(), 23 + 0.1 * next()]]);
  },
  'at random, 30 %'(seed) {
    return flickering(random(seed), 1.5, 3.5);
  },
  'shift worker'(seed) {
    const next = random(seed);
    return byDay((day) => {
      const from = [7, 15, 23][Math.floor(day / 7) % 3] ?? 7;
      return next() > 0.25 ? [[from + next(), from + 5 + 2 * next()]] : [];
    });
  },
  'flaky network'(seed) {
    return flickering(random(seed), 6, 0.75);
  },
  'gone after 60 days'(seed) {
    const next = random(seed);
    return byDay((day) => (day < 60 || day > 200 ? [[18 + 0.2 * next(), 23]] : []));
  },
  'Saturdays, later Sundays'(seed) {
    const next = random(seed);
    return byDay((day, weekday) => {
      const from = (day < 182 ? 9 : 19) + (next() - 0.5);
      return weekday === (day < 182 ? 5 : 6) && next() > 0.05 ? [[from, from + 3 + next()]] : [];
    });
  },
  'NAS evenings, later mornings'(seed) {
    const next = random(seed);
    return byDay((day) => (day < 182 ? [[18 + next() / 2, 23]] : [[7 + next() / 2, 12]]));
  },
  'laptop with holidays'(seed) {
    const next = random(seed);
    const away = 60 + Math.floor(next() * 40);
    return byDay((day, weekday) => {
      const isAway = [away, away + 150].some((from) => day >= from && day < from + 14);
      const from = (weekday < 5 ? 19 : 11) + (next() - 0.5) * 2;
      return isAway || next() < 0.2 ? [] : [[from, from + 3]];
    });
  },
  'USB drive once a month'(seed) {
    const next = random(seed);
    return byDay((day) => {
      const from = 17 + 3 * next();
      return day % 28 === 5 ? [[from, from + 6 + 6 * next()]] : [];
    });
  },
};
