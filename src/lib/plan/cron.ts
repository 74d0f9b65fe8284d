import { createRequire } from 'node:module';
import type { NodeCron } from 'node-cron';
import { Problem } from '../problem.ts';

const DAY_MS = 86_400_000;
/** No cron date is rarer than a 29 February on a given weekday around a century that skips its leap day. */
const LONGEST_SEARCH_DAYS = 366 * 41;
/** Since 1972 clocks have been changed at full quarters of an hour only. */
const OFFSET_STEP_MS = 900_000;
/** Asking the system for an offset is slow; the days around a slot are few. */
const MOST_OFFSETS = 500;
/** Clocks are put forward by at most a day (Samoa, 2011); a slot that fell into the gap starts after it. */
const LONGEST_GAP_MS = DAY_MS;

/** node-cron, loaded with the first cron expression: Node-RED's start has no use for it. */
function nodeCron(): NodeCron {
  const { nodeCron: loaded }: typeof import('node-cron') = createRequire(import.meta.url)('node-cron');
  return loaded;
}

/** A cron expression in a time zone. */
export interface CronSchedule {
  readonly expression: string;
  /** IANA name. */
  readonly timeZone: string;
  /** First slot strictly after `afterMs` (ms since the epoch); undefined when there is none (31 February). */
  next(afterMs: number): number | undefined;
}

/** The time zone of this machine, IANA name. */
export function machineTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * Reads a cron expression (5 fields, or 6 with seconds, as node-cron understands them) for an IANA time zone
 * (empty: the machine's). Slots are moments of the local clock: one that falls into the hour that summer time
 * skips starts an hour later, one in the hour that repeats starts the first time.
 * @throws Problem `invalid-cron` or `invalid-time-zone`
 */
export function parseCron(expression: string, timeZone = ''): CronSchedule {
  const zone = timeZone === '' ? machineTimeZone() : timeZone;
  const offsetAt = zoneOffset(zone);
  const checked = nodeCron().validateDetailed(expression.trim());
  if (!checked.valid || checked.fields === undefined) {
    throw new Problem('invalid-cron', { expression, detail: checked.errors[0]?.message ?? '' });
  }
  const { hour, minute, second } = checked.fields;
  const times = hour
    .flatMap((h) => minute.flatMap((m) => second.map((s) => ((h * 60 + m) * 60 + s) * 1000)))
    .toSorted((a, b) => a - b);
  const firstTime = times[0] ?? 0;
  // Matching days as if the local clock were UTC keeps node-cron's reading of L and # and ours of summer time.
  const task = nodeCron().createTask(expression.trim(), () => undefined, { timezone: 'UTC' });
  void task.destroy();
  const isSlotDay = (day: number): boolean => task.match(new Date(day + firstTime));

  return {
    expression,
    timeZone: zone,
    next(afterMs) {
      const offset = offsetAt(afterMs);
      // Only around a change of the clocks do moments of the local clock come in another order than they say.
      const isSteady = offsetAt(afterMs - DAY_MS) === offset && offsetAt(afterMs + DAY_MS) === offset;
      const from = afterMs + offset - (isSteady ? 0 : LONGEST_GAP_MS);
      const firstDay = Math.floor(from / DAY_MS) * DAY_MS;
      for (let day = firstDay; day <= firstDay + LONGEST_SEARCH_DAYS * DAY_MS; day += DAY_MS) {
        if (!isSlotDay(day)) continue;
        for (const time of times) {
          if (day + time < from) continue;
          const slot = instantOf(day + time, offsetAt);
          if (slot > afterMs) return slot;
        }
      }
      return undefined;
    },
  };
}

/** Offset of a zone from UTC in ms at an instant. */
type ZoneOffset = (instantMs: number) => number;

/** The instant at which the local clock shows `wallMs` (written as if it were UTC). */
function instantOf(wallMs: number, offsetAt: ZoneOffset): number {
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

function zoneOffset(zone: string): ZoneOffset {
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
