import type { PlanStatus } from '../../src/protocol/protocol.ts';

/** A plan at rest with a good backup, except for what is said otherwise. */
export function plan(differing: Partial<PlanStatus> = {}): PlanStatus {
  return {
    id: 'photos',
    name: 'Photos',
    state: 'idle',
    running: false,
    failed: false,
    failure: null,
    overdue: false,
    overdueAt: '2026-11-30T12:00:00Z',
    paused: false,
    pausedUntil: null,
    dueAt: '2026-11-29T12:00:00Z',
    nextAttemptAt: '2026-11-29T12:00:00Z',
    lastSuccessAt: '2026-11-28T12:00:00Z',
    lastAttemptAt: '2026-11-28T12:00:00Z',
    attempt: 0,
    progress: null,
    reason: 'The next backup is at 12:00.',
    ...differing,
  };
}

/** Restic works on it. */
export const RUNNING: Partial<PlanStatus> = {
  state: 'running',
  running: true,
  attempt: 1,
  nextAttemptAt: null,
  reason: 'Backing up.',
};
