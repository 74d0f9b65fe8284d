import type { FailureClass } from '../failure.ts';
import { meansAbsent } from './power-up.ts';
import type { PlanState } from './state.ts';

/** Failures of a device that is not there. */
const AWAY: ReadonlySet<FailureClass> = new Set(['device-unavailable', 'power-up-failed', 'repo-missing']);

/** Why a plan has no new backup. */
export interface InTheWay {
  /** Its device or repository is not there: somebody can plug it in. */
  readonly isAbsent: boolean;
  /** One sentence; empty when nothing has been tried. */
  readonly reason: string;
}

/** What kept the last attempt of a plan from being a good backup. */
export function inTheWay({ run, history }: PlanState): InTheWay {
  const last = history.at(-1);
  // While the next attempt is being made, the history tells of the last one.
  const tried = run === null || run.outcome === null ? last : run;
  if (tried === undefined || tried.outcome === 'succeeded') return { isAbsent: false, reason: '' };
  const { blockedBy, failureClass, reason } = tried;
  return {
    isAbsent: meansAbsent(blockedBy ?? null) || (failureClass != null && AWAY.has(failureClass)),
    reason,
  };
}
