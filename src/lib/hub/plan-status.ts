import type { PlanStatus, PlanWord } from '../../protocol/protocol.ts';
import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import { overdueAt } from '../plan/overdue.ts';
import type { PlanRecord } from '../plan/record.ts';
import type { PlanState, RunState } from '../plan/state.ts';
import { plainReason } from './plain-reason.ts';
import { troubleOf } from './trouble.ts';

/** The part of a plan's record that its public status is made of. */
export type StatusFacts = Pick<
  PlanRecord,
  'key' | 'settings' | 'state' | 'progress' | 'sentences' | 'clock' | 'alerts' | 'gateDoor'
>;

/** What everybody may know of a plan now. Nothing in it comes from restic, a path or a setting but the name. */
export function publicStatus(facts: StatusFacts): PlanStatus {
  const { key, settings, state } = facts;
  const now = facts.clock.now();
  const trouble = troubleOf(state);
  const word = wordOf(state, trouble !== null);
  const late = overdueAt(state.dueAt, facts.alerts.cadenceMs(now), facts.gateDoor?.alerts.tiers);
  const overdue = late !== null && Date.parse(late) <= now;
  const failure = word === 'retrying' ? (state.run?.failureClass ?? trouble) : trouble;
  return {
    id: key,
    name: settings.name === '' ? key : settings.name,
    state: word,
    running: word === 'running',
    failed: trouble !== null,
    failure,
    overdue,
    overdueAt: late,
    paused: state.paused !== null,
    pausedUntil: state.paused?.until ?? null,
    dueAt: state.dueAt,
    nextAttemptAt: state.nextAttemptAt,
    lastSuccessAt: state.lastSuccessAt,
    lastAttemptAt: state.lastAttemptAt,
    attempt: state.run?.attempt ?? 0,
    progress: state.run?.phase === 'backing-up' ? wholePercent(facts.progress?.fraction) : null,
    reason: plainReason(facts, { word, failure, overdue }),
  };
}

/** When a status changes by the passage of time alone, ms; null: it does not. */
export function changesAt({ overdue, overdueAt: late }: PlanStatus): number | null {
  return overdue || late === null ? null : Date.parse(late);
}

function wordOf(state: PlanState, troubled: boolean): PlanWord {
  const { run, paused } = state;
  if (run === null) return paused !== null ? 'paused' : troubled ? 'failed' : 'idle';
  switch (run.phase) {
    case 'handed-out':
    case 'checking':
      return 'checking';
    case 'waiting':
      return paused === null ? waitingWord(run) : 'paused';
    case 'deciding':
      return waitingWord(run);
    default:
      return 'running';
  }
}

/** Why a run waits, or will in a moment; one that is about to end is said to run until it has. */
function waitingWord({ outcome }: RunState): PlanWord {
  switch (outcome) {
    case 'blocked':
      return 'waiting';
    case 'failed':
    case 'unverified':
    case 'interrupted':
    case 'lost':
      return 'retrying';
    default:
      return 'running';
  }
}

/** Finer steps would be a hundred events more and tell nobody anything. */
function wholePercent(fraction: number | undefined): number | null {
  if (fraction === undefined || Number.isNaN(fraction)) return null;
  return Math.floor(Math.min(1, Math.max(0, fraction)) * 100) / 100;
}

/** A plan that is deployed and cannot be run, as with settings that are wrong: it is not gone. */
export function unusableStatus(plan: { key: string; name: string }, language: Language): PlanStatus {
  return {
    id: plan.key,
    name: plan.name === '' ? plan.key : plan.name,
    state: 'failed',
    running: false,
    failed: true,
    failure: 'config',
    overdue: false,
    overdueAt: null,
    paused: false,
    pausedUntil: null,
    dueAt: null,
    nextAttemptAt: null,
    lastSuccessAt: null,
    lastAttemptAt: null,
    attempt: 0,
    progress: null,
    reason: translate(language, 'plan-status:unusable'),
  };
}
