import type { PlanState, RunEnd, RunPhase } from '../plan/state.ts';

/** Types of the event entity: those of Home Assistant's own backup integration, and the two ends that it does not know. */
export const BACKUP_EVENTS = ['in_progress', 'completed', 'failed', 'skipped', 'cancelled'] as const;

/** What the event entity of a plan is told. */
export interface BackupEventPayload {
  readonly event_type: (typeof BACKUP_EVENTS)[number];
  /** Null when the run is over. */
  readonly backup_stage: string | null;
  readonly failed_reason: string | null;
}

/** As much of a plan's state as tells one event from the next. */
export interface EventMark {
  readonly run: string | null;
  readonly stage: string | null;
}

/** Nothing is going on. */
export const NO_RUN: EventMark = { run: null, stage: null };

/** `deciding` is a moment between two stages. */
const STAGES: Readonly<Record<Exclude<RunPhase, 'deciding'>, string>> = {
  'handed-out': 'checking',
  checking: 'checking',
  ready: 'checking',
  queued: 'queued',
  'backing-up': 'backing_up',
  verifying: 'verifying',
  // The word of Home Assistant's own backup for what comes after one.
  retention: 'cleaning_up',
  waiting: 'waiting',
};

const ENDS: Readonly<Record<RunEnd, BackupEventPayload['event_type']>> = {
  succeeded: 'completed',
  partial: 'failed',
  'gave-up': 'failed',
  unmet: 'skipped',
  cancelled: 'cancelled',
};

/** Where a plan is now. */
export function eventMark(state: PlanState, before?: EventMark): EventMark {
  const { run } = state;
  if (run === null) return NO_RUN;
  if (run.phase !== 'deciding') return { run: run.id, stage: STAGES[run.phase] };
  return { run: run.id, stage: before?.run === run.id ? before.stage : 'checking' };
}

/** What happened since `before`: the end of the run that was going on, and the stage of the one that goes on. */
export function eventsSince(before: EventMark, state: PlanState): BackupEventPayload[] {
  const now = eventMark(state, before);
  const events: BackupEventPayload[] = [];
  if (before.run !== null && before.run !== now.run) {
    const last = state.history.findLast(({ run }) => run === before.run);
    const type = last === undefined ? undefined : ENDS[last.outcome as RunEnd];
    if (type !== undefined) {
      const failed = type === 'completed' ? null : (last?.reason ?? null);
      events.push({ event_type: type, backup_stage: null, failed_reason: failed });
    }
  }
  if (now.run !== null && (now.run !== before.run || now.stage !== before.stage)) {
    const reason = now.stage === 'waiting' ? (state.run?.reason ?? null) : null;
    events.push({ event_type: 'in_progress', backup_stage: now.stage, failed_reason: reason });
  }
  return events;
}
