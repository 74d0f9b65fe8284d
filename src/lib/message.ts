import type { Alert } from './alerts/alert.ts';
import type { CheckReport } from './checks/check.ts';
import type { FailureClass } from './failure.ts';
import type { AttemptOutcome, RunEnd, Trigger } from './plan/state.ts';
import { Problem } from './problem.ts';
import type { MaintenanceResult } from './restic/maintenance-result.ts';
import type { BackupFigures, Progress } from './restic/outcome.ts';

/** What a message says; each output of each node sends its own. */
export type BackupEvent =
  | 'run'
  | 'not-now'
  | 'status'
  | 'power'
  | 'ready'
  | 'not-ready'
  | 'finished'
  | 'not-finished'
  | 'progress'
  | 'try-again'
  | 'good-backup'
  | 'ended'
  | 'alert';

/**
 * `msg.backup`: what travels with a run. Of an incoming one only `plan`, `run` and `attempt` are believed.
 * Times are ISO 8601 UTC.
 */
export interface BackupMessage {
  readonly event: BackupEvent;
  /** The plan's key. */
  readonly plan: string;
  readonly name: string;
  /** Null where no run exists (a "not now" while idle). */
  readonly run: string | null;
  readonly attempt: number;
  readonly trigger: Trigger | null;
  readonly dueAt: string | null;
  readonly lastSuccessAt: string | null;
  readonly nextAttemptAt: string | null;
  readonly outcome: AttemptOutcome | null;
  /** How the run ended; null while it goes on. */
  readonly end: RunEnd | null;
  readonly failureClass: FailureClass | null;
  /** One sentence for people. */
  readonly reason: string;
  readonly checks?: CheckReport;
  readonly progress?: Progress;
  readonly snapshotId?: string;
  readonly figures?: BackupFigures;
  /** At most 20 paths that restic could not read. */
  readonly unreadable?: readonly string[];
  readonly maintenance?: MaintenanceResult;
  /** Of an alert: what it says, and what can be answered. */
  readonly alert?: Alert;
}

/** A Node-RED message as the domain sees it: ours plus whatever the user put there. */
export type Carried = Record<string, unknown>;

/** The part of an incoming `msg.backup` that is believed. */
export interface Ticket {
  readonly plan: string;
  readonly run: string;
  readonly attempt: number;
}

/**
 * The ticket in a message that claims to belong to a run; undefined when there is no `msg.backup` at all.
 * @throws Problem `bad-message` when `msg.backup` is there and is not ours
 */
export function readTicket(message: Carried): Ticket | undefined {
  const claimed = message['backup'];
  if (claimed === undefined || claimed === null) return undefined;
  if (typeof claimed === 'object') {
    const { plan, run, attempt } = claimed as { plan?: unknown; run?: unknown; attempt?: unknown };
    if (typeof plan === 'string' && typeof run === 'string' && Number.isSafeInteger(attempt)) {
      return { plan, run, attempt: attempt as number };
    }
  }
  throw new Problem('bad-message', { found: shapeOf(claimed) });
}

/** A short description of a value of unknown shape: names and types, never contents. */
export function shapeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `array(${value.length})`;
  if (typeof value !== 'object') return typeof value;
  // A buffer has a name for every byte.
  if (ArrayBuffer.isView(value)) return `binary(${value.byteLength})`;
  const names = Object.keys(value).slice(0, 6);
  return `{${names.map((name) => name.slice(0, 30)).join(', ')}}`;
}
