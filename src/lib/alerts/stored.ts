import { FAILURE_CLASSES } from '../failure.ts';
import { flag, has, listOf, oneOf, optional, orNull, text, time } from '../journal/shape.ts';
import { SEVERITIES } from './alert.ts';
import type { AlertState, PendingAlert, Trouble } from './trouble.ts';

const SUBJECTS = ['backup', 'forget', 'prune', 'check'] as const;
const KINDS = [
  'late',
  'gave-up',
  'power-up-failed',
  'held-back',
  'snapshot-vanished',
  'maintenance-failed',
  'paused',
  'recovered',
] as const satisfies readonly PendingAlert['kind'][];

const isTrouble = has<Trouble>({
  since: time,
  lastSuccessAt: orNull(time),
  causes: listOf(text),
  severity: oneOf(SEVERITIES),
  isTold: flag,
});

const isPending = has<PendingAlert>({
  subject: oneOf(SUBJECTS),
  kind: oneOf(KINDS),
  severity: oneOf(SEVERITIES),
  cause: text,
  at: time,
  since: time,
  reason: text,
  failureClass: orNull(oneOf(FAILURE_CLASSES)),
});

/** Tells what was kept of a plan's alerts from garbage. */
export const isAlertState: (value: unknown) => boolean = has<AlertState>({
  troubles: has(Object.fromEntries(SUBJECTS.map((subject) => [subject, optional(isTrouble)]))),
  pending: listOf(isPending),
  pauseToldAt: orNull(time),
});
