import type { PlanState, RunPhase } from './state.ts';
import { STATE_SCHEMA } from './state.ts';

type Shape = (value: unknown) => boolean;
type Fields<T> = { readonly [K in keyof T]?: Shape };

const PHASES: ReadonlySet<unknown> = new Set<RunPhase>([
  'handed-out',
  'checking',
  'ready',
  'queued',
  'backing-up',
  'verifying',
  'retention',
  'deciding',
  'waiting',
]);

const text: Shape = (value) => typeof value === 'string';
const flag: Shape = (value) => typeof value === 'boolean';
const list: Shape = (value) => Array.isArray(value);
const count: Shape = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const time: Shape = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const orNull =
  (shape: Shape): Shape =>
  (value) =>
    value === null || shape(value);
function has<T>(fields: Fields<T>): Shape {
  const shapes = Object.entries(fields) as [string, Shape][];
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    shapes.every(([name, shape]) => shape((value as Record<string, unknown>)[name]));
}

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
  phase: (value) => PHASES.has(value),
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
  drives: (value) => value === undefined || (Array.isArray(value) && value.every(isDrive)),
  acceptedOwed: (value) => value === undefined || (Array.isArray(value) && value.every(isAccepted)),
  testimonyOwed: flag,
  alarmed: flag,
  history: list,
});

/** Tells a whole plan state from garbage. Of its parts those are looked at that decisions rest on. */
export function isPlanState(value: unknown): value is PlanState {
  return isState(value);
}
