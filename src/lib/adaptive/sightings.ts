import type { WeekMoment } from './week.ts';

/** Hours of a week. */
export const WEEK_HOURS = 168;
/** So many weeks back it is known hour by hour whether it was seen. */
export const WEEKS_KEPT = 8;

/** For each hour of the local week one bit for each of the last weeks, the latest lowest. */
export interface Sightings {
  /** Somebody looked. */
  readonly looked: Uint8Array;
  /** It was there. */
  readonly seen: Uint8Array;
  /** The latest week; -1: none yet. */
  week: number;
}

export function newSightings(): Sightings {
  return { looked: new Uint8Array(WEEK_HOURS), seen: new Uint8Array(WEEK_HOURS), week: -1 };
}

/** Takes down one look. A clock that was put back by weeks takes the weeks after it away. */
export function sight(sightings: Sightings, { week, slot }: WeekMoment, there: boolean): void {
  const { looked, seen } = sightings;
  const weeks = sightings.week === -1 ? 0 : week - sightings.week;
  if (weeks !== 0) {
    for (const bits of [looked, seen]) {
      for (let hour = 0; hour < WEEK_HOURS; hour += 1) bits[hour] = shifted(bits[hour] ?? 0, weeks);
    }
  }
  sightings.week = week;
  const hour = Math.floor(slot / 2);
  looked[hour] = (looked[hour] ?? 0) | 1;
  if (there) seen[hour] = (seen[hour] ?? 0) | 1;
}

function shifted(bits: number, weeks: number): number {
  if (Math.abs(weeks) >= WEEKS_KEPT) return 0;
  return weeks > 0 ? (bits << weeks) & 0xff : bits >> -weeks;
}
