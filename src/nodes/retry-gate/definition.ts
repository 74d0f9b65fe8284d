import type { FailureClass } from '../../lib/failure.ts';

export const RETRY_POLICIES = [
  'exponential',
  'fixed',
  'adaptive',
  'backrest-1-minute',
  'backrest-10-minutes',
  'backrest-exponential',
] as const;
export type RetryPolicyName = (typeof RETRY_POLICIES)[number];

/** What the editor stores for a `retry-gate`. Durations are texts such as `5m`; empty texts mean "not set". */
export interface GateDefinition {
  name: string;
  /** Ids of the `backup-plan` nodes it owns; empty: all plans of its tab. */
  plans: string[];
  policy: RetryPolicyName;
  /** First delay (exponential) or the delay (fixed). */
  delay: string;
  /** Cap of the exponential delay. */
  delayCap: string;
  /** 0 to 50. */
  jitterPercent: number;
  /** Retries after failures within a run; empty: no limit. */
  failureBudget: number | '';
  /** Re-checks while waiting for a precondition; empty: no limit. */
  waitBudget: number | '';
  /** How often to look again while waiting; empty: as suits the plan's situation. */
  waitDelay: string;
  /** Adaptive: looks that the prediction spreads over a day of waiting. */
  looksPerDay: number | '';
  /** Adaptive: at most so many times the ordinary wait between two looks. */
  waitFactor: number | '';
  /** Adaptive: at least one look in this time. */
  lookAtLeastEvery: string;
  /** A run that is older than this ends; empty: no limit. */
  timeLimit: string;
  /** End the run when the next slot comes, instead of going on with fresh budgets. */
  giveUpAtNextSlot: boolean;
  /** Failure classes that are retried. */
  retryClasses: FailureClass[];
  /** From which lateness on each tier speaks: `3x` (the plan's cadence), a duration such as `2d`, `never`; empty: default. */
  alertInfo: string;
  alertWarning: string;
  alertCritical: string;
  /** Hours in which only what is critical is told, such as `22:00` to `07:00`; both empty: none. */
  quietFrom: string;
  quietTo: string;
  /** One alert for all plans that wait for the same device. */
  gatherAlerts: boolean;
  /** Name of a context store; empty: the default store. */
  contextStore: string;
}
