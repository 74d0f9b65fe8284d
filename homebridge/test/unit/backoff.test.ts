import { expect, test } from 'vitest';
import { Backoff } from '../../src/backoff.ts';

test('delays double from 0.2 s to 30 s and stay there', () => {
  const backoff = new Backoff(() => 0);
  const delays = Array.from({ length: 12 }, () => backoff.next());
  expect(delays).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000, 30_000]);
});

test('chance shortens a delay by up to a half, so that clients do not come together', () => {
  const backoff = new Backoff(() => 0.999999);
  expect(backoff.next()).toBe(100);
});

test('after a good connection delays are short again, after short-lived ones not quite', () => {
  const backoff = new Backoff(() => 0);
  for (let tries = 0; tries < 20; tries += 1) backoff.next();
  backoff.restart(0);
  expect(backoff.next()).toBe(200);
  backoff.restart(3);
  expect(backoff.next()).toBe(1600);
});
