import { describe, expect, test } from 'vitest';
import type { PlanState, SuccessRecord } from '../../src/lib/plan/state.ts';
import { newPlanState } from '../../src/lib/plan/state.ts';
import { isPlanState } from '../../src/lib/plan/state-shape.ts';

const AT = '2026-11-23T12:00:00.000Z';
const SUCCESS: SuccessRecord = {
  at: AT,
  snapshotId: 'ab12',
  repositoryId: 'repo',
  run: 'r',
  figures: {
    filesNew: 1,
    filesChanged: 0,
    filesUnmodified: 0,
    filesTotal: 1,
    bytesTotal: 9,
    bytesAdded: 9,
    durationMs: 5,
  },
};
const RUN = {
  id: 'r',
  trigger: 'schedule',
  startedAt: AT,
  attempt: 2,
  attemptStartedAt: AT,
  phase: 'waiting',
  checked: true,
  outcome: 'failed',
  failureClass: 'network',
  reason: 'No.',
  failures: 1,
  waits: 0,
  everFailed: true,
  freeRestartUsed: false,
  process: { pid: 4711, startTicks: 12 },
  claim: { snapshotId: 'ab12', time: AT },
  nextSlotAt: AT,
};
const FULL = {
  ...newPlanState('photos', 'Photos'),
  dueAt: AT,
  nextAttemptAt: AT,
  pending: { attempt: 3, at: AT, budget: 'failure', used: 1, allowed: null, because: 'No.' },
  paused: { since: AT, until: AT },
  run: RUN,
  lastSuccessAt: AT,
  lastPartialAt: AT,
  lastAttemptAt: AT,
  lastSuccess: SUCCESS,
  lastPartial: SUCCESS,
  acceptedRepositories: ['repo'],
  drives: [{ repositoryId: 'repo', lastSuccessAt: AT, lastSnapshotId: 'ab12', dueAt: AT }],
  history: [{ at: AT, run: 'r', attempt: 1, outcome: 'failed', reason: 'No.' }],
} as unknown as PlanState;

/** The state with the value at a path replaced. */
function changed(path: readonly string[], value: unknown, from: unknown = FULL): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const inner = (from as Record<string, unknown>)[name];
  const copy: Record<string, unknown> = Array.isArray(from) ? ([...from] as never) : { ...(from as object) };
  copy[name] = changed(rest, value, inner);
  return copy;
}

const TIMES = [
  'dueAt',
  'nextAttemptAt',
  'pending.at',
  'paused.since',
  'paused.until',
  'run.startedAt',
  'run.attemptStartedAt',
  'run.claim.time',
  'run.nextSlotAt',
  'lastSuccessAt',
  'lastPartialAt',
  'lastAttemptAt',
  'lastSuccess.at',
  'lastPartial.at',
  'drives.0.lastSuccessAt',
  'drives.0.dueAt',
];
const COUNTS = [
  'revision',
  'pending.attempt',
  'run.attempt',
  'run.failures',
  'run.waits',
  'run.process.pid',
  'run.process.startTicks',
  'lastSuccess.figures.filesTotal',
  'lastSuccess.figures.bytesTotal',
  'lastSuccess.figures.durationMs',
];
const TEXTS = [
  'plan',
  'schedule',
  'run.id',
  'run.trigger',
  'run.outcome',
  'run.failureClass',
  'run.reason',
  'run.claim.snapshotId',
  'lastSuccess.snapshotId',
  'lastSuccess.repositoryId',
  'drives.0.repositoryId',
  'drives.0.lastSnapshotId',
];
const FLAGS = ['testimonyOwed', 'run.checked', 'run.everFailed', 'run.freeRestartUsed'];
const LISTS = ['acceptedRepositories', 'drives', 'history'];

describe('a whole state is one; with anything else in one place it is none', () => {
  test('the whole one, a new one, and one of version 0.1', () => {
    const { drives: _drives, ...old } = FULL;
    for (const state of [FULL, newPlanState('a', 'A'), old]) expect(isPlanState(state)).toBe(true);
  });

  test.each<[string, readonly string[], readonly unknown[]]>([
    ['a time', TIMES, ['tomorrow', '', 7, {}, []]],
    ['a count', COUNTS, [-1, 1.5, '1', Number.NaN, 2 ** 60, {}]],
    ['a text', TEXTS, [7, {}, [], true]],
    ['a truth value', FLAGS, [0, 'yes', null, {}]],
    ['a list', LISTS, ['text', {}, 7, null]],
    ['a phase', ['run.phase'], ['', 'sleeping', 7, null, 'toString']],
    ['an object', ['run', 'pending', 'paused', 'lastSuccess', 'lastPartial'], ['text', 7, true, [], {}]],
    ['a version', ['schema'], [0, 2, '1', null]],
  ])('%s', (_what, paths, values) => {
    for (const path of paths) {
      for (const value of values) expect(isPlanState(changed(path.split('.'), value)), path).toBe(false);
    }
  });

  test('an attempt is counted from 1', () => {
    expect(isPlanState(changed(['run', 'attempt'], 0))).toBe(false);
    expect(isPlanState(changed(['run', 'attempt'], 1))).toBe(true);
  });

  test.each([
    'handed-out',
    'checking',
    'ready',
    'queued',
    'backing-up',
    'verifying',
    'retention',
    'deciding',
    'waiting',
  ])('%s is a phase', (phase) => {
    expect(isPlanState(changed(['run', 'phase'], phase))).toBe(true);
  });

  test.each([null, undefined, 7, 'text', [], {}])('%j is none', (value) => {
    expect(isPlanState(value)).toBe(false);
  });
});
