import { expect, test } from 'vitest';
import type { FailureClass } from '../../src/lib/failure.ts';
import { House, ms, policy } from './fake-house.ts';

const NO_CLASS: ReadonlySet<FailureClass> = new Set();

test('a look for a snapshot is repeated whatever classes the gate retries, and no other backup is made', async () => {
  const house = new House();
  house.policy = policy({ retryClasses: NO_CLASS });
  house.restic.ends = 'unverified';
  await house.plan();
  expect(house.state.run).toMatchObject({ phase: 'waiting', outcome: 'unverified' });
  await house.passes('2h');
  expect(house.resticStarts).toHaveLength(1);
  expect(house.looks.length).toBeGreaterThan(1);
});

test('a message that was lost is sent again whatever classes the gate retries', async () => {
  const house = new House();
  house.policy = policy({ retryClasses: NO_CLASS });
  house.eaten.add('backup-plan');
  await house.plan();
  house.eaten.clear();
  await house.passes('11m');
  expect(house.state.run ?? house.ends.at(-1)).not.toBe('gave-up');
  await house.passes('2h');
  expect(house.ends).toEqual(['succeeded']);
});

test('a failure of a class that is not retried ends the run at once', async () => {
  const house = new House();
  house.policy = policy({ retryClasses: NO_CLASS });
  house.restic.ends = 'network';
  await house.plan();
  expect(house.state.run).toBeNull();
  expect(house.ends).toEqual(['gave-up']);
});

test('a drive that came while its check was still looking is used after the settle time, not the delay', async () => {
  const house = new House();
  house.check.passes = false;
  house.check.takes = ms('1m');
  await house.plan({ settle: '30s' });
  await house.appears();
  await house.passes('1m');
  expect(house.state.run).toMatchObject({ phase: 'waiting', outcome: 'blocked' });
  expect(house.minutesUntil(house.state.nextAttemptAt)).toBe(0.5);
  house.check.passes = true;
  await house.passes('2m');
  expect(house.ends).toEqual(['succeeded']);
});
