import { expect, test } from 'vitest';
import { newPlanKey } from '../../src/editor/plan-key.ts';

test.each([
  ['Photos', 'photos'],
  ['Café & Fotos 2026', 'cafe-fotos-2026'],
  ['  --NAS--  ', 'nas'],
  ['备份 photos', 'photos'],
  ['a'.repeat(100), 'a'.repeat(40)],
])('a plan named %s gets the key %s', (name, key) => {
  expect(newPlanKey(name, new Set())).toBe(key);
});

test.each(['照片备份', '', '***'])('a name without Latin letters (%s) gets a random key', (name) => {
  const [first, second] = [newPlanKey(name, new Set()), newPlanKey(name, new Set())];
  expect(first).toMatch(/^plan-[0-9a-f]{8}$/);
  expect(second).not.toBe(first);
});

test('a key that another plan has is numbered', () => {
  expect(newPlanKey('Photos', new Set(['photos', 'photos-2']))).toBe('photos-3');
});
