import { windowsAround } from '../day-window.ts';
import { Problem } from '../problem.ts';
import { minutesOfDay } from '../time-of-day.ts';
import type { ZoneOffset } from '../time-zone.ts';
import { machineTimeZone, zoneOffset } from '../time-zone.ts';
import type { CheckSpec } from './check.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

type TimeSpec = Extract<CheckSpec, { kind: 'time' }>;

/** A window that opens on one day of the week opens again within so many days. */
const DAYS_AHEAD = 8;

/**
 * Whether a moment (ms since the epoch) lies in a window of local time. Where clocks are changed a window begins and ends
 * at the moments at which the clock shows its times: one in the hour that is skipped is an hour later, one in the hour
 * that repeats is the first.
 */
export function checkTime(spec: TimeSpec, now: number, look: Look): Verdict {
  const zone = (spec.timeZone ?? '').trim() || machineTimeZone();
  const from = minutesOfDay(spec.from);
  const to = minutesOfDay(spec.to);
  if (from === undefined || to === undefined)
    return verdict('unknown', look, 'time.invalid', { from: cut(spec.from), to: cut(spec.to) });
  let offsetAt: ZoneOffset;
  try {
    offsetAt = zoneOffset(zone);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { answer: 'unknown', reason: error.in(look.language).message };
  }
  const weekdays = spec.weekdays ?? [];
  const values = { from: spec.from, to: spec.to };
  const opens: number[] = [];
  for (const { day, begin, end } of windowsAround({ from, to }, now, offsetAt, DAYS_AHEAD)) {
    if (!beginsOn(day, weekdays)) continue;
    if (begin <= now && now < end) return verdict('yes', look, 'time.yes', values);
    if (begin > now) opens.push(begin);
  }
  const [next] = opens;
  if (next === undefined) return verdict('no', look, 'time.never', values);
  return verdict('no', look, 'time.no', { ...values, next: moment(next, zone, look) });
}

function beginsOn(day: number, weekdays: readonly number[]): boolean {
  return weekdays.length === 0 || weekdays.includes(new Date(day).getUTCDay() || 7);
}

function moment(atMs: number, timeZone: string, look: Look): string {
  const format = new Intl.DateTimeFormat(look.language, {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return format.format(atMs);
}

function cut(text: unknown): string {
  return String(text).slice(0, 20);
}
