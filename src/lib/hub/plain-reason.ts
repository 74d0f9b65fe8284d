import type { PlanStatus, PlanWord } from '../../protocol/protocol.ts';
import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import type { TextValues } from '../problem.ts';
import type { StatusFacts } from './plan-status.ts';

/**
 * What a plan does and why, in one sentence or two. The plan's own sentence quotes restic and checks, with paths and
 * addresses; this one is made of words and times only, so that nothing can leave with it.
 */
export function plainReason(
  facts: StatusFacts,
  { word, failure, overdue }: { word: PlanWord; failure: PlanStatus['failure']; overdue: boolean },
): string {
  const { state, sentences } = facts;
  const { language } = sentences;
  const now = facts.clock.now();
  const when = (time: string | null): string => (time === null ? '' : sentences.when(Date.parse(time), now));
  const say = (key: string, values: TextValues = {}): string =>
    translate(language, `plan-status:${key}`, values);
  const attempt = state.run?.attempt ?? 0;
  const next = (): string =>
    state.nextAttemptAt === null ? say('next.event') : say('next.slot', { time: when(state.nextAttemptAt) });
  const tries = (): string =>
    state.pending === null
      ? ''
      : say('next.attempt', { attempt: state.pending.attempt, time: when(state.pending.at) });
  const parts: string[] = [];
  switch (word) {
    case 'idle':
      if (state.lastSuccessAt === null) parts.push(say('idle.never'));
      else parts.push(say('idle.good', { time: when(state.lastSuccessAt) }));
      parts.push(next());
      break;
    case 'failed':
      parts.push(say('failed', { why: troubleWords(failure, language) }), next());
      break;
    case 'checking':
      parts.push(say('checking', { attempt }));
      break;
    case 'running':
      parts.push(say(`running.${runningStep(facts)}`));
      break;
    case 'waiting':
      parts.push(say('waiting', { why: checkWords(state.run?.blockedBy ?? null, language) }), tries());
      break;
    case 'retrying':
      parts.push(say('retrying', { why: troubleWords(failure, language) }), tries());
      break;
    case 'paused':
      if (state.paused?.until == null) parts.push(say('paused.open'));
      else parts.push(say('paused.until', { time: when(state.paused.until) }));
      break;
  }
  if (overdue) parts.push(say('overdue', { time: when(state.dueAt) }));
  return parts.filter((part) => part !== '').join(language === 'zh-CN' ? '' : ' ');
}

function runningStep({ state }: StatusFacts): 'queued' | 'backing-up' | 'verifying' | 'retention' | 'ending' {
  switch (state.run?.phase) {
    case 'backing-up':
    case 'verifying':
    case 'retention':
      return state.run.phase;
    case 'deciding':
      return 'ending';
    default:
      return 'queued';
  }
}

function troubleWords(failure: string | null, language: Language): string {
  if (failure === 'partial') return translate(language, 'plan-status:incomplete');
  return knownWords(language, `status:failure.${failure ?? 'unknown'}`, 'status:failure.unknown');
}

/** What a check that does not say yes means; one of a newer version has no words of its own. */
function checkWords(kind: string | null, language: Language): string {
  return knownWords(language, `status:check.${kind ?? 'all'}`, 'status:check.all');
}

function knownWords(language: Language, key: string, otherwise: string): string {
  const words = translate(language, key);
  return words === key ? translate(language, otherwise) : words;
}
