import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { filesUnder, LANGUAGES, type Language, path } from './project.ts';

type Texts = { [key: string]: string | Texts };

const nodeTypes = [...new Set(filesUnder('src/nodes').map((file) => file.split('/')[0] ?? ''))].toSorted();
const areas = filesUnder('src/lib/locales/en-US').map((file) => file.replace(/\.json$/, ''));

/** Texts of a catalogue by dotted key. */
function flat(texts: Texts, prefix = ''): Map<string, string> {
  const entries = Object.entries(texts).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[prefix + key, value]] : [...flat(value, `${prefix}${key}.`)],
  );
  return new Map(entries);
}

function catalogue(file: string): Map<string, string> {
  const texts: Texts = JSON.parse(readFileSync(path(file), 'utf8'));
  return flat(texts);
}

/** `{name}` of src/lib and `__name__` of Node-RED. */
function placeholders(text: string): string[] {
  return (text.match(/\{\w+\}|__\w+__/g) ?? []).toSorted();
}

const dialogFile = (type: string) => (language: Language) =>
  `src/nodes/${type}/locales/${language}/${type}.json`;
const libFile = (area: string) => (language: Language) => `src/lib/locales/${language}/${area}.json`;
const catalogues = [
  ...nodeTypes.map((type) => ({ name: type, file: dialogFile(type) })),
  ...areas.map((area) => ({ name: `lib ${area}`, file: libFile(area) })),
];

describe.each(catalogues)('texts of $name', ({ file }) => {
  test('have the same keys in every language', () => {
    expect([...catalogue(file('zh-CN')).keys()].toSorted()).toEqual(
      [...catalogue(file('en-US')).keys()].toSorted(),
    );
  });

  test('have the same placeholders in every language', () => {
    const chinese = catalogue(file('zh-CN'));
    const different = [...catalogue(file('en-US'))].filter(
      ([key, text]) => String(placeholders(text)) !== String(placeholders(chinese.get(key) ?? '')),
    );
    expect(different).toEqual([]);
  });

  test('are in the language that they claim', () => {
    const han = /\p{Script=Han}/u;
    const english = [...catalogue(file('en-US'))].filter(([, text]) => han.test(text));
    expect(english).toEqual([]);
    // Names, units and examples are the same everywhere; a sentence is not.
    const untranslated = [...catalogue(file('zh-CN'))].filter(
      ([, text]) => /[a-z]+ [a-z]+ [a-z]+ [a-z]+/.test(text) && !han.test(text),
    );
    expect(untranslated).toEqual([]);
  });
});

test('both languages have the same files', () => {
  for (const folder of ['src/lib/locales', ...nodeTypes.map((type) => `src/nodes/${type}/locales`)]) {
    const [english, chinese] = LANGUAGES.map((language) => filesUnder(`${folder}/${language}`).toSorted());
    expect(chinese).toEqual(english);
  }
});

describe.each(nodeTypes)('%s', (type) => {
  const texts = (): Map<string, string> => catalogue(dialogFile(type)('en-US'));
  const has = (key: string): boolean =>
    texts().has(key) || [...texts().keys()].some((known) => known.startsWith(`${key}.`));

  test('has help in every language, about the same type', () => {
    for (const language of LANGUAGES) {
      const help = readFileSync(path(`src/nodes/${type}/locales/${language}/${type}.html`), 'utf8');
      expect(help).toMatch(new RegExp(`^<script type="text/(markdown|html)" data-help-name="${type}">\n`));
      expect(help.trim().endsWith('</script>')).toBe(true);
    }
  });

  test('has a text for every key of its dialog', () => {
    const html = readFileSync(path(`src/nodes/${type}/${type}.html`), 'utf8');
    const keys = [...html.matchAll(/data-i18n="([^"]+)"/g)]
      .flatMap((match) => (match[1] ?? '').split(';'))
      .map((key) => key.replace(/^\[[\w-]+\]/, ''))
      .filter((key) => !key.includes(':'));
    expect(keys.filter((key) => !has(key))).toEqual([]);
  });

  test('has a text for every key of its scripts', () => {
    const sources = filesUnder(`src/nodes/${type}`).filter((file) => file.endsWith('.ts'));
    const keys = sources.flatMap((file) => {
      const source = readFileSync(path(`src/nodes/${type}`, file), 'utf8');
      return [...source.matchAll(/(?:this|node|RED)\._\(\s*'([^'$]+)'/g)].map((match) =>
        (match[1] ?? '').replace(/^@lastgood\/node-red-restic\/[\w-]+:/, ''),
      );
    });
    expect(keys.filter((key) => !key.includes(':') && !has(key))).toEqual([]);
  });
});

test('every literal key given to translate, and every Problem code, has a text', () => {
  const known = new Map(areas.map((area) => [area, [...catalogue(libFile(area)('en-US')).keys()]]));
  const missing = filesUnder('src')
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const source = readFileSync(path('src', file), 'utf8');
      const keys = [...source.matchAll(/translate\([^,()]+,\s*'([\w-]+:[\w.-]+)'/g)].map(
        (match) => match[1] ?? '',
      );
      const codes = [...source.matchAll(/new Problem\(\s*'([\w-]+)'/g)].map(
        (match) => `problems:${match[1]}.what`,
      );
      return [...keys, ...codes].filter((key) => {
        const [area = '', name = ''] = key.split(':');
        return known.get(area)?.includes(name) !== true;
      });
    });
  expect([...new Set(missing)]).toEqual([]);
});
