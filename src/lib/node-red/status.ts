import { isAbove } from '../alerts/alert.ts';
import { openSeverity } from '../alerts/trouble.ts';
import type { CheckReport, CheckResult } from '../checks/check.ts';
import { firstObstacle } from '../checks/obstacle.ts';
import { roughDuration } from '../duration.ts';
import type { HouseState } from '../hub/house.ts';
import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import type { PlanRecord } from '../plan/record.ts';
import type { RunState } from '../plan/state.ts';
import type { TextValues } from '../problem.ts';
import type { MaintenanceStep } from '../restic/maintenance-result.ts';
import type { BackupOutcome, Progress } from '../restic/outcome.ts';
import { formatSize } from '../size.ts';

/** Node-RED's status of a node. */
export interface NodeStatus {
  fill: 'red' | 'green' | 'yellow' | 'blue' | 'grey';
  shape: 'dot' | 'ring';
  text: string;
}

/** Longest text that fits under a node. */
const LONGEST_TEXT = 40;

/** A status with a text of `locales/<language>/status.json`, cut to what fits under a node. */
export function status(
  language: Language,
  look: `${NodeStatus['fill']} ${NodeStatus['shape']}`,
  key: string,
  values: TextValues = {},
): NodeStatus {
  const [fill, shape] = look.split(' ') as [NodeStatus['fill'], NodeStatus['shape']];
  return { fill, shape, text: shortened(translate(language, `status:${key}`, values)) };
}

/** At most 40 characters. */
export function shortened(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1).trimEnd()}…`;
}

/** What a plan is doing: running with percent, waiting and why, late by how much, next due. */
export function planStatus(record: PlanRecord, options: { gateMissing: boolean }): NodeStatus {
  const { state, sentences } = record;
  const { language } = sentences;
  const now = record.clock.now();
  const { run, paused } = state;
  if (run !== null && run.phase !== 'waiting' && run.phase !== 'deciding') return runningStatus(record);
  if (paused !== null) {
    const until = paused.until;
    if (until === null) return status(language, 'grey ring', 'paused');
    return status(language, 'grey ring', 'pausedUntil', { time: sentences.when(Date.parse(until), now) });
  }
  if (run !== null) {
    const waiting = run.outcome === 'blocked';
    const look = waiting ? 'yellow ring' : 'yellow dot';
    const reason = shortReason(run, language);
    if (state.pending === null) return { ...status(language, look, 'starting'), text: reason };
    const { attempt, at } = state.pending;
    return status(language, look, 'retry', { attempt, time: sentences.when(Date.parse(at), now), reason });
  }
  const late = state.dueAt === null ? 0 : now - Date.parse(state.dueAt);
  if (late > 60_000) return status(language, 'yellow dot', 'late', { by: roughDuration(late, language) });
  if (options.gateMissing) return status(language, 'yellow ring', 'noGate');
  if (state.nextAttemptAt === null) {
    if (state.lastSuccessAt === null) return status(language, 'grey ring', 'event');
    return status(language, 'green dot', 'good', {
      time: sentences.when(Date.parse(state.lastSuccessAt), now),
    });
  }
  const next = { time: sentences.when(Date.parse(state.nextAttemptAt), now) };
  return status(language, state.lastSuccessAt === null ? 'grey ring' : 'green dot', 'next', next);
}

/** Why a run waits, in a few words; the whole sentence is in its message and its state. */
function shortReason(run: RunState, language: Language): string {
  if (run.blockedBy !== null) return checkWords(run.blockedBy, language);
  return translate(
    language,
    run.failureClass === null ? `status:phase.${run.phase}` : `status:failure.${run.failureClass}`,
  );
}

/** What a look found: ready, or in a few words which check says no. */
export function checkStatus(report: CheckReport, language: Language): NodeStatus {
  const obstacle = firstObstacle(report);
  if (obstacle === undefined) return status(language, 'green dot', 'ready');
  return { fill: 'yellow', shape: 'ring', text: shortened(checkWords(obstacle.kind, language)) };
}

/** What a check that does not say yes means, in a few words; one of a newer version has none of its own. */
function checkWords(kind: CheckResult['kind'], language: Language): string {
  const key = `status:check.${kind}`;
  const words = translate(language, key);
  return words === key ? translate(language, 'status:check.all') : words;
}

/** What a gate's plans wait for; the nearest retry first. */
export function gateStatus(
  records: readonly PlanRecord[],
  language: Language,
  options: { alertWired: boolean },
): NodeStatus {
  const waiting = records
    .filter(({ state }) => state.pending !== null)
    .toSorted((a, b) => (a.state.pending?.at ?? '').localeCompare(b.state.pending?.at ?? ''));
  const [nearest] = waiting;
  if (nearest !== undefined) return planStatus(nearest, { gateMissing: false });
  if (records.length === 0) return status(language, 'grey ring', 'noPlans');
  if (!options.alertWired) return status(language, 'yellow ring', 'noAlertWire');
  const troubled = records.find(({ state }) => isAbove(openSeverity(state.alerts) ?? 'info', 'info'));
  if (troubled !== undefined) return { fill: 'red', shape: 'dot', text: shortened(troubled.state.why) };
  return status(language, 'green ring', 'plans', { count: records.length });
}

/** How all plans of a hub are together. `isComplete`: all that can be known is. */
export function hubStatus(house: HouseState, isComplete: boolean, language: Language): NodeStatus {
  if (!isComplete) return status(language, 'grey ring', 'starting');
  if (house.plans === 0) return status(language, 'grey ring', 'noPlans');
  if (house.all_well) return status(language, 'green ring', 'plans', { count: house.plans });
  return { fill: 'yellow', shape: 'dot', text: shortened(house.summary) };
}

function runningStatus(record: PlanRecord): NodeStatus {
  const { language } = record.sentences;
  const phase = record.state.run?.phase ?? 'handed-out';
  if (phase === 'backing-up' && record.progress !== null) return progressStatus(record.progress, language);
  const { step } = record.attempts;
  if (phase === 'retention' && step !== undefined) return maintenanceStatus(step, undefined, language);
  return status(language, 'blue dot', `phase.${phase}`);
}

/** What follows a good backup: which step, and its percent where restic tells it. */
export function maintenanceStatus(
  step: MaintenanceStep,
  progress: Progress | undefined,
  language: Language,
): NodeStatus {
  const doing = translate(language, `status:step.${step}`);
  if (progress === undefined) return { fill: 'blue', shape: 'dot', text: doing };
  return status(language, 'blue dot', 'stepProgress', {
    doing,
    percent: Math.floor(progress.fraction * 100),
  });
}

/** How an attempt ended, in a few words. */
export function outcomeStatus(outcome: BackupOutcome, language: Language, time: string): NodeStatus {
  switch (outcome.kind) {
    case 'succeeded': {
      const { filesTotal, bytesTotal } = outcome.figures;
      return status(language, 'green dot', 'finished', {
        time,
        files: filesTotal,
        size: formatSize(bytesTotal),
      });
    }
    case 'failed':
      return status(language, 'red dot', `failure.${outcome.failure.class}`);
    case 'unverified':
      return status(language, 'yellow dot', 'failure.unverified');
    default:
      return { fill: 'yellow', shape: 'dot', text: shortened(outcome.reason) };
  }
}

/** Percent, speed, time left. */
export function progressStatus(progress: Progress, language: Language): NodeStatus {
  const percent = Math.floor(progress.fraction * 100);
  const speed = formatSize(progress.bytesPerSecond);
  if (progress.secondsLeft === undefined) return status(language, 'blue dot', 'progress', { percent, speed });
  const left = roughDuration(progress.secondsLeft * 1000, language);
  return status(language, 'blue dot', 'progressLeft', { percent, speed, left });
}
