import { iso } from '../clock.ts';
import type { FailureClass } from '../failure.ts';
import type { MaintenanceStep } from '../restic/maintenance-result.ts';
import type { AlertKind, Severity } from './alert.ts';
import { isAbove } from './alert.ts';

// What is wrong with a plan, and what people have been told of it. All of it is part of the plan's state, written with
// the transition that brought it about; these pure functions only say what follows.

/** What can be wrong, each for itself: the backups, or a step of what follows them. */
export type Subject = 'backup' | MaintenanceStep;

/** Something that is wrong, from the first word about it until it is right again. */
export interface Trouble {
  /** ISO 8601 UTC. */
  readonly since: string;
  /** The last good backup when it began: a newer one ends it. */
  readonly lastSuccessAt: string | null;
  /** What was noted of it: each is told once. */
  readonly causes: readonly string[];
  /** The highest severity noted. */
  readonly severity: Severity;
  /** Somebody was told of it, and is to hear when it is over. */
  readonly isTold: boolean;
}

/** An alert that has not been sent yet: it may have to wait for morning, the end of a pause, or a wire. */
export interface PendingAlert {
  readonly subject: Subject;
  readonly kind: AlertKind;
  readonly severity: Severity;
  /** Tells it from other words about the same trouble. */
  readonly cause: string;
  /** When it was noted, ISO 8601 UTC. */
  readonly at: string;
  /** When the trouble began. */
  readonly since: string;
  /** One sentence, at most 500 characters; empty for lateness, whose reason may change until it is sent. */
  readonly reason: string;
  /** Of what failed. */
  readonly failureClass: FailureClass | null;
}

/** The part of a plan's state that is about alerts. */
export interface AlertState {
  readonly troubles: Readonly<Partial<Record<Subject, Trouble>>>;
  /** In the order in which they are to be sent. */
  readonly pending: readonly PendingAlert[];
  /** When an endless pause was mentioned last; null: not in this pause. */
  readonly pauseToldAt: string | null;
}

/** Nothing is wrong, and nothing is to be said. */
export const QUIET: AlertState = { troubles: {}, pending: [], pauseToldAt: null };

/** Longest reason that waits with an alert, in characters. */
const LONGEST_REASON = 500;

/** Something to be told of, as it is noted. */
export interface Noted {
  readonly kind: Exclude<AlertKind, 'recovered' | 'paused'>;
  readonly severity: Severity;
  readonly cause: string;
  readonly reason: string;
  readonly failureClass: FailureClass | null;
}

/** Notes a cause; one that the trouble already has changes nothing. */
export function noted(
  state: AlertState,
  subject: Subject,
  what: Noted,
  facts: { readonly at: number; readonly lastSuccessAt: string | null },
): AlertState {
  const at = iso(facts.at);
  const before = state.troubles[subject];
  if (before?.causes.includes(what.cause) === true) return state;
  const trouble: Trouble = {
    since: before?.since ?? at,
    lastSuccessAt: before === undefined ? facts.lastSuccessAt : before.lastSuccessAt,
    causes: [...(before?.causes ?? []), what.cause],
    severity: isAbove(what.severity, before?.severity ?? null) ? what.severity : (before?.severity ?? 'info'),
    isTold: before?.isTold ?? false,
  };
  const alert: PendingAlert = {
    ...what,
    subject,
    at,
    since: trouble.since,
    reason: what.reason.slice(0, LONGEST_REASON),
  };
  // One word about lateness is enough: the higher tier stands for the lower ones.
  const others = state.pending.filter((one) => !(what.kind === 'late' && one.kind === 'late'));
  return { ...state, troubles: { ...state.troubles, [subject]: trouble }, pending: [...others, alert] };
}

/**
 * The plan is late enough for a tier. It is noted when nothing of this severity was said in this trouble: who heard
 * "gave up" (a warning) need not hear the warning that the backup is late as well.
 *
 * @param facts `dueAt`: since when it is late, ISO 8601 UTC
 */
export function late(
  state: AlertState,
  tier: Severity,
  facts: { readonly at: number; readonly dueAt: string; readonly lastSuccessAt: string | null },
): AlertState {
  const before = state.troubles.backup;
  if (!isAbove(tier, before?.severity ?? null)) return state;
  const what: Noted = { kind: 'late', severity: tier, cause: `late:${tier}`, reason: '', failureClass: null };
  const next = noted(state, 'backup', what, facts);
  if (before !== undefined) return next;
  const since = facts.dueAt;
  const { backup } = next.troubles;
  if (backup === undefined) return next;
  return {
    ...next,
    troubles: { ...next.troubles, backup: { ...backup, since } },
    pending: next.pending.map((one) =>
      one.subject === 'backup' && one.kind === 'late' ? { ...one, since } : one,
    ),
  };
}

/** The trouble is over. Who was told of it will hear so; what was not said of it yet is no longer worth saying. */
export function over(state: AlertState, subject: Subject, facts: { at: number; reason: string }): AlertState {
  const trouble = state.troubles[subject];
  if (trouble === undefined) return state;
  const { [subject]: _over, ...troubles } = state.troubles;
  const pending = state.pending.filter((one) => one.subject !== subject || one.kind === 'recovered');
  if (!trouble.isTold) return { ...state, troubles, pending };
  const recovered: PendingAlert = {
    subject,
    kind: 'recovered',
    severity: 'info',
    cause: 'recovered',
    at: iso(facts.at),
    since: trouble.since,
    reason: facts.reason.slice(0, LONGEST_REASON),
    failureClass: null,
  };
  // Where the end of an earlier trouble is still to be told, one word is enough.
  const others = pending.filter((one) => one.subject !== subject);
  return { ...state, troubles, pending: [...others, recovered] };
}

/** These alerts are about to be sent. */
export function told(state: AlertState, sent: readonly PendingAlert[]): AlertState {
  const troubles = { ...state.troubles };
  for (const { subject, kind } of sent) {
    const trouble = troubles[subject];
    if (trouble !== undefined && kind !== 'recovered' && kind !== 'paused')
      troubles[subject] = { ...trouble, isTold: true };
  }
  return { ...state, troubles, pending: state.pending.filter((one) => !sent.includes(one)) };
}

/** An endless pause is mentioned again after so long. */
const MENTION_PAUSE_MS = 30 * 86_400_000;

/** Mentions a pause that has no end, every 30 days. `paused`: as in the plan's state. */
export function mentionPause(
  state: AlertState,
  paused: { readonly since: string; readonly until: string | null } | null,
  at: number,
): AlertState {
  if (paused === null || paused.until !== null) {
    if (state.pauseToldAt === null) return state;
    return { ...state, pauseToldAt: null, pending: state.pending.filter(({ kind }) => kind !== 'paused') };
  }
  // Not later than now: the clock may have been put back since.
  const last = Math.min(Date.parse(state.pauseToldAt ?? paused.since), at);
  if (at - last < MENTION_PAUSE_MS) {
    return last < Date.parse(state.pauseToldAt ?? '') ? { ...state, pauseToldAt: iso(last) } : state;
  }
  const mention: PendingAlert = {
    subject: 'backup',
    kind: 'paused',
    severity: 'info',
    cause: 'paused',
    at: iso(at),
    since: paused.since,
    reason: '',
    failureClass: null,
  };
  const others = state.pending.filter(({ kind }) => kind !== 'paused');
  return { ...state, pauseToldAt: iso(at), pending: [...others, mention] };
}

/** The highest severity that people have been told of and that is not over; null: none. */
export function openSeverity(state: AlertState): Severity | null {
  let highest: Severity | null = null;
  for (const { severity, isTold } of Object.values(state.troubles)) {
    if (isTold && isAbove(severity, highest)) highest = severity;
  }
  return highest;
}
