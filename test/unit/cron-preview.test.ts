import { expect, test } from 'vitest';
import { previewCron } from '../../src/lib/node-red/routes-plan.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z');

test('a cron expression is shown in words and with its next three dates in the plan’s zone', () => {
  expect(previewCron('30 2 * * *', 'Europe/Berlin', 'en-US', NOON)).toEqual({
    valid: true,
    words: 'At 02:30',
    timeZone: 'Europe/Berlin',
    next: ['2026-11-24T01:30:00.000Z', '2026-11-25T01:30:00.000Z', '2026-11-26T01:30:00.000Z'],
  });
});

test('the words are Chinese for a Chinese editor', () => {
  const preview = previewCron('0 3 * * 0', 'Asia/Shanghai', 'zh-CN', NOON);
  expect(preview).toMatchObject({ valid: true, words: expect.stringContaining('星期日') });
});

test.each([
  ['nonsense', 'every night', 'UTC'],
  ['an hour that does not exist', '0 25 * * *', 'UTC'],
  ['nothing', '', 'UTC'],
  ['a date that never comes', '0 0 31 2 *', 'UTC'],
  ['a zone that does not exist', '0 3 * * *', 'Mars/Olympus'],
  ['a very long text', '1,'.repeat(5000), 'UTC'],
])('%s is refused with a sentence', (_what, cron, zone) => {
  const preview = previewCron(cron, zone, 'en-US', NOON);
  expect(preview.valid).toBe(false);
  expect(preview).toHaveProperty('error', expect.stringMatching(/\w+ \w+/));
});
