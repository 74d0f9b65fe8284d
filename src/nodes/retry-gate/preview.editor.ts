import { textsOf } from '../../editor/red.ts';
import { parseDuration } from '../../lib/duration.ts';
import type { GateDefinition } from './definition.ts';

const text = textsOf('retry-gate');

/** Delays are spelt out up to this many; then "and so on". */
const SPELT_OUT = 5;

/** What the preview depends on, as typed. */
export type PreviewInput = Pick<
  GateDefinition,
  'policy' | 'delay' | 'delayCap' | 'jitterPercent' | 'failureBudget' | 'timeLimit'
>;

/** First delay and cap in ms; a fixed delay has both equal. Undefined: something typed is no duration. */
function bounds(input: PreviewInput): { first: number; cap: number } | undefined {
  if (input.policy === 'backrest-1-minute') return { first: 60_000, cap: 60_000 };
  if (input.policy === 'backrest-10-minutes') return { first: 600_000, cap: 600_000 };
  if (input.policy === 'backrest-exponential') return { first: 10_000, cap: 3_600_000 };
  const first = parseDuration(input.delay);
  const cap = input.policy === 'fixed' ? first : parseDuration(input.delayCap);
  return first && cap && first <= cap ? { first, cap } : undefined;
}

/** `1 h 30 min`: the two largest units of a duration in ms. */
export function inWords(ms: number): string {
  const parts: string[] = [];
  let rest = Math.round(ms / 1000);
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    const amount = Math.floor(rest / seconds);
    rest -= amount * seconds;
    if (amount > 0 && parts.length < 2) parts.push(text(`unit.${unit}`, { amount }));
  }
  return parts.join(' ');
}

/** The sentences that say what the settings will do; empty while something typed makes no sense yet. */
export function preview(input: PreviewInput): string[] {
  const found = bounds(input);
  if (found === undefined) return [];
  const { first, cap } = found;
  const budget = input.failureBudget;
  if (Number.isNaN(budget) || Number.isNaN(input.jitterPercent)) return [];
  if (budget === 0) return [text('preview.noRetry')];

  const growing: number[] = [];
  for (let delay = first; delay < cap; delay *= 2) growing.push(delay);
  const values = {
    list: growing.slice(0, SPELT_OUT).map(inWords).join(text('preview.comma')),
    last: inWords(cap),
  };
  const every = growing.length > SPELT_OUT ? 'preview.soOn' : 'preview.then';
  const sentences = [text(growing.length === 0 ? 'preview.every' : every, values)];
  if (input.jitterPercent > 0 && !input.policy.startsWith('backrest')) {
    sentences.push(text('preview.jitter', { percent: input.jitterPercent }));
  }
  if (budget === '') {
    sentences.push(text('preview.noLimit'));
  } else {
    const grown = growing.slice(0, budget).reduce((sum, delay) => sum + delay, 0);
    const total = grown + Math.max(0, budget - growing.length) * cap;
    sentences.push(text('preview.givesUp', { count: budget, total: inWords(total) }));
  }
  const limit = parseDuration(input.timeLimit);
  if (limit) sentences.push(text('preview.timeLimit', { limit: inWords(limit) }));
  return sentences;
}
