import { describe, expect, test } from 'vitest';
import { iso } from '../../src/lib/clock.ts';
import { startWhatIsOwed } from '../../src/lib/plan/owed.ts';
import type { PlanRecord } from '../../src/lib/plan/record.ts';
import type { RetryPolicy } from '../../src/lib/plan/retry-policy.ts';
import type { PlanState, RunState } from '../../src/lib/plan/state.ts';
import { newPlanState } from '../../src/lib/plan/state.ts';
import { policy } from './fake-house.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const MINUTE = 60_000;

/** What a plan in this state is told to do at `NOW`. */
function done(state: Partial<PlanState>, rules?: Partial<RetryPolicy>, catchUp = true): string[] {
  const calls: string[] = [];
  const record = {
    state: { ...newPlanState('photos', 'Photos'), ...state },
    policy: rules === undefined ? undefined : policy(rules),
    settings: { catchUp },
    presence: { isWhy: () => false },
    carried: {},
    sentences: { say: (key: string) => key, next: () => 'next' },
    decisions: {
      endWithoutBackup: () => 'gave-up',
      finish: (_run: RunState, end: string, facts: { reason: string; nextAttemptAt?: number }) =>
        void calls.push(`${end} ${facts.reason} ${facts.nextAttemptAt ?? ''}`.trim()),
    },
    startRun: (trigger: string) => void calls.push(trigger),
    followingSlot: () => NOW + 99 * MINUTE,
    put: ({ nextAttemptAt, run }: PlanState) => void calls.push(`put ${nextAttemptAt} ${run?.failures}`),
    tryAgain: () => void calls.push('try again'),
  };
  startWhatIsOwed(record as unknown as PlanRecord, NOW);
  return calls;
}

describe('a plan at rest', () => {
  test.each([
    ['not before its time', NOW + 1, []],
    ['at its time', NOW, ['schedule']],
    ['five minutes late: still the slot', NOW - 5 * MINUTE, ['schedule']],
    ['later than that: it pays for slots that were missed', NOW - 5 * MINUTE - 1, ['catch-up']],
  ])('%s', (_what, at, calls) => {
    expect(done({ nextAttemptAt: iso(at) })).toEqual(calls);
  });

  test('without catching up it waits for the following slot', () => {
    const calls = done({ nextAttemptAt: iso(NOW - 6 * MINUTE) }, {}, false);
    expect(calls).toEqual([`put ${iso(NOW + 99 * MINUTE)} undefined`]);
  });

  test('without a time it starts nothing', () => {
    expect(done({})).toEqual([]);
  });
});

describe('a run that waits', () => {
  const waiting = (
    startedAt: number,
    pendingAt: number | null,
    nextSlotAt: number | null,
  ): Partial<PlanState> =>
    ({
      run: {
        phase: 'waiting',
        reason: 'No.',
        failures: 5,
        startedAt: iso(startedAt),
        nextSlotAt: nextSlotAt === null ? null : iso(nextSlotAt),
      },
      pending: pendingAt === null ? null : { at: iso(pendingAt) },
      nextAttemptAt: pendingAt === null ? null : iso(pendingAt),
    }) as Partial<PlanState>;
  const HOUR = 60 * MINUTE;

  test.each([
    ['goes on at its time', NOW, ['try again']],
    ['and not before', NOW + 1, []],
    ['and at once where no time is known', null, ['try again']],
  ])('%s', (_what, at, calls) => {
    expect(done(waiting(NOW - HOUR, at, null), {})).toEqual(calls);
    expect(done(waiting(NOW - HOUR, at, NOW + 1)), 'also without a gate').toEqual(calls);
  });

  test('ends at the moment when its time is up, and says so', () => {
    expect(done(waiting(NOW - HOUR, NOW + 1, null), { timeLimitMs: HOUR })).toEqual(['gave-up limit']);
    expect(done(waiting(NOW - HOUR, NOW + 1, null), { timeLimitMs: HOUR + 1 })).toEqual([]);
  });

  test('ends at a new slot where the gate wants that, and the slot starts a run of its own', () => {
    const calls = done(waiting(NOW - HOUR, NOW + 1, NOW), { giveUpAtNextSlot: true });
    expect(calls).toEqual([`gave-up newSlot ${NOW}`]);
  });

  test('else goes on at a new slot at once, with fresh counts', () => {
    for (const rules of [{ giveUpAtNextSlot: false }, undefined]) {
      const calls = done(waiting(NOW - HOUR, NOW + HOUR, NOW), rules);
      expect(calls).toEqual([`put ${iso(NOW + HOUR)} 0`, 'try again']);
    }
  });
});
