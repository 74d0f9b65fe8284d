import type { BackupEvent, BackupMessage, Carried } from '../message.ts';
import type { PlanState, RunEnd } from './state.ts';

/** What a message adds to the plan's public facts. */
export type AnnouncementExtras = Partial<
  Pick<
    BackupMessage,
    | 'checks'
    | 'progress'
    | 'snapshotId'
    | 'figures'
    | 'unreadable'
    | 'maintenance'
    | 'alert'
    | 'reason'
    | 'outcome'
    | 'end'
    | 'failureClass'
    | 'run'
    | 'attempt'
    | 'trigger'
  >
>;

/** `msg.backup` for an event of a plan, from its state. */
export function backupMessage(
  state: PlanState,
  event: BackupEvent,
  extras: AnnouncementExtras = {},
): BackupMessage {
  const run = state.run;
  return {
    event,
    plan: state.plan,
    name: state.name,
    run: run?.id ?? null,
    attempt: run?.attempt ?? 0,
    trigger: run?.trigger ?? null,
    dueAt: state.dueAt,
    lastSuccessAt: state.lastSuccessAt,
    nextAttemptAt: state.nextAttemptAt,
    outcome: run?.outcome ?? null,
    end: null,
    failureClass: run?.failureClass ?? null,
    reason: run?.reason ?? '',
    ...extras,
  };
}

/** How a finished run is told: it is no longer in the state, its message may still be on the way to the gate. */
export interface FinishedRun {
  readonly id: string;
  readonly attempt: number;
  readonly end: RunEnd;
  readonly extras: AnnouncementExtras;
  readonly sentence: string;
  /** The user's own properties of the message that its announcement goes on with. */
  readonly carried: Carried;
}

/** A message of ours on top of what the user carries along. */
export function envelope(carried: Carried, backup: BackupMessage, payload: unknown): Carried {
  return { ...carried, topic: carried['topic'] ?? backup.name, payload, backup };
}
