import { describe, expect, test } from 'vitest';
import { iso } from '../../src/lib/clock.ts';
import type { FailureClass } from '../../src/lib/failure.ts';
import type { PlanState, RunState, SuccessRecord } from '../../src/lib/plan/state.ts';
import { newPlanState } from '../../src/lib/plan/state.ts';
import {
  attemptBlocked,
  attemptFailed,
  attemptPartial,
  beginRun,
  endRun,
  handOut,
  stampSuccess,
} from '../../src/lib/plan/transitions.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const DEBT = { dueAt: NOW + 86_400_000, perDrive: false };
const success = (repositoryId: string, at: number): SuccessRecord => ({
  at: iso(at),
  snapshotId: `s-${repositoryId}-${at}`,
  repositoryId,
  run: null,
  figures: null,
});
const after = (...successes: SuccessRecord[]): PlanState =>
  successes.reduce<PlanState>(
    (state, one) => stampSuccess(state, one, DEBT),
    newPlanState('photos', 'Photos'),
  );

describe('a stamped success', () => {
  test('is not moved back by an older one that is found later, and is no longer asked for', () => {
    const state = { ...after(success('a', NOW)), testimonyOwed: true };
    const later = stampSuccess(state, success('a', NOW - 1), DEBT);
    expect(later.lastSuccess).toEqual(success('a', NOW));
    expect(later.testimonyOwed).toBe(false);
  });

  test('gives way to one of the same moment, which was seen now', () => {
    expect(after(success('a', NOW), success('b', NOW)).lastSuccess?.repositoryId).toBe('b');
  });

  test('of an older snapshot still tells of its repository', () => {
    expect(after(success('a', NOW), success('b', NOW - 1)).acceptedRepositories).toEqual(['a', 'b']);
  });

  test('of more than eight repositories the ones seen last are kept, each once', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'i'];
    const state = after(...names.map((name, at) => success(name, NOW + at)));
    expect(state.acceptedRepositories).toEqual(names.slice(1, 9));
  });
});

describe('the history of a run that is over', () => {
  const last = success('a', NOW);
  const partial = success('a', NOW + 1);
  const state: PlanState = { ...after(last), lastPartial: partial };
  const entryOf = (
    end: 'succeeded' | 'partial' | 'gave-up',
    failureClass: RunState['failureClass'],
  ): object => {
    const run = { id: 'r', attempt: 2, failureClass, blockedBy: null } as RunState;
    const facts = { at: NOW, end, reason: 'So.', nextAttemptAt: null, why: '' };
    return endRun(state, run, facts).history.at(-1) ?? {};
  };

  test('names the snapshot that it made, and none that it did not make', () => {
    expect(entryOf('succeeded', null)).toMatchObject({ snapshotId: last.snapshotId });
    expect(entryOf('partial', null)).toMatchObject({ snapshotId: partial.snapshotId });
    expect(entryOf('gave-up', null)).not.toHaveProperty('snapshotId');
  });

  test('names the class of a failure, and nothing where there was none', () => {
    expect(entryOf('gave-up', 'network')).toMatchObject({ failureClass: 'network' });
    expect(entryOf('succeeded', null)).not.toHaveProperty('failureClass');
  });

  test('a missing record of the snapshot is no error', () => {
    const run = { id: 'r', attempt: 1, failureClass: null, blockedBy: null } as RunState;
    const facts = { at: NOW, reason: '', nextAttemptAt: null, why: '' };
    for (const end of ['succeeded', 'partial'] as const) {
      const bare = endRun(newPlanState('a', 'A'), run, { ...facts, end });
      expect(bare.history).toHaveLength(1);
    }
  });
});

test('a partial attempt says whether a guard made it so, and the attempt after it does not', () => {
  const facts = { at: NOW, trigger: 'schedule', run: 'r', nextSlotAt: null, why: '' } as const;
  const begun = beginRun(newPlanState('photos', 'Photos'), facts);
  const isHeldBack = ({ run }: PlanState): boolean | undefined => run?.heldBack;
  expect(isHeldBack(begun)).toBe(false);
  const partial = success('a', NOW);
  const outcome = { at: NOW, partial, reason: 'It shrank.' };
  const { run } = begun;
  if (run === null) throw new Error('no run');
  expect(isHeldBack(attemptPartial(begun, run, { ...outcome, heldBack: false }))).toBe(false);
  const guarded = attemptPartial(begun, run, { ...outcome, heldBack: true });
  expect(isHeldBack(guarded)).toBe(true);
  expect(isHeldBack(handOut(guarded, guarded.run ?? run, { at: NOW, why: '' }))).toBe(false);
});

describe('an attempt that came to nothing', () => {
  const state = newPlanState('photos', 'Photos');
  const run = (changes: Partial<RunState>): RunState =>
    ({ id: 'r', attempt: 1, failures: 0, waits: 0, process: null, ...changes }) as RunState;

  test('a device that was switched on in vain is counted, and nothing else is', () => {
    const vain = (failureClass: FailureClass): number | undefined => {
      const facts = { at: NOW, outcome: 'failed', failureClass, reason: '', claim: null } as const;
      return attemptFailed(state, run({ vainPowerUps: 1 }), facts).run?.vainPowerUps;
    };
    expect(vain('power-up-failed')).toBe(2);
    expect(vain('network')).toBe(1);
    const blocked = (inVain: boolean): number | undefined =>
      attemptBlocked(state, run({}), { at: NOW, blockedBy: 'mount', reason: 'No.', inVain }).run
        ?.vainPowerUps;
    expect([blocked(true), blocked(false)]).toEqual([1, 0]);
  });

  test('a check that said no is in the history', () => {
    const noted = attemptBlocked(state, run({}), { at: NOW, blockedBy: 'mount', reason: 'No.' });
    expect(noted.history).toEqual([
      { at: iso(NOW), run: 'r', attempt: 1, outcome: 'blocked', reason: 'No.', blockedBy: 'mount' },
    ]);
  });
});
