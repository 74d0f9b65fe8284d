import { expect, test } from 'vitest';
import { parseDuration } from '../../src/lib/duration.ts';

test.each([
  ['90s', 90_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  [' 1 H 30 m ', 5_400_000],
  ['24h', 86_400_000],
  ['7d', 604_800_000],
  ['2w', 1_209_600_000],
  ['0.5s', 500],
  ['0', 0],
  ['0s', 0],
])('%j is %d ms', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each([
  '',
  ' ',
  '5',
  '-5m',
  '5 minutes',
  'm',
  '1h30',
  '1..5h',
  '∞',
  '5m!',
  '1e3s',
  '0x10s',
  '99999999999999w',
  '6000w',
])('%j is none', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test('the longest duration stays within the calendar', () => {
  const longest = parseDuration('5200w') ?? 0;
  expect(new Date(Date.now() + longest).getUTCFullYear()).toBeGreaterThan(2100);
});
