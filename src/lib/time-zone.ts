import { Problem } from './problem.ts';

const DAY_MS = 86_400_000;
/** Since 1972 clocks have been changed at full quarters of an hour only. */
const OFFSET_STEP_MS = 900_000;
/** Asking the system for an offset is slow; the days around a moment are few. */
const MOST_OFFSETS = 500;

/** The time zone of this machine, IANA name. */
export function machineTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Offset of a zone from UTC in ms at an instant. */
export type ZoneOffset = (instantMs: number) => number;

/**
 * The instant at which the local clock shows `wallMs` (written as if it were UTC). In the hour that summer time skips
 * it is an hour later, in the hour that repeats the first time.
 */
export function instantOf(wallMs: number, offsetAt: ZoneOffset): number {
  const before = offsetAt(wallMs - DAY_MS);
  const after = offsetAt(wallMs + DAY_MS);
  const early = wallMs - Math.max(before, after);
  const late = wallMs - Math.min(before, after);
  if (early + offsetAt(early) === wallMs) return early;
  if (late + offsetAt(late) === wallMs) return late;
  // In the gap: read the clock as if it had not been put forward.
  return wallMs - before;
}

/** By zone: a formatter takes 35 KB and its offsets hold for every plan. There are as many as names of zones. */
const zoneOffsets = new Map<string, ZoneOffset>();

/**
 * The offsets of an IANA zone.
 * @throws Problem `invalid-time-zone`
 */
export function zoneOffset(zone: string): ZoneOffset {
  const offset = zoneOffsets.get(zone) ?? newZoneOffset(zone);
  zoneOffsets.set(zone, offset);
  return offset;
}

function newZoneOffset(zone: string): ZoneOffset {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    throw new Problem('invalid-time-zone', { timeZone: zone }, { cause });
  }
  const offsetOf = (instantMs: number): number => {
    const part: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instantMs)) part[type] = Number(value);
    const wall = Date.UTC(
      part['year'] ?? 0,
      (part['month'] ?? 1) - 1,
      part['day'],
      part['hour'],
      part['minute'],
      part['second'],
    );
    return wall - Math.floor(instantMs / 1000) * 1000;
  };
  const known = new Map<number, number>();
  return (instantMs) => {
    const step = Math.floor(instantMs / OFFSET_STEP_MS);
    let offset = known.get(step);
    if (offset === undefined) {
      offset = offsetOf(step * OFFSET_STEP_MS);
      if (known.size >= MOST_OFFSETS) known.clear();
      known.set(step, offset);
    }
    return offset;
  };
}
