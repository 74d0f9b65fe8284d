import { describe, expect, test } from 'vitest';
import type { CheckKind } from '../../src/lib/checks/check.ts';
import { LANGUAGES, translate } from '../../src/lib/language.ts';
import { checkStatus } from '../../src/lib/node-red/status.ts';

/** Every kind, as the types have it: one that is missing here does not compile. */
const KINDS = Object.keys({
  all: 0,
  any: 0,
  'at-least': 0,
  none: 0,
  mount: 0,
  marker: 0,
  present: 0,
  writable: 0,
  space: 0,
  health: 0,
  smart: 0,
  repository: 0,
  answers: 0,
  source: 0,
  sources: 0,
  port: 0,
  http: 0,
  command: 0,
  state: 0,
  time: 0,
  mains: 0,
  load: 0,
  wake: 0,
  'reload-mount': 0,
} satisfies Record<CheckKind | 'sources', 0>);

describe.each(LANGUAGES)('under the node, in %s', (language) => {
  test.each(KINDS)('%s has a few words', (kind) => {
    const words = translate(language, `status:check.${kind}`);
    expect(words).not.toMatch(/^status:/);
    expect(words.length).toBeLessThanOrEqual(30);
  });
});

test('the check that fails is named, not the group that it is in', () => {
  const leaf = { kind: 'mount', subject: '/usb', answer: 'no', reason: 'No.', durationMs: 0 } as const;
  const results = [
    { ...leaf, kind: 'all', parts: [{ ...leaf, kind: 'time', answer: 'yes' }, leaf] },
  ] as const;
  const report = { passed: false, results, reason: 'No.' };
  expect(checkStatus(report, 'en-US')).toEqual({ fill: 'yellow', shape: 'ring', text: 'not mounted' });
});

test('a check of a newer version has words too', () => {
  const results = [JSON.parse('{"kind":"moon","subject":"","answer":"unknown","reason":"?","durationMs":0}')];
  const report = { passed: false, results, reason: '?' };
  expect(checkStatus(report, 'en-US').text).toBe('checks say no');
});
