import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RateLimit } from '../../src/lib/hub/rate-limit.ts';

test('so many within the time, then a wait until its end', () => {
  const limit = new RateLimit({ most: 2, withinMs: 1000, mostKeys: 10 });
  limit.count('a', 100);
  expect(limit.waitMs('a', 200)).toBe(0);
  limit.count('a', 200);
  expect(limit.waitMs('a', 300)).toBe(800);
  expect(limit.waitMs('b', 300)).toBe(0);
  expect(limit.waitMs('a', 1100)).toBe(0);
});

test('the wait is never negative and never longer than the time, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), at: fc.nat(5000) })), (steps) => {
      const limit = new RateLimit({ most: 2, withinMs: 1000, mostKeys: 2 });
      for (const { key, at } of steps) {
        const wait = limit.waitMs(key, at);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(1000);
        limit.count(key, at);
      }
    }),
  );
});

test('a stranger with endless addresses pushes out what was counted longest ago, and memory stays as it is', () => {
  const limit = new RateLimit({ most: 1, withinMs: 1000, mostKeys: 2 });
  limit.count('first', 0);
  limit.count('second', 1);
  expect(limit.waitMs('first', 2)).toBeGreaterThan(0);
  limit.count('third', 2);
  expect(limit.waitMs('first', 3)).toBe(0);
  expect(limit.waitMs('second', 3)).toBeGreaterThan(0);
});
