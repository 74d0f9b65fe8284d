import type { CheckReport, CheckResult } from './check.ts';

/**
 * What keeps a report from passing: the first answer that is not yes, and in a group the check in it that made it so.
 * Where only a yes is in the way ("none of these"), it is the group. Undefined when the report passed.
 */
export function firstObstacle(report: CheckReport): CheckResult | undefined {
  let found = report.results.find(({ answer }) => answer !== 'yes');
  while (found !== undefined) {
    const { answer, parts = [] } = found;
    // A "none" is no because of a yes, and for none of its noes.
    const isNegated = found.kind === 'none' && answer === 'no';
    const part = isNegated ? undefined : parts.find((candidate) => candidate.answer === answer);
    if (part === undefined) return found;
    found = part;
  }
  return undefined;
}
