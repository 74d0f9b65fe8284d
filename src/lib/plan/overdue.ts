import { iso } from '../clock.ts';
import type { Schedule } from './schedule.ts';
import { nextSlot } from './schedule.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A plan that nothing but events starts has no cadence; once it owes, it is taken for a daily one. */
const CADENCE_OF_EVENTS_MS = DAY_MS;
/** An hourly plan may be as late as that: a backup takes its time, and a retry too. */
const SHORTEST_ALLOWANCE_MS = HOUR_MS;
/** A monthly plan should not be late for a month before anybody knows. */
const LONGEST_ALLOWANCE_MS = 3 * DAY_MS;

/**
 * When a debt that begins at `dueAt` (ISO 8601) has lasted too long: after one more cadence of the plan, at least an
 * hour and at most three days. Before that it is late as plans are whose device is not always there. Null without a debt.
 */
export function overdueAt(schedule: Schedule, dueAt: string | null): string | null {
  if (dueAt === null) return null;
  const due = Date.parse(dueAt);
  const next = nextSlot(schedule, due, due) ?? due + CADENCE_OF_EVENTS_MS;
  const allowance = Math.min(Math.max(next - due, SHORTEST_ALLOWANCE_MS), LONGEST_ALLOWANCE_MS);
  return iso(due + allowance);
}
