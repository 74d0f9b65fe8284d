import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { PLATFORM_NAME } from '../../src/settings.ts';
import { LANGUAGES } from '../../src/texts.ts';

const folder = join(inject('plugins'), '@lastgood', 'homebridge-restic');
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

interface Property {
  type: string;
  title: string;
  description?: string;
  default?: unknown;
  oneOf?: { enum: string[] }[];
}
interface Form {
  pluginAlias: string;
  pluginType: string;
  singular: boolean;
  strictValidation: boolean;
  headerDisplay: string;
  schema: { properties: Record<string, Property> };
  layout: (string | { items: (string | { key: string })[] })[];
}

/** At the root for every language; Homebridge's UI looks for others in the folder of `directories.schemas`. */
const english: Form = JSON.parse(read('config.schema.json'));
const { directories }: { directories: { schemas: string } } = JSON.parse(read('package.json'));
const chinese: Form = JSON.parse(read(`${directories.schemas}/config.schema.zh-CN.json`));
const forms = { en: english, 'zh-CN': chinese };

/** The names of settings that the source reads from config.json. */
function readBySource(): string[] {
  const source = read('dist/homebridge/src/config.js');
  const names = [...source.matchAll(/textOf\(config, '(\w+)'\)|config\['(\w+)'\]/g)].map(
    ([, a, b]) => a ?? b ?? '',
  );
  return [...new Set(names)].toSorted();
}

/** What people read of a form. */
function texts(form: Form): string[] {
  const fields = Object.values(form.schema.properties).flatMap(({ title, description }) => [
    title,
    description ?? title,
  ]);
  return [form.headerDisplay, ...fields];
}

/** A form without what is said in a language. */
function bones(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bones);
  if (typeof value !== 'object' || value === null) return value;
  const spoken = new Set(['title', 'description', 'headerDisplay', 'footerDisplay', 'default']);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !spoken.has(name) || name === 'title')
      .map(([name, inner]) => [name, name === 'title' ? true : bones(inner)]),
  );
}

describe.each(LANGUAGES)('the settings form in %s', (language) => {
  const form = forms[language];

  test('is that of a platform, once per bridge, and lets nothing wrong be saved', () => {
    expect(form).toMatchObject({
      pluginAlias: PLATFORM_NAME,
      pluginType: 'platform',
      singular: true,
      strictValidation: true,
    });
    expect(form.schema.properties['name']?.default).not.toBe('');
  });

  test('has every setting that the plugin reads, and no other', () => {
    const shown = Object.keys(form.schema.properties).filter((name) => name !== 'name');
    expect(shown.toSorted()).toEqual(readBySource());
  });

  test('shows every setting', () => {
    const keys = form.layout
      .flatMap((item) => (typeof item === 'string' ? [item] : item.items))
      .map((item) => (typeof item === 'string' ? item : item.key));
    expect(keys.toSorted()).toEqual(Object.keys(form.schema.properties).toSorted());
  });

  test('offers the languages there are, itself first', () => {
    const property = form.schema.properties['language'];
    expect(property?.oneOf?.flatMap((one) => one.enum)).toEqual([...LANGUAGES]);
    expect(property?.default).toBe(language);
  });

  test('is in that language', () => {
    const han = texts(form).filter((text) => /\p{Script=Han}/u.test(text));
    expect(han).toEqual(language === 'en' ? [] : texts(form));
  });
});

test('both forms ask for the same', () => {
  expect(bones(chinese)).toEqual(bones(english));
});

describe('the README', () => {
  const [inEnglish, inChinese] = [read('README.md'), read('README.zh-CN.md')];

  test('tells of every setting, in both languages', () => {
    for (const name of readBySource()) {
      expect(inEnglish).toContain(`\`${name}\``);
      expect(inChinese).toContain(`\`${name}\``);
    }
  });

  test('has the same parts in both languages', () => {
    const shape = (text: string): string[] =>
      text.split('\n').flatMap((line) => /^(#+|\d\.|- |\||```)/.exec(line)?.[0].trim() ?? []);
    expect(shape(inChinese)).toEqual(shape(inEnglish));
  });

  test('shows settings that the plugin takes', () => {
    for (const text of [inEnglish, inChinese]) {
      const [, json = ''] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
      const { platforms }: { platforms: Record<string, unknown>[] } = JSON.parse(json);
      expect(platforms[0]).toMatchObject({ platform: PLATFORM_NAME });
      const known = [...readBySource(), 'name', 'platform'];
      expect(Object.keys(platforms[0] ?? {}).filter((name) => !known.includes(name))).toEqual([]);
    }
  });
});
