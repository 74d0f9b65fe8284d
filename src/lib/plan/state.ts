import type { StoredModel } from '../adaptive/stored.ts';
import type { AlertState } from '../alerts/trouble.ts';
import { QUIET } from '../alerts/trouble.ts';
import type { CheckResult } from '../checks/check.ts';
import type { FailureClass } from '../failure.ts';
import type { BackupFigures, SnapshotClaim } from '../restic/outcome.ts';
import type { RecordedProcess } from '../system-process.ts';

/** Version of the shape below; newer journals are never overwritten by older code. */
export const STATE_SCHEMA = 1;
/** Entries kept in a plan's history. */
export const HISTORY_LENGTH = 50;

/** Why a run began. */
export type Trigger = 'schedule' | 'catch-up' | 'command' | 'device';

/** How a run ended. */
export type RunEnd = 'succeeded' | 'partial' | 'unmet' | 'gave-up' | 'cancelled';

/** How an attempt ended. */
export type AttemptOutcome =
  | 'succeeded'
  | 'partial'
  | 'blocked'
  | 'failed'
  | 'unverified'
  | 'cancelled'
  | 'interrupted'
  | 'lost';

/** Where the current attempt is. `deciding`: its outcome is known and its message is on the way to the gate. */
export type RunPhase =
  | 'handed-out'
  | 'checking'
  | 'ready'
  | 'queued'
  | 'backing-up'
  | 'verifying'
  | 'retention'
  | 'deciding'
  | 'waiting';

/** A good backup: its snapshot was seen in the repository. */
export interface SuccessRecord {
  /** The snapshot's time, ISO 8601 UTC. */
  readonly at: string;
  readonly snapshotId: string;
  readonly repositoryId: string;
  /** Run that made it; null when the repository was the only witness. */
  readonly run: string | null;
  readonly figures: BackupFigures | null;
}

/** The last good backup in one of the repositories that take turns; times ISO 8601 UTC. */
export interface DriveState {
  readonly repositoryId: string;
  readonly lastSuccessAt: string;
  readonly lastSnapshotId: string;
  /** When this drive's own debt began or will begin; null: only an event starts a run. */
  readonly dueAt: string | null;
}

/** An incomplete snapshot that a person accepted as good. */
export interface AcceptedSnapshot {
  /** The run that made it. */
  readonly run: string;
  readonly repositoryId: string;
}

/** When the backup that made a snapshot ended, ms, as far as it is known. */
export function endOf(success: SuccessRecord): number {
  return Date.parse(success.at) + (success.figures?.durationMs ?? 0);
}

/** A retry that waits for its time. Survives restarts. */
export interface PendingRetry {
  /** Number of the attempt that will be made. */
  readonly attempt: number;
  readonly at: string;
  /** Which budget pays for it. */
  readonly budget: 'failure' | 'waiting';
  /** How much of that budget is used when this retry starts. */
  readonly used: number;
  /** Null: no limit. */
  readonly allowed: number | null;
  readonly because: string;
}

/** One debt being paid. */
export interface RunState {
  readonly id: string;
  readonly trigger: Trigger;
  readonly startedAt: string;
  readonly attempt: number;
  readonly attemptStartedAt: string;
  readonly phase: RunPhase;
  /** A precondition-check let this attempt pass. */
  readonly checked: boolean;
  readonly outcome: AttemptOutcome | null;
  readonly failureClass: FailureClass | null;
  /** Which kind of check said no; null unless blocked. */
  readonly blockedBy: CheckResult['kind'] | null;
  readonly reason: string;
  /** Partial because of a guard, not of files that could not be read; missing in older journals: no. */
  readonly heldBack?: boolean;
  /** Failures and waits since the budgets were fresh. */
  readonly failures: number;
  readonly waits: number;
  /** Distinguishes `gave-up` from `unmet`. */
  readonly everFailed: boolean;
  /** The one attempt after an interruption that no budget pays for. */
  readonly freeRestartUsed: boolean;
  /** How often its device was switched on in this slot and then was of no use; missing in older journals: never. */
  readonly vainPowerUps?: number;
  /** The running restic, to be recognised by a later process of ours. */
  readonly process: RecordedProcess | null;
  /** What restic said it saved and nobody has seen yet. */
  readonly claim: SnapshotClaim | null;
  /** When the budgets become fresh again (the next slot); null without a schedule. */
  readonly nextSlotAt: string | null;
}

/** One line of a plan's past. */
export interface HistoryEntry {
  readonly at: string;
  readonly run: string;
  readonly attempt: number;
  readonly outcome: AttemptOutcome | RunEnd;
  readonly reason: string;
  readonly failureClass?: FailureClass;
  /** Which kind of check said no. */
  readonly blockedBy?: CheckResult['kind'];
  readonly snapshotId?: string;
}

/**
 * All that is known of a plan. The journal keeps it, flow context mirrors it (key `backup_<key>`), and every time is
 * ISO 8601 UTC. `revision` grows by one with each transition and orders states; clocks do not.
 */
export interface PlanState {
  readonly schema: typeof STATE_SCHEMA;
  readonly revision: number;
  /** When this state came to be, by the clock of that moment; null: it is new. */
  readonly changedAt: string | null;
  readonly plan: string;
  readonly name: string;
  readonly schedule: string;
  /** When the present debt began or will begin; only success moves it, or an edited schedule before it. */
  readonly dueAt: string | null;
  /** When we try next; null while a run is on its way, or when only an event starts one. */
  readonly nextAttemptAt: string | null;
  /** What the plan waits for; null while an attempt is being made. */
  readonly waitingFor: 'slot' | 'retry' | 'event' | 'pause-end' | 'person' | null;
  /** One sentence for people: what is going on and why. */
  readonly why: string;
  readonly pending: PendingRetry | null;
  readonly paused: { readonly since: string; readonly until: string | null } | null;
  readonly run: RunState | null;
  readonly lastSuccessAt: string | null;
  readonly lastPartialAt: string | null;
  readonly lastFailureAt: string | null;
  readonly lastBlockedAt: string | null;
  readonly lastCancelledAt: string | null;
  readonly lastInterruptedAt: string | null;
  readonly lastAttemptAt: string | null;
  readonly lastDeviceAt: string | null;
  readonly lastSuccess: SuccessRecord | null;
  readonly lastPartial: SuccessRecord | null;
  /** Repository ids this plan's successes count in. */
  readonly acceptedRepositories: readonly string[];
  /** Accepted snapshots whose tag `incomplete` is still to be taken away, at most 8; missing in older journals: none. */
  readonly acceptedOwed?: readonly AcceptedSnapshot[];
  /** What is on each of them, the latest last; at most 8, without those that were given up for a year. */
  readonly drives: readonly DriveState[];
  /** The journal was lost and the repository has not been asked yet for the last success. */
  readonly testimonyOwed: boolean;
  /** What is wrong, and what people have been told of it. */
  readonly alerts: AlertState;
  /** When its device is there, as far as it was learned; null, and missing in older journals: nothing was. */
  readonly learned?: StoredModel | null;
  readonly history: readonly HistoryEntry[];
}

/** The state of a plan that nobody has seen before. */
export function newPlanState(plan: string, name: string): PlanState {
  return {
    schema: STATE_SCHEMA,
    revision: 0,
    changedAt: null,
    plan,
    name,
    schedule: '',
    dueAt: null,
    nextAttemptAt: null,
    waitingFor: 'event',
    why: '',
    pending: null,
    paused: null,
    run: null,
    lastSuccessAt: null,
    lastPartialAt: null,
    lastFailureAt: null,
    lastBlockedAt: null,
    lastCancelledAt: null,
    lastInterruptedAt: null,
    lastAttemptAt: null,
    lastDeviceAt: null,
    lastSuccess: null,
    lastPartial: null,
    acceptedRepositories: [],
    acceptedOwed: [],
    drives: [],
    testimonyOwed: false,
    alerts: QUIET,
    learned: null,
    history: [],
  };
}

/** What a plan in this state waits for. */
export function waitingFor(state: PlanState): PlanState['waitingFor'] {
  const { run, paused, nextAttemptAt } = state;
  if (run !== null && run.phase !== 'waiting') return null;
  if (paused !== null) return paused.until === null ? 'person' : 'pause-end';
  if (run !== null) return 'retry';
  return nextAttemptAt === null ? 'event' : 'slot';
}

/** The history with one more entry, bounded. */
export function withHistory(state: PlanState, entry: HistoryEntry): readonly HistoryEntry[] {
  return [...state.history, entry].slice(-HISTORY_LENGTH);
}
