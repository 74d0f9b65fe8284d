import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Language = 'en-US' | 'zh-CN';
export type NodeType =
  | 'restic-repository'
  | 'backup-plan'
  | 'precondition-check'
  | 'restic-run'
  | 'retry-gate'
  | 'backup-hub';

/** The languages of the editor that we speak. */
export const LANGUAGES: readonly Language[] = ['en-US', 'zh-CN'];
export const NODE_TYPES: readonly NodeType[] = [
  'restic-repository',
  'backup-plan',
  'precondition-check',
  'restic-run',
  'retry-gate',
  'backup-hub',
];

type Texts = { [key: string]: string | Texts };

function localeFile(type: NodeType, language: Language, ending: 'json' | 'html'): string {
  const url = new URL(`../../src/nodes/${type}/locales/${language}/${type}.${ending}`, import.meta.url);
  return readFileSync(fileURLToPath(url), 'utf8');
}

function catalogue(type: NodeType, language: Language): Texts {
  const texts: Texts = JSON.parse(localeFile(type, language, 'json'));
  return texts;
}

/** The texts that a dialog should show: `expectedTexts('backup-plan', 'zh-CN')('label.paths')`. */
export function expectedTexts(
  type: NodeType,
  language: Language,
): (key: string, values?: Readonly<Record<string, string | number>>) => string {
  const texts = catalogue(type, language);
  return (key, values = {}) => {
    const found = key
      .split('.')
      .reduce<string | Texts | undefined>(
        (level, part) => (typeof level === 'object' ? level[part] : undefined),
        texts,
      );
    if (typeof found !== 'string') throw new Error(`${type} has no text ${key} in ${language}`);
    return found.replace(/__(\w+)__/g, (_match, name: string) => String(values[name] ?? `__${name}__`));
  };
}

/** The first paragraph of a node's help. */
export function helpIntroduction(type: NodeType, language: Language): string {
  return localeFile(type, language, 'html').split('\n')[1] ?? '';
}

/** Matches what is left when a key has no text, such as `label.paths`. */
export function untranslatedKeys(): RegExp {
  const groups = new Set(
    NODE_TYPES.flatMap((type) =>
      Object.entries(catalogue(type, 'en-US')).flatMap(([key, value]) =>
        typeof value === 'object' ? [key] : [],
      ),
    ),
  );
  return new RegExp(
    `(?<![\\w./-])(?:@lastgood/[\\w-]+/)?(?:(?:${NODE_TYPES.join('|')}):[a-z]|(?:${[...groups].join('|')})\\.[a-zA-Z])`,
  );
}
