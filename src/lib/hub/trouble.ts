import type { FailureClass } from '../failure.ts';
import type { HistoryEntry, PlanState } from '../plan/state.ts';

/** What is wrong with a plan: the class of its failure; `partial`: its last snapshot is not complete. */
export type Trouble = FailureClass | 'partial';

/** Why the last run ended without a good backup, as long as there was none since; null: nothing is wrong. */
export function troubleOf(state: PlanState): Trouble | null {
  const end = state.history.findLast(({ outcome }) => ENDS.has(outcome));
  if (end === undefined) return forgottenTrouble(state);
  if (end.outcome === 'succeeded' || isGoodSince(state, end)) return null;
  return end.outcome === 'partial' ? 'partial' : (end.failureClass ?? lastFailure(state, end.run));
}

/** A run that was only blocked or was cancelled says nothing about what was wrong before it. */
const ENDS: ReadonlySet<HistoryEntry['outcome']> = new Set(['succeeded', 'partial', 'gave-up']);

/** Accepted by a person, found in the repository, or made in a run that has not ended yet. */
function isGoodSince({ lastSuccess }: PlanState, end: HistoryEntry): boolean {
  if (lastSuccess === null) return false;
  return lastSuccess.run === end.run || Date.parse(lastSuccess.at) >= Date.parse(end.at);
}

/** The attempts of a long run have pushed the end of the one before out of the history; what was noted of it is left. */
function forgottenTrouble({ alerts, lastSuccessAt, history }: PlanState): Trouble | null {
  const { backup } = alerts.troubles;
  if (backup === undefined || backup.lastSuccessAt !== lastSuccessAt) return null;
  if (backup.causes.includes('held-back')) return 'partial';
  if (!backup.causes.some((cause) => cause.startsWith('gave-up') || cause === 'power-up-failed')) return null;
  return history.findLast(({ failureClass }) => failureClass !== undefined)?.failureClass ?? 'unknown';
}

function lastFailure({ history }: PlanState, run: string): FailureClass {
  const failed = history.findLast((entry) => entry.run === run && entry.failureClass !== undefined);
  return failed?.failureClass ?? 'unknown';
}
