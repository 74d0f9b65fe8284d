import { iso } from '../clock.ts';
import { SHORTEST_DELAY_MS } from './retry-policy.ts';
import type { PlanState, RunState } from './state.ts';

/** Smaller corrections of the clock delay nothing by more than themselves. */
const CORRECTION_MS = 2 * 3_600_000;
/** A clock that shows less is not set yet: a computer without a battery has just been started. */
const FIRST_PLAUSIBLE_MS = Date.UTC(2026, 0, 1);

/**
 * The state after the clock was put back, which shows when something that was recorded or seen lies in the future: what
 * waits for a moment of the wrong clock would wait for as long as the clock was wrong. Debts and successes stay what
 * they are. The same state when nothing is wrong.
 *
 * @param seenAt what the clock showed at the last look, ms
 * @param following finds the next slot from now on, ms; null without a schedule
 */
export function afterClockSetBack(
  state: PlanState,
  now: number,
  seenAt: number,
  following: () => number | null,
): PlanState {
  if (now < FIRST_PLAUSIBLE_MS) return state;
  const ahead = (time: string | null | undefined): boolean =>
    time != null && Date.parse(time) > now + CORRECTION_MS;
  const wasSeen = seenAt > now + CORRECTION_MS;
  let healed = state;
  const { paused, run } = state;
  if (paused !== null && ahead(paused.since)) {
    const until = paused.until === null ? null : shifted(paused.until, paused.since, now);
    healed = { ...healed, paused: { since: iso(now), until } };
  }
  if (run?.phase === 'waiting' && ahead(run.attemptStartedAt))
    return healedRun(healed, run, now, following());
  if (run === null && (wasSeen || ahead(state.lastAttemptAt) || isFirstDebtAhead(state, following))) {
    const nextAttemptAt = earlier(state.nextAttemptAt, following());
    if (nextAttemptAt !== state.nextAttemptAt) healed = { ...healed, nextAttemptAt };
  }
  return healed;
}

/** A plan that has done nothing yet is due at its next slot at the latest. */
function isFirstDebtAhead(state: PlanState, following: () => number | null): boolean {
  if (state.dueAt === null || state.lastAttemptAt !== null || state.lastSuccessAt !== null) return false;
  return Date.parse(state.dueAt) > (following() ?? Infinity);
}

function healedRun(state: PlanState, run: RunState, now: number, following: number | null): PlanState {
  const pendingAt = state.pending === null ? iso(now) : shifted(state.pending.at, run.attemptStartedAt, now);
  return {
    ...state,
    run: {
      ...run,
      startedAt: earlier(run.startedAt, now) ?? run.startedAt,
      attemptStartedAt: iso(now),
      nextSlotAt: earlier(run.nextSlotAt, following),
    },
    pending: state.pending === null ? null : { ...state.pending, at: pendingAt },
    nextAttemptAt: pendingAt,
  };
}

/** `at` as far from now as it was from `origin`, never later than it is. */
function shifted(at: string, origin: string, now: number): string {
  const distance = Math.max(SHORTEST_DELAY_MS, Date.parse(at) - Date.parse(origin));
  return earlier(at, now + distance) ?? at;
}

function earlier(time: string | null, limit: number | null): string | null {
  return time !== null && limit !== null && Date.parse(time) > limit ? iso(limit) : time;
}
