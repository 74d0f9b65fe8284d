import type { GateDefinition } from '../../nodes/retry-gate/definition.ts';
import type { FailureClass } from '../failure.ts';
import { FAILURE_CLASSES, PERMANENT_CLASSES } from '../failure.ts';
import type { RetryPolicy } from '../plan/retry-policy.ts';
import { backrestExponentialDelay, exponentialDelay, fixedDelay } from '../plan/retry-policy.ts';
import type { Situation } from '../plan/settings.ts';
import { WAIT_DELAY_MS } from '../plan/settings.ts';
import { duration } from './plan-settings.ts';

const MINUTE_MS = 60_000;
/** The dialog's default, also for flows written by hand. */
const FAILURE_BUDGET = 8;
/** Of the adaptive policy, likewise. */
const LOOKS_PER_DAY = 24;
const WAIT_FACTOR = 4;
const LOOK_AT_LEAST_EVERY_MS: number = 60 * MINUTE_MS;

/** Classes that are retried when the gate does not say. */
export const RETRIED_BY_DEFAULT: readonly FailureClass[] = FAILURE_CLASSES.filter(
  (name) => !PERMANENT_CLASSES.has(name) && name !== 'power-up-failed',
);

/**
 * A gate as stored by the editor, as the policy for plans in a situation.
 * @throws Problem that names the field
 */
export function readGatePolicy(definition: GateDefinition): (situation: Situation) => RetryPolicy {
  const name = definition.name || 'retry-gate';
  const field = (
    key: 'delay' | 'delayCap' | 'waitDelay' | 'timeLimit' | 'lookAtLeastEvery',
    otherwise: number,
  ): number => duration(definition[key], otherwise, name, key);
  const failureDelay = delayOf(definition, field('delay', 5 * MINUTE_MS), field('delayCap', 60 * MINUTE_MS));
  const waitDelayMs = field('waitDelay', 0);
  const timeLimitMs = field('timeLimit', 0);
  const rest: Omit<RetryPolicy, 'waitDelay'> = {
    failureDelay,
    ...(definition.policy === 'adaptive'
      ? {
          adaptive: {
            perDay: atLeastOne(definition.looksPerDay, LOOKS_PER_DAY),
            factor: atLeastOne(definition.waitFactor, WAIT_FACTOR),
            floorMs: Math.max(MINUTE_MS, field('lookAtLeastEvery', LOOK_AT_LEAST_EVERY_MS)),
          },
        }
      : {}),
    // Backrest's delays are exact.
    jitter: definition.policy?.startsWith('backrest-')
      ? 0
      : Math.min(Math.max(Number(definition.jitterPercent) || 0, 0), 50) / 100,
    failureBudget: budgetOf(definition.failureBudget ?? FAILURE_BUDGET),
    waitBudget: budgetOf(definition.waitBudget),
    timeLimitMs: timeLimitMs === 0 ? null : timeLimitMs,
    giveUpAtNextSlot: definition.giveUpAtNextSlot === true,
    retryClasses: new Set(
      Array.isArray(definition.retryClasses) ? definition.retryClasses : RETRIED_BY_DEFAULT,
    ),
  };
  return (situation) => ({
    ...rest,
    waitDelay: fixedDelay(waitDelayMs === 0 ? WAIT_DELAY_MS[situation] : waitDelayMs),
  });
}

function delayOf(definition: GateDefinition, first: number, cap: number): (n: number) => number {
  switch (definition.policy) {
    case 'fixed':
      return fixedDelay(first);
    case 'backrest-1-minute':
      return fixedDelay(MINUTE_MS);
    case 'backrest-10-minutes':
      return fixedDelay(10 * MINUTE_MS);
    case 'backrest-exponential':
      return backrestExponentialDelay;
    default:
      return exponentialDelay(first, cap);
  }
}

/** Empty, or nothing that makes sense: the default. */
function atLeastOne(value: number | '' | undefined, otherwise: number): number {
  const number = Number(value === '' ? Number.NaN : value);
  return number >= 1 && Number.isFinite(number) ? number : otherwise;
}

/** Empty: no limit. */
function budgetOf(value: number | '' | undefined): number | null {
  return value === '' || value === undefined || !Number.isFinite(Number(value))
    ? null
    : Math.max(0, Number(value));
}
