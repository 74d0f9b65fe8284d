import { readFileSync } from 'node:fs';
import type { TextValues } from './problem.ts';

/** The languages that every text exists in. */
export type Language = 'en-US' | 'zh-CN';
export const LANGUAGES: readonly Language[] = ['en-US', 'zh-CN'];

/** The nearest language we have for a locale such as `zh`, `zh-TW` or `de-AT`. */
export function nearestLanguage(locale: string | undefined): Language {
  return locale?.toLowerCase().startsWith('zh') === true ? 'zh-CN' : 'en-US';
}

type Texts = { readonly [key: string]: string | Texts };
const catalogues = new Map<string, Texts>();

function catalogue(language: Language, area: string): Texts {
  const id = `${language}/${area}`;
  let texts = catalogues.get(id);
  if (texts === undefined) {
    texts = readTexts(id);
    catalogues.set(id, texts);
  }
  return texts;
}

function readTexts(id: string): Texts {
  try {
    return JSON.parse(readFileSync(new URL(`./locales/${id}.json`, import.meta.url), 'utf8')) as Texts;
  } catch {
    return {};
  }
}

/**
 * A text of `locales/<language>/<area>.json` by `area:dotted.key`, with `{name}` filled in from `values`.
 * An unknown key or area comes back as itself: a missing text must never stop a backup (a test compares the catalogues).
 */
export function translate(language: Language, key: string, values: TextValues = {}): string {
  const [area = '', path = ''] = key.split(':', 2);
  let found: string | Texts | undefined = catalogue(language, area);
  for (const part of path.split('.')) found = typeof found === 'object' ? found[part] : undefined;
  if (typeof found !== 'string') return key;
  return found.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Longest value that a sentence quotes, in characters. */
const LONGEST_VALUE = 1000;

/** `translate` for sentences that are kept and sent: what they quote (a path of a flow file may be endless) is cut. */
export function translateBriefly(language: Language, key: string, values: TextValues): string {
  const short = Object.entries(values).map(([name, value]) => {
    const isLong = typeof value === 'string' && value.length > LONGEST_VALUE;
    return [name, isLong ? `${value.slice(0, LONGEST_VALUE)}…` : value];
  });
  return translate(language, key, Object.fromEntries(short));
}
