import { describe, expect, test } from 'vitest';
import { LANGUAGES, nearestLanguage, translate } from '../../src/lib/language.ts';
import { Sentences } from '../../src/lib/plan/sentences.ts';
import { Problem } from '../../src/lib/problem.ts';

test.each([
  ['zh', 'zh-CN'],
  ['zh-TW', 'zh-CN'],
  ['ZH_cn', 'zh-CN'],
  ['de-AT', 'en-US'],
  ['', 'en-US'],
  [undefined, 'en-US'],
])('%j speaks %s', (locale, language) => {
  expect(nearestLanguage(locale)).toBe(language);
});

test('values are filled in once, and what a value says is not read again', () => {
  expect(translate('en-US', 'plan:next.slot', { time: '{time}' })).toBe('Next try {time}.');
  expect(translate('en-US', 'plan:next.slot')).toBe('Next try {time}.');
});

test.each(['plan:no.such', 'plan:next', 'plan:', 'no-such-area:x', 'nothing', 'plan:next.slot.deeper'])(
  'a text that is missing (%s) stops nothing',
  (key) => {
    for (const language of LANGUAGES) expect(translate(language, key)).toBe(key);
  },
);

describe('a problem', () => {
  test('says what happened, what was kept and what to do, in either language, with its code and cause', () => {
    const cause = new Error('ENOSPC');
    const problem = new Problem('journal-unwritable', { path: '/data' }, { cause });
    expect(problem).toMatchObject({
      name: 'Problem',
      code: 'journal-unwritable',
      cause,
      values: { path: '/data' },
    });
    expect(problem.message).toContain('/data');
    const chinese = problem.in('zh-CN');
    expect(chinese.message).not.toBe(problem.message);
    expect(chinese).toMatchObject({ code: 'journal-unwritable', cause });
  });
});

test('moments are said as briefly as they are clear', () => {
  const sentences = new Sentences('en-US');
  const noon = new Date(2026, 10, 23, 12, 0, 0).getTime();
  expect(sentences.when(noon + 45_000, noon)).toBe('12:00:45');
  expect(sentences.when(noon + 2 * 3_600_000, noon)).toBe('14:00');
  expect(sentences.when(noon + 24 * 3_600_000, noon)).toMatch(/Tue/);
  expect(sentences.when(noon + 30 * 86_400_000, noon)).toMatch(/Dec 23, 2026/);
});
