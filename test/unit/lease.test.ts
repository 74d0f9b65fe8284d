import { expect, test } from 'vitest';
import { LEASE_MS, Lease } from '../../src/lib/plan/lease.ts';
import { FakeClock } from './fake-clock.ts';

function lease(): { clock: FakeClock; lease: Lease; expired: () => number } {
  const clock = new FakeClock('2026-11-23T12:00:00Z');
  let count = 0;
  return {
    clock,
    lease: new Lease(clock, () => {
      count += 1;
    }),
    expired: () => count,
  };
}

test('a message that is nobody’s for ten minutes is lost, once', async () => {
  const { clock, lease: running, expired } = lease();
  running.start();
  await clock.pass(LEASE_MS - 1);
  expect(expired()).toBe(0);
  await clock.pass(LEASE_MS * 3);
  expect(expired()).toBe(1);
});

test('it rests while anybody holds the message, and starts anew when the last lets go', async () => {
  const { clock, lease: running, expired } = lease();
  running.start();
  await clock.pass(LEASE_MS - 1);
  const first = running.hold();
  const second = running.hold();
  first();
  first();
  await clock.pass(LEASE_MS * 10);
  expect(expired()).toBe(0);
  second();
  await clock.pass(LEASE_MS - 1);
  expect(expired()).toBe(0);
  await clock.pass(1);
  expect(expired()).toBe(1);
});

test('when nothing is on its way nothing is lost, and no timer is left', async () => {
  const { clock, lease: running, expired } = lease();
  running.start();
  running.end();
  running.hold()();
  expect(clock.pendingTimers).toBe(0);
  await clock.pass(LEASE_MS * 2);
  expect(expired()).toBe(0);
});
