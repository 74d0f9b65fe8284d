import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DecisionFacts } from '../../src/lib/plan/retry-policy.ts';
import {
  backrestExponentialDelay,
  decide,
  exponentialDelay,
  fixedDelay,
  SHORTEST_DELAY_MS,
} from '../../src/lib/plan/retry-policy.ts';
import { ms, policy } from './fake-house.ts';

const failed: DecisionFacts = {
  runId: 'run1',
  attempt: 1,
  outcome: 'failed',
  failureClass: 'network',
  failures: 1,
  waits: 0,
  mayPowerUp: true,
  ageMs: 0,
};

test('delays double up to their cap and never overflow', () => {
  const delay = exponentialDelay(ms('5m'), ms('1h'));
  expect([1, 2, 3, 4, 5, 6].map(delay)).toEqual(['5m', '10m', '20m', '40m', '1h', '1h'].map(ms));
  expect(delay(100_000)).toBe(ms('1h'));
  expect(fixedDelay(ms('7m'))(99)).toBe(ms('7m'));
});

test('Backrest’s exponential preset is its own: ten seconds doubled, an hour at most', () => {
  expect([1, 2, 3, 9, 10, 50].map(backrestExponentialDelay)).toEqual(
    ['10s', '20s', '40s', '2560s', '1h', '1h'].map(ms),
  );
});

test('a class that is not retried gives up at once, whatever the budget', () => {
  expect(decide(policy(), { ...failed, failureClass: 'auth' })).toEqual({
    kind: 'give-up',
    why: 'permanent',
  });
  expect(decide(policy({ retryClasses: new Set(['auth']) }), { ...failed, failureClass: 'auth' }).kind).toBe(
    'retry',
  );
  expect(decide(policy({ retryClasses: new Set() }), { ...failed, outcome: 'blocked' }).kind).toBe('retry');
  expect(decide(policy({ retryClasses: new Set() }), { ...failed, outcome: 'lost' }).kind).toBe('retry');
});

test('a budget of n allows n retries, and the time limit ends them all', () => {
  const strict = policy({ failureBudget: 2, waitBudget: 1, timeLimitMs: ms('1h') });
  expect(decide(strict, { ...failed, failures: 2 })).toMatchObject({ kind: 'retry', used: 2, allowed: 2 });
  expect(decide(strict, { ...failed, failures: 3 })).toEqual({ kind: 'give-up', why: 'budget' });
  expect(decide(strict, { ...failed, outcome: 'blocked', waits: 1, failures: 9 })).toMatchObject({
    kind: 'retry',
    budget: 'waiting',
  });
  expect(decide(strict, { ...failed, outcome: 'blocked', waits: 2 })).toEqual({
    kind: 'give-up',
    why: 'budget',
  });
  expect(decide(strict, { ...failed, ageMs: ms('1h') })).toEqual({ kind: 'give-up', why: 'time-limit' });
});

test('jitter only lengthens, by its share at most, is the same for the same attempt, and never beats the floor', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(),
      fc.double({ min: 0, max: 0.5, noNaN: true }),
      fc.nat(ms('1h')),
      (runId, attempt, jitter, delay) => {
        const facts = { ...failed, runId, attempt };
        const chosen = policy({ jitter, failureDelay: fixedDelay(delay) });
        const decision = decide(chosen, facts);
        expect(decide(chosen, facts)).toEqual(decision);
        if (decision.kind !== 'retry') throw new Error('a retry');
        expect(decision.delayMs).toBeGreaterThanOrEqual(Math.max(delay, SHORTEST_DELAY_MS));
        expect(decision.delayMs).toBeLessThanOrEqual(
          Math.max(Math.ceil(delay * (1 + jitter)), SHORTEST_DELAY_MS),
        );
      },
    ),
  );
});
