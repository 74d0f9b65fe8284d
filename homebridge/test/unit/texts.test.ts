import { describe, expect, test } from 'vitest';
import { durationText, LANGUAGES, textsIn } from '../../src/texts.ts';

const CHINESE = /\p{Script=Han}/u;

/** Every text of a language, made with sample values. */
function all(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'function')
    return [String((value as (...values: unknown[]) => string)('Photos', 'run'))];
  return Object.values(value as object).flatMap(all);
}

describe.each(LANGUAGES)('the texts in %s', (language) => {
  test('name the plan in every part', () => {
    for (const part of Object.values(textsIn(language).parts)) expect(part).toContain('{plan}');
  });

  test('tell the parts of a plan apart', () => {
    const parts = Object.values(textsIn(language).parts);
    expect(new Set(parts).size).toBe(parts.length);
  });

  test('are in that language', () => {
    const sentences = all(textsIn(language)).filter((text) => text !== '{plan}');
    const chinese = sentences.filter((text) => CHINESE.test(text));
    expect(chinese).toEqual(language === 'en' ? [] : sentences);
  });
});

test.each([
  [400, '1 s'],
  [90_000, '90 s'],
  [600_000, '10 min'],
  [10_800_000, '3 h'],
])('%d ms are %s', (ms, expected) => {
  expect(durationText(ms, textsIn('en'))).toBe(expected);
});
