import type { Schedule } from './schedule.ts';
import type { PlanSettings } from './settings.ts';

const DAY_MS = 86_400_000;
/** So many slots show how far apart they can be, also where weekends are left out. */
const SLOTS = 12;

/**
 * How far apart the good backups of a plan are at most when all goes well, in ms: lateness is measured against it. Cron:
 * the longest of the next gaps between slots. A plan without a schedule is taken for a daily one, unless its minimum gap
 * is longer.
 */
export function cadenceMs(
  { schedule, minimumGapMs }: Pick<PlanSettings, 'schedule' | 'minimumGapMs'>,
  now: number,
): number {
  return Math.max(scheduleMs(schedule, now), minimumGapMs);
}

function scheduleMs(schedule: Schedule, now: number): number {
  if (schedule.kind === 'interval') return schedule.everyMs;
  if (schedule.kind === 'event') return DAY_MS;
  let longest = 0;
  let before = schedule.cron.next(now);
  for (let slot = 1; slot < SLOTS && before !== undefined; slot += 1) {
    const next = schedule.cron.next(before);
    if (next !== undefined) longest = Math.max(longest, next - before);
    before = next;
  }
  return longest === 0 ? DAY_MS : longest;
}
