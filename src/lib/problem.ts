import type { Language } from './language.ts';
import { translate } from './language.ts';

/** Values that a text may quote; secrets never go in. */
export type TextValues = Readonly<Record<string, string | number>>;

/**
 * An error a person can act on: what happened, what was not lost, what to do next. The three sentences live in
 * `locales/<language>/problems.json` under the problem's code. `code` and `cause` reach Catch nodes.
 */
export class Problem extends Error {
  /** Stable, kebab-case; the key of the text. */
  readonly code: string;
  readonly values: TextValues;

  constructor(code: string, values: TextValues = {}, options: { language?: Language; cause?: unknown } = {}) {
    super(
      problemText(code, values, options.language ?? 'en-US'),
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.name = 'Problem';
    this.code = code;
    this.values = values;
  }

  /** The same problem with its text in another language. */
  in(language: Language): Problem {
    return new Problem(this.code, this.values, { language, cause: this.cause });
  }
}

/** The three sentences of a problem, joined as the language joins sentences. */
export function problemText(code: string, values: TextValues, language: Language): string {
  return ['what', 'kept', 'next']
    .map((part) => translate(language, `problems:${code}.${part}`, values))
    .filter((sentence) => sentence !== '')
    .join(language === 'zh-CN' ? '' : ' ');
}
