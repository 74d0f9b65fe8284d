import type { CheckResult } from './check.ts';
import type { Verdict } from './verdict.ts';

/** The answer of several together: no if one says no, else unknown if one is, else yes. The reason is the first of that answer. */
export function allOf(parts: readonly CheckResult[]): Verdict {
  const decisive =
    parts.find(({ answer }) => answer === 'no') ?? parts.find(({ answer }) => answer === 'unknown');
  if (decisive !== undefined) return { answer: decisive.answer, reason: decisive.reason };
  return { answer: 'yes', reason: parts.map(({ reason }) => reason).join(' ') };
}
