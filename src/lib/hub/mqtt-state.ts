import type { PlanStatus } from '../../protocol/protocol.ts';
import type { PlanState } from '../plan/state.ts';

/** Home Assistant refuses a state of more than 255 characters. */
const LONGEST_TEXT = 250;

/**
 * The retained state of a plan. Every key is always there: a template of Home Assistant that reads a missing one warns
 * each time, null is "unknown". Times are ISO 8601 UTC.
 */
export interface MqttPlanState {
  readonly state: PlanStatus['state'];
  /** Failed or overdue. */
  readonly problem: boolean;
  readonly overdue: boolean;
  readonly running: boolean;
  readonly paused: boolean;
  readonly paused_until: string | null;
  /** One sentence; at most 250 characters. */
  readonly reason: string;
  /** Class of the failure that makes it a problem, or that is tried again. */
  readonly failure: string | null;
  readonly failed_reason: string | null;
  readonly last_successful: string | null;
  readonly last_attempted: string | null;
  readonly next_due: string | null;
  readonly next_attempt: string | null;
  /** Of the last good backup: seconds, bytes that were new in the repository, bytes that were backed up. */
  readonly duration: number | null;
  readonly data_added: number | null;
  readonly size: number | null;
  /** Attempts of the present run after its first. */
  readonly retries: number;
}

/**
 * What the broker keeps of a plan.
 *
 * @param state undefined: it cannot be run, and what was good yesterday must not be shown today
 */
export function mqttPlanState(status: PlanStatus, state: PlanState | undefined): MqttPlanState {
  const figures = state?.lastSuccess?.figures ?? null;
  const reason = state === undefined ? status.reason : failedReason(state);
  return {
    state: status.state,
    problem: status.failed || status.overdue,
    overdue: status.overdue,
    running: status.running,
    paused: status.paused,
    paused_until: status.pausedUntil,
    reason: shortened(status.reason),
    failure: status.failure,
    failed_reason: status.failure === null ? null : shortened(reason),
    last_successful: status.lastSuccessAt,
    last_attempted: status.lastAttemptAt,
    next_due: status.dueAt,
    next_attempt: status.nextAttemptAt,
    duration: figures === null ? null : Math.round(figures.durationMs / 1000),
    data_added: figures?.bytesAdded ?? null,
    size: figures?.bytesTotal ?? null,
    retries: Math.max(0, status.attempt - 1),
  };
}

/** Why the last attempt or run failed. */
function failedReason(state: PlanState): string {
  const isTrouble = (outcome: string): boolean => outcome !== 'succeeded' && outcome !== 'blocked';
  return state.history.findLast(({ outcome }) => isTrouble(outcome))?.reason ?? state.why;
}

/** A sentence that Home Assistant takes as a state. */
export function shortened(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1).trimEnd()}…`;
}
