import { iso } from '../clock.ts';
import type { FailureClass } from '../failure.ts';
import type { SnapshotClaim } from '../restic/outcome.ts';
import { debtOf, drivesAfter } from './drives.ts';
import type {
  AcceptedSnapshot,
  AttemptOutcome,
  PendingRetry,
  PlanState,
  RunEnd,
  RunPhase,
  RunState,
  SuccessRecord,
  Trigger,
} from './state.ts';
import { withHistory } from './state.ts';

// Every change of a plan's state is one of these pure functions. They do not judge whether the change may happen:
// the record does. None of them ever moves `lastSuccessAt` back.

/** A run begins and its first attempt is handed out. Times in ms. */
export function beginRun(
  state: PlanState,
  facts: { run: string; trigger: Trigger; at: number; nextSlotAt: number | null; why: string },
): PlanState {
  const at = iso(facts.at);
  const run: RunState = {
    id: facts.run,
    trigger: facts.trigger,
    startedAt: at,
    attempt: 1,
    attemptStartedAt: at,
    phase: 'handed-out',
    checked: false,
    outcome: null,
    failureClass: null,
    blockedBy: null,
    reason: '',
    heldBack: false,
    failures: 0,
    waits: 0,
    everFailed: false,
    freeRestartUsed: false,
    process: null,
    vainPowerUps: 0,
    claim: null,
    nextSlotAt: facts.nextSlotAt === null ? null : iso(facts.nextSlotAt),
  };
  return {
    ...state,
    run,
    pending: null,
    nextAttemptAt: null,
    lastAttemptAt: at,
    why: facts.why,
    // A plan without a schedule owes from the moment somebody asked.
    dueAt: state.dueAt ?? at,
  };
}

/** The next attempt of the present run is handed out. */
export function handOut(state: PlanState, run: RunState, facts: { at: number; why: string }): PlanState {
  const at = iso(facts.at);
  return {
    ...state,
    run: {
      ...run,
      attempt: run.attempt + 1,
      attemptStartedAt: at,
      phase: 'handed-out',
      checked: false,
      outcome: null,
      failureClass: null,
      blockedBy: null,
      reason: '',
      heldBack: false,
      process: null,
    },
    pending: null,
    nextAttemptAt: null,
    lastAttemptAt: at,
    why: facts.why,
  };
}

/** The attempt moves on. */
export function enterPhase(
  state: PlanState,
  run: RunState,
  phase: RunPhase,
  why: string,
  more: Partial<Pick<RunState, 'checked' | 'process'>> = {},
): PlanState {
  return { ...state, run: { ...run, ...more, phase }, why };
}

/** A precondition said no: this is waiting, not failing. */
export function attemptBlocked(
  state: PlanState,
  run: RunState,
  facts: {
    at: number;
    reason: string;
    blockedBy: RunState['blockedBy'];
    /** Its device was switched on for nothing. */
    inVain?: boolean;
  },
): PlanState {
  const at = iso(facts.at);
  return {
    ...state,
    run: {
      ...run,
      phase: 'deciding',
      outcome: 'blocked',
      blockedBy: facts.blockedBy,
      reason: facts.reason,
      waits: run.waits + 1,
      vainPowerUps: (run.vainPowerUps ?? 0) + (facts.inVain === true ? 1 : 0),
    },
    lastBlockedAt: at,
    why: facts.reason,
    history: withHistory(state, {
      at,
      run: run.id,
      attempt: run.attempt,
      outcome: 'blocked',
      reason: facts.reason,
      ...(facts.blockedBy === null ? {} : { blockedBy: facts.blockedBy }),
    }),
  };
}

/** The attempt ended without a snapshot that was seen. */
export function attemptFailed(
  state: PlanState,
  run: RunState,
  facts: {
    at: number;
    outcome: Extract<AttemptOutcome, 'failed' | 'unverified' | 'lost' | 'interrupted'>;
    failureClass: FailureClass;
    reason: string;
    claim: SnapshotClaim | null;
  },
): PlanState {
  const at = iso(facts.at);
  const { outcome, failureClass, reason, claim } = facts;
  const interrupted = outcome === 'interrupted';
  return {
    ...state,
    run: {
      ...run,
      phase: 'deciding',
      outcome,
      failureClass,
      reason,
      claim,
      process: null,
      vainPowerUps: (run.vainPowerUps ?? 0) + (failureClass === 'power-up-failed' ? 1 : 0),
      failures: run.failures + 1,
      everFailed: true,
    },
    lastFailureAt: interrupted ? state.lastFailureAt : at,
    lastInterruptedAt: interrupted ? at : state.lastInterruptedAt,
    why: reason,
    history: withHistory(state, { at, run: run.id, attempt: run.attempt, outcome, reason, failureClass }),
  };
}

/** Our process died in the middle: the run goes on, once without any budget paying for it. */
export function attemptInterrupted(
  state: PlanState,
  run: RunState,
  facts: { at: number; reason: string },
): PlanState {
  const at = iso(facts.at);
  const { reason } = facts;
  const { attempt, failures: used } = run;
  const interrupted: RunState = {
    ...run,
    outcome: 'interrupted',
    reason,
    process: null,
    freeRestartUsed: true,
  };
  const noted: PlanState = {
    ...state,
    lastInterruptedAt: at,
    history: withHistory(state, { at, run: run.id, attempt, outcome: 'interrupted', reason }),
  };
  const pending = {
    attempt: attempt + 1,
    at,
    budget: 'failure',
    used,
    allowed: null,
    because: reason,
  } as const;
  return awaitRetry(noted, interrupted, pending, reason);
}

/** A good backup: the snapshot was seen. The debt is paid; what follows happens in the same run. */
export function attemptSucceeded(
  state: PlanState,
  run: RunState,
  facts: { at: number; success: SuccessRecord; debt: NextDebt; why: string },
): PlanState {
  return {
    ...stampSuccess(state, facts.success, facts.debt),
    run: { ...run, phase: 'retention', outcome: 'succeeded', claim: null, process: null },
    why: facts.why,
  };
}

/** What a success leaves owed. */
export interface NextDebt {
  /** When the next debt begins, ms; null: only an event starts a run. */
  readonly dueAt: number | null;
  /** Each drive has a debt of its own, and the plan that of the drive that is due first. */
  readonly perDrive: boolean;
}

/** The debt that follows a success, in its drive and in the plan. */
export function withDebt(state: PlanState, success: SuccessRecord, { dueAt, perDrive }: NextDebt): PlanState {
  const due = dueAt === null ? null : iso(dueAt);
  const drives = drivesAfter(state.drives, success, due);
  return { ...state, drives, dueAt: debtOf(drives, due, perDrive) };
}

/** The success becomes the last one, unless a later one is known, and pays its debt. */
export function stampSuccess(before: PlanState, success: SuccessRecord, debt: NextDebt): PlanState {
  const state = withDebt(before, success, debt);
  const accepted = state.acceptedRepositories.includes(success.repositoryId)
    ? state.acceptedRepositories
    : [...state.acceptedRepositories, success.repositoryId].slice(-8);
  if (state.lastSuccessAt !== null && Date.parse(state.lastSuccessAt) > Date.parse(success.at)) {
    return { ...state, acceptedRepositories: accepted, testimonyOwed: false };
  }
  return {
    ...state,
    lastSuccess: success,
    lastSuccessAt: success.at,
    acceptedRepositories: accepted,
    testimonyOwed: false,
  };
}

/** A snapshot was made that may lack something: it pays no debt and is not retried. */
export function attemptPartial(
  state: PlanState,
  run: RunState,
  facts: { at: number; partial: SuccessRecord; reason: string; heldBack: boolean },
): PlanState {
  const { reason, heldBack } = facts;
  return {
    ...state,
    run: { ...run, phase: 'deciding', outcome: 'partial', reason, heldBack, claim: null, process: null },
    lastPartial: facts.partial,
    lastPartialAt: facts.partial.at,
    why: reason,
  };
}

/** Accepted snapshots that are remembered until their tag is right. */
const MOST_ACCEPTED = 8;

/** A person says that the incomplete snapshot is good: its tag is to follow. */
export function acceptPartial(state: PlanState, partial: SuccessRecord): PlanState {
  const { run, repositoryId } = partial;
  const owed = [...(state.acceptedOwed ?? []), ...(run === null ? [] : [{ run, repositoryId }])];
  return { ...state, lastPartial: null, acceptedOwed: owed.slice(-MOST_ACCEPTED) };
}

/**
 * The tag of an accepted snapshot is right, or there is no such snapshot any more. `snapshotId`: its new one, for restic
 * gives a snapshot another id with other tags.
 */
export function acceptanceMarked(
  state: PlanState,
  accepted: AcceptedSnapshot,
  snapshotId: string | undefined,
): PlanState {
  const { lastSuccess } = state;
  const acceptedOwed = (state.acceptedOwed ?? []).filter(({ run }) => run !== accepted.run);
  if (snapshotId === undefined || lastSuccess?.run !== accepted.run) return { ...state, acceptedOwed };
  const drives = state.drives.map((drive) =>
    drive.lastSnapshotId === lastSuccess.snapshotId ? { ...drive, lastSnapshotId: snapshotId } : drive,
  );
  return { ...state, acceptedOwed, drives, lastSuccess: { ...lastSuccess, snapshotId } };
}

/** The run waits for its next attempt. */
export function awaitRetry(state: PlanState, run: RunState, pending: PendingRetry, why: string): PlanState {
  return {
    ...state,
    run: { ...run, phase: 'waiting' },
    pending,
    nextAttemptAt: pending.at,
    why,
  };
}

/** A slot came while the run waited: the same run goes on with fresh budgets. */
export function freshBudgets(state: PlanState, run: RunState, nextSlotAt: number | null): PlanState {
  return {
    ...state,
    run: {
      ...run,
      failures: 0,
      waits: 0,
      vainPowerUps: 0,
      nextSlotAt: nextSlotAt === null ? null : iso(nextSlotAt),
    },
  };
}

/** The run is over. */
export function endRun(
  state: PlanState,
  run: RunState,
  facts: {
    at: number;
    end: RunEnd;
    reason: string;
    nextAttemptAt: number | null;
    why: string;
  },
): PlanState {
  const at = iso(facts.at);
  const { failureClass, blockedBy } = run;
  const snapshotId = endSnapshot(state, facts.end);
  return {
    ...state,
    run: null,
    pending: null,
    nextAttemptAt: facts.nextAttemptAt === null ? null : iso(facts.nextAttemptAt),
    lastCancelledAt: facts.end === 'cancelled' ? at : state.lastCancelledAt,
    why: facts.why,
    history: withHistory(state, {
      at,
      run: run.id,
      attempt: run.attempt,
      outcome: facts.end,
      reason: facts.reason,
      ...(failureClass === null ? {} : { failureClass }),
      ...(blockedBy === null ? {} : { blockedBy }),
      ...(snapshotId === undefined ? {} : { snapshotId }),
    }),
  };
}

function endSnapshot(state: PlanState, end: RunEnd): string | undefined {
  if (end === 'succeeded') return state.lastSuccess?.snapshotId;
  return end === 'partial' ? state.lastPartial?.snapshotId : undefined;
}
