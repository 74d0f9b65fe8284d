import type { ZoneOffset } from '../time-zone.ts';
import { type Sightings, WEEKS_KEPT } from './sightings.ts';
import { weekMoment } from './week.ts';

/** From a habit on, it is worth saying: on so many of the days, and on so large a share of them. */
const FEWEST_DAYS = 3;
const LEAST_SHARE = 0.5;

/** What was seen on one day of the week, between two full hours. */
export interface Habit {
  /** Of the day, 0 to 23. */
  readonly fromHour: number;
  /** 1 to 24. */
  readonly toHour: number;
  /** Weeks in which somebody looked within these hours. */
  readonly looked: number;
  /** Those of them in which it was there. */
  readonly seen: number;
}

/**
 * What is known of the hours around a moment (ms since the epoch) from the weeks before; undefined without a habit. The
 * week of the moment itself is not counted: it is not over.
 */
export function habitAt(sightings: Sightings, at: number, offsetAt: ZoneOffset): Habit | undefined {
  const { week, slot } = weekMoment(at, offsetAt);
  const hour = Math.floor(slot / 2);
  const day = hour - (hour % 24);
  const behind = week - sightings.week;
  if (behind < 0 || behind > WEEKS_KEPT) return undefined;
  const past = behind === 0 ? 0xfe : 0xff;
  const count = (bits: Uint8Array, from: number, to: number): number => {
    const weeks = bits.subarray(from, to).reduce((sum, one) => sum | one, 0) & past;
    return weeks.toString(2).replaceAll('0', '').length;
  };
  const isHabit = (from: number, to: number): boolean => {
    const looked = count(sightings.looked, from, to);
    return looked >= FEWEST_DAYS && count(sightings.seen, from, to) / looked >= LEAST_SHARE;
  };
  if (!isHabit(hour, hour + 1)) return undefined;
  let from = hour;
  let to = hour + 1;
  while (from > day && isHabit(from - 1, from)) from -= 1;
  while (to < day + 24 && isHabit(to, to + 1)) to += 1;
  return {
    fromHour: from - day,
    toHour: to - day,
    looked: count(sightings.looked, from, to),
    seen: count(sightings.seen, from, to),
  };
}
