import { describe, expect, test } from 'vitest';
import {
  invalidRetentionField,
  retentionArguments,
  suggestedRetention,
} from '../../src/lib/restic/retention.ts';

describe('retention', () => {
  test('becomes arguments of forget', () => {
    expect(retentionArguments(suggestedRetention)).toEqual([
      '--keep-daily',
      '7',
      '--keep-weekly',
      '4',
      '--keep-monthly',
      '12',
    ]);
    expect(retentionArguments({ last: 3, within: '1y6m' })).toEqual([
      '--keep-last',
      '3',
      '--keep-within',
      '1y6m',
    ]);
  });

  test.each([[{}], [{ daily: 0 }], [{ last: 0, within: '' }]])('%j keeps everything', (policy) => {
    expect(retentionArguments(policy)).toEqual([]);
  });

  test.each([
    [{ daily: -1 }, 'daily'],
    [{ last: 1.5 }, 'last'],
    [{ weekly: Number.NaN }, 'weekly'],
    [{ within: '3 days' }, 'within'],
    [{ within: '-1d' }, 'within'],
  ] as const)('names the field that is wrong in %j', (policy, field) => {
    expect(invalidRetentionField(policy)).toBe(field);
  });

  test('accepts what restic accepts', () => {
    expect(invalidRetentionField({ hourly: 24, yearly: 0, within: '2y5m7d3h' })).toBeUndefined();
  });
});
