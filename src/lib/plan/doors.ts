import type { AlertPolicy } from '../alerts/policy.ts';
import type { Carried } from '../message.ts';
import type { Problem } from '../problem.ts';
import type { Snapshot } from '../restic/outcome.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { Situation } from './settings.ts';
import type { PlanState } from './state.ts';

// What a record needs from outside. Nodes come and go with each deploy; the record stays.

/** The plan node. */
export interface PlanDoor {
  /** Sends a message from an output of the plan node. */
  send(port: 'run' | 'not-now' | 'power', message: Carried): void;
  /** The state changed: show it. */
  refresh(): void;
  /** Something a person should know that belongs to no message. */
  warn(problem: Problem): void;
  /** The plan cannot be run at all; its node shows why. */
  refuse(problem: Problem): void;
}

/** The retry-gate that owns the plan. */
export interface GateDoor {
  /** Node id. */
  readonly id: string;
  policyFor(situation: Situation): RetryPolicy;
  /** Sends a message from an output of the gate; `try-again` starts at the plan when that port has no wire. */
  send(port: 'try-again' | 'good-backup' | 'ended' | 'alert', message: Carried): void;
  /** Whether the `try-again` port has a wire. */
  readonly triesAgainByWire: boolean;
  /** When people are told of trouble. */
  readonly alerts: AlertPolicy;
  /** Whether the `alert` port has a wire: until then alerts wait. */
  readonly hearsAlerts: boolean;
  refresh(): void;
  /** Writes the public mirror of the state; must never throw or block. */
  mirror(state: PlanState): void;
}

/** The device that a plan's backups need: it is switched on and mounted for them, and released after them. */
export interface DeviceDoor {
  /** Its name, for people. */
  readonly name: string;
  /** It is on because we switched it on. */
  readonly isOurs: boolean;
  /** Has it switched on. Resolves when that was asked for, with true when it is on because of us. Never rejects. */
  switchOn(): Promise<boolean>;
  /**
   * Mounts it, where that is ours to do. Never rejects: what did not come is seen by who looks at it next.
   *
   * @param patiently waits until it is there, for as long as it may take from being switched on
   */
  arrive(patiently: boolean, signal: AbortSignal): Promise<void>;
  /** Its plug said that it is on or off. `echo`: because we have just told it so. */
  heard(power: 'on' | 'off'): 'echo' | 'news';
  /** Its plug is on or off: a state that was told when somebody began to listen, and no change. */
  learns(power: 'on' | 'off'): void;
  /** The plan's state changed: the device may have to be released. */
  reconsider(): void;
}

/** The repository as the last witness of what was backed up. */
export interface Witness {
  /** What the repository knows of this plan and host. Rejects when it cannot be asked now. */
  newestGood(planKey: string, host: string): Promise<WitnessAnswer>;
  /** The user says that the repository that is there now, or will be, is the right one. */
  accept(): Promise<void>;
}

/** What a repository answers when it is asked for the past of a plan. */
export interface WitnessAnswer {
  /** The newest snapshot of the plan and host that is not tagged incomplete; undefined when there is none. */
  readonly newest: Testimony | undefined;
  /** Other hosts with snapshots of this plan's key: perhaps the first machine of a copied flow. */
  readonly otherHosts: readonly string[];
}

/** A snapshot that the repository shows now. */
export interface Testimony {
  readonly snapshot: Snapshot;
  readonly repositoryId: string;
}
