import { createHash } from 'node:crypto';
import type { CronSchedule } from './cron.ts';

/** How often a good backup is owed. */
export type Schedule =
  | { readonly kind: 'cron'; readonly cron: CronSchedule }
  | { readonly kind: 'interval'; readonly everyMs: number }
  /** Only a device, a message or a person starts a run. */
  | { readonly kind: 'event' };

/** Identifies a schedule, to notice an edit. */
export function scheduleText(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'cron':
      return `cron ${schedule.cron.expression} ${schedule.cron.timeZone}`;
    case 'interval':
      return `interval ${schedule.everyMs}`;
    case 'event':
      return 'event';
  }
}

/** When a plan that never had a success is owed: cron at its first slot, interval now, event never by itself. */
export function firstDue(schedule: Schedule, now: number): number | null {
  switch (schedule.kind) {
    case 'cron':
      return schedule.cron.next(now) ?? null;
    case 'interval':
      return now;
    case 'event':
      return null;
  }
}

/**
 * When the debt after a success begins. Cron: first slot after the run's end. Interval: the snapshot's time plus the
 * interval, never before the run's end plus the minimum gap. No snapshot is later than the end of its run: where it
 * says so, the clock was put back, and the end counts.
 */
export function dueAfterSuccess(
  schedule: Schedule,
  facts: { snapshotAt: number; endedAt: number; minimumGapMs: number },
): number | null {
  switch (schedule.kind) {
    case 'cron':
      return schedule.cron.next(Math.max(facts.endedAt, facts.endedAt + facts.minimumGapMs - 1)) ?? null;
    case 'interval':
      return Math.max(
        Math.min(facts.snapshotAt, facts.endedAt) + schedule.everyMs,
        facts.endedAt + facts.minimumGapMs,
      );
    case 'event':
      return null;
  }
}

/** The first slot after `after` for a debt that began at `dueAt`; the slots of an interval are counted from the debt. */
export function nextSlot(schedule: Schedule, dueAt: number | null, after: number): number | null {
  switch (schedule.kind) {
    case 'cron':
      return schedule.cron.next(after) ?? null;
    case 'interval': {
      const origin = dueAt ?? after;
      return origin + (Math.floor((after - origin) / schedule.everyMs) + 1) * schedule.everyMs;
    }
    case 'event':
      return null;
  }
}

/**
 * A plan's own constant share of the jitter, in ms: derived from its key, so that a restart does not roll it again and
 * plans of one house spread out.
 */
export function jitterOf(planKey: string, jitterMs: number): number {
  const share = createHash('sha256').update(planKey).digest().readUInt32BE(0) / 2 ** 32;
  return Math.round(share * jitterMs);
}
