import { iso } from '../clock.ts';
import { SHORTEST_DELAY_MS } from './retry-policy.ts';
import type { PlanState } from './state.ts';

/** Smaller corrections of the clock delay nothing by more than themselves. */
const CORRECTION_MS = 2 * 3_600_000;
/** A clock that shows less is not set yet: a computer without a battery has just been started. */
const FIRST_PLAUSIBLE_MS = Date.UTC(2026, 0, 1);

/**
 * The state after the clock was put back: what waits for a moment of the wrong clock would wait for as long as the clock
 * was wrong, and a debt that begins then would be late for nobody. Successes, and debts that have begun, stay what they
 * are. The same state when the clock was not put back.
 *
 * @param seenAt what this process saw the clock show at its last look, ms
 * @param following finds the next slot from now on, ms; null without a schedule
 */
export function afterClockSetBack(
  state: PlanState,
  now: number,
  seenAt: number,
  following: () => number | null,
): PlanState {
  const wrongAt = Math.max(seenAt, Date.parse(state.changedAt ?? '') || 0);
  if (now < FIRST_PLAUSIBLE_MS || wrongAt <= now + CORRECTION_MS) return state;
  const { paused, run, pending } = state;
  const slot = following();
  const asFar = (at: string): string =>
    earlier(at, now + Math.max(SHORTEST_DELAY_MS, Date.parse(at) - wrongAt)) ?? at;
  const notAfter = (dueAt: string | null): string | null => earlier(dueAt, slot);
  const healed: PlanState = {
    ...state,
    dueAt: notAfter(state.dueAt),
    drives: state.drives.map((drive) => ({ ...drive, dueAt: notAfter(drive.dueAt) })),
    changedAt: iso(now),
    paused: paused && {
      since: earlier(paused.since, now) ?? paused.since,
      until: paused.until && asFar(paused.until),
    },
  };
  if (run === null) return { ...healed, nextAttemptAt: earlier(state.nextAttemptAt, slot) };
  const retryAt = pending && asFar(pending.at);
  return {
    ...healed,
    run: {
      ...run,
      startedAt: earlier(run.startedAt, now) ?? run.startedAt,
      attemptStartedAt: earlier(run.attemptStartedAt, now) ?? run.attemptStartedAt,
      nextSlotAt: earlier(run.nextSlotAt, slot),
    },
    pending: pending && { ...pending, at: retryAt ?? pending.at },
    nextAttemptAt: retryAt,
  };
}

function earlier(time: string | null, limit: number | null): string | null {
  return time !== null && limit !== null && Date.parse(time) > limit ? iso(limit) : time;
}
