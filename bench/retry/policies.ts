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
      },
      next(now, since) {
        spend(model, now);
        return nextAttempt(model, choice, { now, since, ordinaryMs: floorMs }, () => 0).at;
      },
    };
  };
}

/**
 * Fixed intervals from a minute to a day, close together, none of them a whole number of minutes: the devices of the
 * traces were looked at on such a grid, and would be met or missed for that alone.
 */
export const FRONTIER: readonly Policy[] = Array.from({ length: 34 }, (_, n) =>
  fixed(Math.round(61_803 * 2 ** (n * 0.3183))),
);

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
  'adaptive, 2 h floor': adaptive(24, 2 * HOUR_MS),
  'adaptive, hourly floor': adaptive(24, HOUR_MS),
};
