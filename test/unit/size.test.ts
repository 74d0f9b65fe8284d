import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatSize, parseSize } from '../../src/lib/size.ts';

describe('a size typed by a person', () => {
  test.each([
    ['0', 0],
    ['4096', 4096],
    ['10GB', 10_000_000_000],
    ['10 gb', 10_000_000_000],
    ['500 MiB', 524_288_000],
    ['1.5T', 1_649_267_441_664],
    ['1G', 1_073_741_824],
    [' 2 TB ', 2_000_000_000_000],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', 'GB', '-1GB', '1,5GB', '10 XB', '1e3', '10GB free', '9999999PB'])('refuses "%s"', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});

describe('a size shown to a person', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [999_600, '1 MB'],
    [1_234_567_890, '1.23 GB'],
    [45_000_000_000, '45 GB'],
    [2_000_398_934_016, '2 TB'],
    [4.2e18, '4200 PB'],
  ])('%d', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test('can be typed back, to three digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9e15 }), (bytes) => {
        const back = parseSize(formatSize(bytes));
        expect(Math.abs((back ?? 0) - bytes) / bytes).toBeLessThanOrEqual(0.005 + Number.EPSILON);
      }),
    );
  });
});
