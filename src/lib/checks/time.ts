import { Problem } from '../problem.ts';
import type { ZoneOffset } from '../time-zone.ts';
import { instantOf, machineTimeZone, zoneOffset } from '../time-zone.ts';
import type { CheckSpec } from './check.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

type TimeSpec = Extract<CheckSpec, { kind: 'time' }>;

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * Whether a moment (ms since the epoch) lies in a window of local time. Where clocks are changed a window begins and ends
 * at the moments at which the clock shows its times: one in the hour that is skipped is an hour later, one in the hour
 * that repeats is the first.
 */
export function checkTime(spec: TimeSpec, now: number, look: Look): Verdict {
  const zone = (spec.timeZone ?? '').trim() || machineTimeZone();
  const from = minutesOf(spec.from);
  const to = minutesOf(spec.to);
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
  const today = Math.floor((now + offsetAt(now)) / DAY_MS) * DAY_MS;
  const opens: number[] = [];
  for (let day = today - DAY_MS; day <= today + 8 * DAY_MS; day += DAY_MS) {
    if (!beginsOn(day, weekdays)) continue;
    const { begin, end } = windowOf(day, from, to, offsetAt);
    if (begin <= now && now < end) return verdict('yes', look, 'time.yes', values);
    if (begin > now) opens.push(begin);
  }
  const [next] = opens;
  if (next === undefined) return verdict('no', look, 'time.never', values);
  return verdict('no', look, 'time.no', { ...values, next: moment(next, zone, look) });
}

/** The window that begins on a day (midnight, written as if it were UTC), as instants. */
function windowOf(
  day: number,
  from: number,
  to: number,
  offsetAt: ZoneOffset,
): { readonly begin: number; readonly end: number } {
  const lastDay = to > from ? day : day + DAY_MS;
  return {
    begin: instantOf(day + from * MINUTE_MS, offsetAt),
    end: instantOf(lastDay + to * MINUTE_MS, offsetAt),
  };
}

function beginsOn(day: number, weekdays: readonly number[]): boolean {
  return weekdays.length === 0 || weekdays.includes(new Date(day).getUTCDay() || 7);
}

/** Minutes since midnight; `24:00` is the end of the day. */
function minutesOf(text: unknown): number | undefined {
  const [, hours, minutes] = /^\s*(\d{1,2}):(\d\d)\s*$/.exec(String(text)) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && total <= 24 * 60 ? total : undefined;
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
