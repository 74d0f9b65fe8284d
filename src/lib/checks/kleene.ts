import type { CheckAnswer, CheckGroup } from './check.ts';

/** What a group asks for: at least so many of its checks say yes, or, negated, fewer than that do. */
export interface Threshold {
  readonly total: number;
  readonly needed: number;
  readonly negated: boolean;
}

/** The threshold of a group; undefined when it has no checks or a count that is not a whole number from 1 on. */
export function thresholdOf(group: CheckGroup): Threshold | undefined {
  const total = group.checks.length;
  if (total === 0) return undefined;
  if (group.kind === 'all') return { total, needed: total, negated: false };
  if (group.kind !== 'at-least') return { total, needed: 1, negated: group.kind === 'none' };
  const { count = 0 } = group;
  return Number.isSafeInteger(count) && count >= 1 ? { total, needed: count, negated: false } : undefined;
}

/** The answer as soon as the checks that have not answered yet cannot change it (Kleene's logic); else undefined. */
export function certainAnswer(
  { total, needed, negated }: Threshold,
  answers: readonly CheckAnswer[],
): CheckAnswer | undefined {
  const open = total - answers.length;
  const yes = answers.filter((answer) => answer === 'yes').length;
  const unknown = answers.filter((answer) => answer === 'unknown').length;
  if (yes >= needed) return negated ? 'no' : 'yes';
  if (yes + unknown + open < needed) return negated ? 'yes' : 'no';
  const canBeReached = yes + open >= needed;
  const canBeMissed = yes + unknown < needed;
  return (canBeReached || canBeMissed) && open > 0 ? undefined : 'unknown';
}
