import { describe, expect, test } from 'vitest';
import { readMessage } from '../../src/lib/events/read-message.ts';

/** The event of a pressed button, as the node "events: all" of Home Assistant's nodes sends it. */
const pressed = (action: unknown) => ({
  topic: 'mobile_app_notification_action',
  payload: {
    event_type: 'mobile_app_notification_action',
    event: { action, device_id: 'phone' },
    origin: 'REMOTE',
    time_fired: '2026-11-23T12:00:00.000Z',
  },
});

describe.each([
  ['lastgood/run/photos', { command: 'run', plans: ['photos'] }],
  ['lastgood/pause=1d/photos,mail', { command: 'pause', pauseMs: 86_400_000, plans: ['photos', 'mail'] }],
  ['lastgood/accept-repository/photos', { command: 'accept-repository', plans: ['photos'] }],
])('the answer %s', (id, reading) => {
  test('is understood as text', () =>
    expect(readMessage({ payload: id })).toEqual({ kind: 'command', ...reading }));
  test('is understood as Home Assistant’s event', () =>
    expect(readMessage(pressed(id))).toEqual({ kind: 'command', ...reading }));
  test('is no wish of now when a broker kept it', () =>
    expect(readMessage({ payload: id, retain: true })).toMatchObject({ kind: 'ignored' }));
});

test('the message of an answer is understood as it is', () => {
  const payload = { command: 'pause', for: '1d', plans: ['photos'] };
  expect(readMessage({ payload })).toEqual({
    kind: 'command',
    command: 'pause',
    pauseMs: 86_400_000,
    plans: ['photos'],
  });
});

test.each([
  'lastgood/run/',
  'lastgood/run/Photos',
  'lastgood/explode/photos',
  'lastgood/pause=soon/photos',
  'lastgood/run/a/b',
  `lastgood/run/${'a,'.repeat(5000)}a`,
])('%s is no command', (payload) => {
  expect(readMessage({ payload }).kind).not.toBe('command');
  expect(readMessage(pressed(payload)).kind).not.toBe('command');
});

test.each([1, { a: 1 }, [1], ['photos', 2]])('plans that are no keys (%j) are not guessed', (plans) =>
  expect(readMessage({ payload: { command: 'run', plans } }).kind).not.toBe('command'),
);

test('another event of Home Assistant starts nothing', () => {
  expect(readMessage(pressed(undefined)).kind).toBe('ignored');
  expect(readMessage(pressed('SOMEBODY_ELSES_ACTION')).kind).toBe('ignored');
});
