import { createRequire } from 'node:module';
import type { NodeCron } from 'node-cron';
import { Problem } from '../problem.ts';
import { instantOf, machineTimeZone, zoneOffset } from '../time-zone.ts';

const DAY_MS = 86_400_000;
/** No cron date is rarer than a 29 February on a given weekday around a century that skips its leap day. */
const LONGEST_SEARCH_DAYS = 366 * 41;
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
