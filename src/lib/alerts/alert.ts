import type { PlanCommand } from '../plan/commands.ts';

/** How much an alert matters, the least first. `info`: something waits for you; nothing is broken. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What an alert is about. */
export type AlertKind =
  /** The last good backup is too old. */
  | 'late'
  /** A run ended without a good backup, and not for want of a device. */
  | 'gave-up'
  /** The device was switched on and did not come. */
  | 'power-up-failed'
  /** A snapshot was made, but a guard takes it for incomplete and holds back the removal of old ones. */
  | 'held-back'
  /** The last good snapshot is no longer in the repository. */
  | 'snapshot-vanished'
  /** What follows a good backup (removing old snapshots, prune, check) failed. */
  | 'maintenance-failed'
  /** The plan has been paused for long, without an end. */
  | 'paused'
  /** What an earlier alert told of is over. */
  | 'recovered';

/** What a person can answer, ready for a notification with buttons. */
export interface AlertAnswer {
  /** `lastgood/<command>[=<duration>]/<keys>`: as text in the input of a plan or its gate it does what `label` says. */
  readonly id: string;
  /** In the server's language. */
  readonly label: string;
  /** The same as a message for the input of a plan or its gate. */
  readonly message: {
    readonly payload: {
      readonly command: PlanCommand;
      readonly for?: string;
      readonly plans: readonly string[];
    };
  };
}

/** `msg.backup.alert`; `msg.topic` is its title, `msg.payload` its text. */
export interface Alert {
  readonly kind: AlertKind;
  readonly severity: Severity;
  readonly title: string;
  /** One paragraph: what happened, since when, and what to do. */
  readonly text: string;
  /** What to do, the last part of `text`; empty where there is nothing to do. */
  readonly advice: string;
  /** When the trouble began, ISO 8601 UTC. */
  readonly since: string;
  /** Whom it is about: more than one where several plans wait for the same device. */
  readonly plans: readonly { readonly plan: string; readonly name: string }[];
  readonly answers: readonly AlertAnswer[];
}

/** Whether the first severity is higher than the second; null is none at all. */
export function isAbove(severity: Severity, other: Severity | null): boolean {
  return other === null || SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(other);
}
