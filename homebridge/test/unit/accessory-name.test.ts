import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accessoryName } from '../../src/accessory-name.ts';
import { textsIn } from '../../src/texts.ts';

/** The rule of HAP-NodeJS, which warns of other names. */
const ACCEPTED = /^[\p{L}\p{N}][\p{L}\p{N}\p{Zs}’'&!._:;()/,-]*[\p{L}\p{N}]$/u;
const anyName = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
const anyId = fc.stringMatching(/^[a-z0-9-]{1,40}$/);

describe('the name of a plan in HomeKit', () => {
  test('is one that HomeKit takes, whatever the plan is called', () => {
    fc.assert(
      fc.property(anyName, anyId, fc.constantFrom('Backup', '备份'), (name, id, noun) => {
        expect(accessoryName(name, id, noun)).toMatch(ACCEPTED);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test('does not change when it is made again from itself', () => {
    fc.assert(
      fc.property(anyName, anyId, (name, id) => {
        const once = accessoryName(name, id, 'Backup');
        expect(accessoryName(once, id, 'Backup')).toBe(once);
      }),
      { seed: 2, numRuns: 2000 },
    );
  });

  test('leaves room for every part within the 64 characters of HAP', () => {
    const longest = accessoryName('n'.repeat(500), 'id', 'Backup');
    for (const language of ['en', 'zh-CN'] as const) {
      for (const part of Object.values(textsIn(language).parts)) {
        const name = part.replace('{plan}', longest);
        expect(name.length).toBeLessThanOrEqual(64);
        expect(name).toMatch(ACCEPTED);
      }
    }
  });

  test.each([
    ['Photos', 'Photos'],
    ['照片备份', '照片备份'],
    ['家里的照片（NAS）', '家里的照片 NAS'],
    ['Büro & Küche', 'Büro & Küche'],
    ['  Photos*2026*  ', 'Photos 2026'],
    ['📷 Photos 📷', 'Photos'],
    ['C:\\Data', 'C: Data'],
    ['"Mum\'s" laptop', "Mum's laptop"],
    ['A', 'Backup A'],
    ['', 'Backup the-key'],
    ['📷', 'Backup the-key'],
    ['!', 'Backup the-key'],
  ])('of %j is %j', (name, expected) => {
    expect(accessoryName(name, 'the-key', 'Backup')).toBe(expected);
  });

  test('never cuts a character in half', () => {
    const name = accessoryName('𠮷'.repeat(60), 'id', 'Backup');
    expect(name).toBe('𠮷'.repeat(20));
  });

  test('is good even when nothing of name and key can stay', () => {
    expect(accessoryName('🙂', '-', 'Backup')).toBe('Backup');
  });
});
