import type { ZoneOffset } from '../time-zone.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const SLOT_MS = HOUR_MS / 2;
/** Half-hours of a week. */
export const SLOTS = 336;
/** Monday, 5 January 1970. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** What the local clock shows at a moment, from Monday 00:00. */
export interface WeekMoment {
  /** Weeks since the first Monday of 1970. */
  readonly week: number;
  /** 0 to 335, in half-hours and parts of them. */
  readonly slot: number;
}

/** Where in the local week a moment (ms since the epoch) lies. */
export function weekMoment(at: number, offsetAt: ZoneOffset): WeekMoment {
  const local = at + offsetAt(at) - FIRST_MONDAY_MS;
  const week = Math.floor(local / WEEK_MS);
  const slot = (local - week * WEEK_MS) / SLOT_MS;
  return { week, slot };
}

/** The next moment at which the local half-hour may change: offsets are whole quarters of an hour. */
export function slotEnd(at: number): number {
  return (Math.floor(at / (SLOT_MS / 2)) + 1) * (SLOT_MS / 2);
}
