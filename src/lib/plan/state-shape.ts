import { isAlertState } from '../alerts/stored.ts';
import { count, flag, has, list, listOf, oneOf, optional, orNull, text, time } from '../journal/shape.ts';
import type { PlanState, RunPhase } from './state.ts';
import { STATE_SCHEMA } from './state.ts';

const PHASES: readonly RunPhase[] = [
  'handed-out',
  'checking',
  'ready',
  'queued',
  'backing-up',
  'verifying',
  'retention',
  'deciding',
  'waiting',
];

const isSuccess = has<NonNullable<PlanState['lastSuccess']>>({
  at: time,
  snapshotId: text,
  repositoryId: text,
  figures: orNull(has({ filesTotal: count, bytesTotal: count, durationMs: count })),
});

const isRun = has<NonNullable<PlanState['run']>>({
  id: text,
  trigger: text,
  startedAt: time,
  attempt: (value) => count(value) && value !== 0,
  attemptStartedAt: time,
  phase: oneOf(PHASES),
  checked: flag,
  outcome: orNull(text),
  failureClass: orNull(text),
  reason: text,
  // Missing in the journals of version 0.1.
  heldBack: (value) => value === undefined || flag(value),
  failures: count,
  waits: count,
  everFailed: flag,
  freeRestartUsed: flag,
  process: orNull(has({ pid: count, startTicks: orNull(count) })),
  claim: orNull(has({ snapshotId: text, time })),
  nextSlotAt: orNull(time),
});

const isDrive = has<PlanState['drives'][number]>({
  repositoryId: text,
  lastSuccessAt: time,
  lastSnapshotId: text,
  dueAt: orNull(time),
});

const isAccepted = has<NonNullable<PlanState['acceptedOwed']>[number]>({ run: text, repositoryId: text });

const isState = has<PlanState>({
  schema: (value) => value === STATE_SCHEMA,
  revision: count,
  plan: text,
  schedule: text,
  dueAt: orNull(time),
  nextAttemptAt: orNull(time),
  pending: orNull(has<NonNullable<PlanState['pending']>>({ attempt: count, at: time })),
  paused: orNull(has<NonNullable<PlanState['paused']>>({ since: time, until: orNull(time) })),
  run: orNull(isRun),
  lastSuccessAt: orNull(time),
  lastPartialAt: orNull(time),
  lastAttemptAt: orNull(time),
  lastSuccess: orNull(isSuccess),
  lastPartial: orNull(isSuccess),
  acceptedRepositories: list,
  // Missing in the journals of version 0.1; filled in when they are read.
  drives: optional(listOf(isDrive)),
  acceptedOwed: optional(listOf(isAccepted)),
  alerts: optional(isAlertState),
  testimonyOwed: flag,
  history: list,
});

/** Tells a whole plan state from garbage. Of its parts those are looked at that decisions rest on. */
export function isPlanState(value: unknown): value is PlanState {
  return isState(value);
}
