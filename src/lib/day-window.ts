import type { ZoneOffset } from './time-zone.ts';
import { instantOf } from './time-zone.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** A part of the day by the local clock, in minutes since midnight; `to` is the next day's when it is not after `from`. */
export interface DayWindow {
  readonly from: number;
  readonly to: number;
}

/** A window on a certain day. */
export interface DayWindowInstance {
  /** The midnight before it begins, written as if local time were UTC. */
  readonly day: number;
  readonly begin: number;
  readonly end: number;
}

/**
 * The windows around a moment (ms since the epoch) as instants, from the one that began the day before on for `days`
 * days. Where clocks are changed a window begins and ends at the moments at which the clock shows its times: one in the
 * hour that is skipped is an hour later, one in the hour that repeats is the first.
 */
export function windowsAround(
  { from, to }: DayWindow,
  now: number,
  offsetAt: ZoneOffset,
  days = 0,
): DayWindowInstance[] {
  const today = Math.floor((now + offsetAt(now)) / DAY_MS) * DAY_MS;
  return Array.from({ length: days + 2 }, (_, number) => {
    const day = today + (number - 1) * DAY_MS;
    const lastDay = to > from ? day : day + DAY_MS;
    return {
      day,
      begin: instantOf(day + from * MINUTE_MS, offsetAt),
      end: instantOf(lastDay + to * MINUTE_MS, offsetAt),
    };
  });
}

/** Whether a moment (ms since the epoch) lies in the window. */
export function isWithin(window: DayWindow, now: number, offsetAt: ZoneOffset): boolean {
  return windowsAround(window, now, offsetAt).some(({ begin, end }) => begin <= now && now < end);
}
