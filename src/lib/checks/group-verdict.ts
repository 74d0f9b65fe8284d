import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import type { CheckAnswer, CheckGroup, CheckResult } from './check.ts';
import type { Verdict } from './verdict.ts';

/** Longest sentence that quotes others, in characters: groups of groups would fill a screen. */
const LONGEST_QUOTE = 500;

/** What a group says that came to an answer by those of its checks. */
export function groupVerdict(
  group: CheckGroup,
  answer: CheckAnswer,
  parts: readonly CheckResult[],
  language: Language,
): Verdict {
  return { answer, reason: shortened(reasonOf(group, answer, parts, language)) };
}

function reasonOf(
  group: CheckGroup,
  answer: CheckAnswer,
  parts: readonly CheckResult[],
  language: Language,
): string {
  const quote = (...answers: CheckAnswer[]): string =>
    parts
      .filter((part) => answers.includes(part.answer))
      .map(({ reason }) => reason)
      .join(language === 'zh-CN' ? '' : ' ');
  const say = (key: string, reasons: string): string => {
    const have = parts.filter((part) => part.answer === 'yes').length;
    return translate(language, `checks:group.${key}`, { reasons, have, needed: group.count ?? 0 });
  };
  switch (group.kind) {
    case 'all':
      return answer === 'yes' ? quote('yes') : first(parts, answer);
    case 'any':
      if (answer === 'yes') return first(parts, 'yes');
      return say(answer === 'no' ? 'any.no' : 'any.unknown', quote('no', 'unknown'));
    case 'at-least':
      if (answer === 'yes') return quote('yes');
      return say(answer === 'no' ? 'at-least.no' : 'at-least.unknown', quote('no', 'unknown'));
    case 'none':
      if (answer === 'yes') return say('none.yes', quote('no'));
      return say(answer === 'no' ? 'none.no' : 'none.unknown', quote(answer === 'no' ? 'yes' : 'unknown'));
  }
}

function first(parts: readonly CheckResult[], answer: CheckAnswer): string {
  return parts.find((part) => part.answer === answer)?.reason ?? '';
}

function shortened(text: string): string {
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE - 1).trimEnd()}…`;
}
