import { createHash } from 'node:crypto';
import type { AdaptivePolicy } from '../adaptive/next-attempt.ts';
import type { FailureClass } from '../failure.ts';

/** No retry comes faster than this, whatever is configured: nothing may loop hot. */
export const SHORTEST_DELAY_MS = 1000;

/** What a gate does about attempts without a good backup. Durations in ms. */
export interface RetryPolicy {
  /** Delay before the n-th retry (n from 1) of a failure, without jitter. */
  readonly failureDelay: (n: number) => number;
  /** Delay before the n-th re-check (n from 1) of a precondition, without jitter. */
  readonly waitDelay: (n: number) => number;
  /** Looks for an absent device are made where it is likely to be there, and `waitDelay` is what they are bound by. */
  readonly adaptive?: AdaptivePolicy;
  /** 0 to 0.5: each delay is lengthened by up to this share. */
  readonly jitter: number;
  /** Null: no limit. */
  readonly failureBudget: number | null;
  readonly waitBudget: number | null;
  /** Null: no limit. */
  readonly timeLimitMs: number | null;
  readonly giveUpAtNextSlot: boolean;
  readonly retryClasses: ReadonlySet<FailureClass>;
}

/** The same delay each time. */
export function fixedDelay(delayMs: number): (n: number) => number {
  return () => delayMs;
}

/** `first`, doubled each time, at most `cap`. */
export function exponentialDelay(firstMs: number, capMs: number): (n: number) => number {
  return (n) => Math.min(capMs, firstMs * 2 ** Math.min(n - 1, 40));
}

/** Backrest's retry of a hook: 10 s doubled, capped at 1 h (its `hook.go`, v1.14.1). */
export const backrestExponentialDelay: (n: number) => number = exponentialDelay(10_000, 3_600_000);

/** What the gate does next about an attempt that did not succeed. */
export type Decision =
  | {
      readonly kind: 'retry';
      readonly delayMs: number;
      readonly budget: 'failure' | 'waiting';
      readonly used: number;
      readonly allowed: number | null;
    }
  | { readonly kind: 'give-up'; readonly why: 'permanent' | 'budget' | 'time-limit' };

/** The facts a decision rests on; counts are of the present budgets and include this attempt. */
export interface DecisionFacts {
  readonly runId: string;
  readonly attempt: number;
  readonly outcome: 'blocked' | 'failed' | 'lost' | 'unverified';
  readonly failureClass: FailureClass | null;
  readonly failures: number;
  readonly waits: number;
  /** Its device may be switched on once more in this slot. */
  readonly mayPowerUp: boolean;
  /** Age of the run in ms. */
  readonly ageMs: number;
}

/** Decides about one attempt. Pure: the same facts give the same delay, also after a restart. */
export function decide(policy: RetryPolicy, facts: DecisionFacts): Decision {
  if (policy.timeLimitMs !== null && facts.ageMs >= policy.timeLimitMs)
    return { kind: 'give-up', why: 'time-limit' };
  const waiting = facts.outcome === 'blocked';
  if (
    facts.outcome === 'failed' &&
    facts.failureClass !== null &&
    !policy.retryClasses.has(facts.failureClass) &&
    // A drive that did not come gets its second chance whatever the gate retries.
    !(facts.failureClass === 'power-up-failed' && facts.mayPowerUp)
  ) {
    return { kind: 'give-up', why: 'permanent' };
  }
  const used = waiting ? facts.waits : facts.failures;
  const allowed = waiting ? policy.waitBudget : policy.failureBudget;
  if (allowed !== null && used > allowed) return { kind: 'give-up', why: 'budget' };
  const delay = (waiting ? policy.waitDelay : policy.failureDelay)(Math.max(1, used));
  const share =
    createHash('sha256').update(`${facts.runId}/${facts.attempt}`).digest().readUInt32BE(0) / 2 ** 32;
  return {
    kind: 'retry',
    delayMs: Math.max(SHORTEST_DELAY_MS, Math.round(delay * (1 + policy.jitter * share))),
    budget: waiting ? 'waiting' : 'failure',
    used,
    allowed,
  };
}
