import { learn } from '../../src/lib/adaptive/learn.ts';
import { newModel } from '../../src/lib/adaptive/model.ts';
import { nextAttempt, spend } from '../../src/lib/adaptive/next-attempt.ts';
import { backrestExponentialDelay, exponentialDelay } from '../../src/lib/plan/retry-policy.ts';
import { HOUR_MS } from './presence.ts';

/** One who decides when to look again. Times in ms since the epoch. */
export interface Watcher {
  /** It looked. */
  sees(at: number, there: boolean): void;
  /** The next look after the n-th (from 1) in a wait that began at `since`. */
  next(now: number, since: number, n: number): number;
}

export type Policy = () => Watcher;

const blind = (delay: (n: number) => number): Policy => {
  return () => ({ sees() {}, next: (now, _since, n) => now + delay(n) });
};

/** Looks at even intervals, in ms. */
export function fixed(intervalMs: number): Policy {
  return blind(() => intervalMs);
}

/** Looks where it has learned to; `floorMs` keeps the looks of a plain interval too. */
export function adaptive(perDay: number, floorMs: number): Policy {
  return () => {
    const model = newModel();
    const choice = { perDay, factor: 1, floorMs };
    return {
      sees(at, there) {
        learn(model, at, there, () => 0);
        spend(model, at);
      },
      next: (now, since) => nextAttempt(model, choice, { now, since, ordinaryMs: floorMs }, () => 0).at,
    };
  };
}

export const POLICIES: Readonly<Record<string, Policy>> = {
  'fixed 15 min': fixed(HOUR_MS / 4),
  'fixed 1 h': fixed(HOUR_MS),
  'fixed 6 h': fixed(6 * HOUR_MS),
  'exponential 1 min to 1 h': blind(exponentialDelay(60_000, HOUR_MS)),
  'exponential 1 min to 6 h': blind(exponentialDelay(60_000, 6 * HOUR_MS)),
  'exponential 1 min to 24 h': blind(exponentialDelay(60_000, 24 * HOUR_MS)),
  'Backrest 1 min': fixed(60_000),
  'Backrest 10 min': fixed(600_000),
  'Backrest 10 s to 1 h': blind(backrestExponentialDelay),
  'adaptive 24 a day': adaptive(24, 2 * HOUR_MS),
  'adaptive, hourly floor': adaptive(24, HOUR_MS),
};
