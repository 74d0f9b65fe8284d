import { expect, test } from 'vitest';
import { cadenceOf, previewCron } from '../../src/lib/node-red/routes-plan.ts';

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

test.each([
  ['every night', { scheduleKind: 'cron', cron: '30 2 * * *', timeZone: 'UTC' }, 24],
  [
    'every working day: the weekend is in between',
    { scheduleKind: 'cron', cron: '0 3 * * 1-5', timeZone: 'UTC' },
    72,
  ],
  ['an interval', { scheduleKind: 'interval', interval: '36h' }, 36],
  ['an interval below the minimum gap', { scheduleKind: 'interval', interval: '2h', minimumGap: '5h' }, 5],
] as const)('the rhythm of %s is known', (_what, times, hours) => {
  expect(cadenceOf(times, 'Photos', 'en-US', NOON)).toEqual({ valid: true, cadenceMs: hours * 3_600_000 });
});

test('a plan that only an event starts has no rhythm to be late against', () => {
  const cadence = cadenceOf({ scheduleKind: 'event', minimumGap: '1h' }, 'Photos', 'en-US', NOON);
  expect(cadence).toEqual({ valid: true, cadenceMs: null });
});

test.each([
  ['no schedule', {}],
  ['a cron expression that is none', { scheduleKind: 'cron', cron: 'every night' }],
  ['an interval that is none', { scheduleKind: 'interval', interval: 'often' }],
  ['a gap that is none', { scheduleKind: 'interval', interval: '2h', minimumGap: 'x' }],
] as const)('the rhythm of %s is refused with a sentence', (_what, times) => {
  const cadence = cadenceOf(times, 'Photos', 'zh-CN', NOON);
  expect(cadence).toEqual({ valid: false, error: expect.stringMatching(/\p{Script=Han}/u) });
});
