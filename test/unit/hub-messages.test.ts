import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readHubMessage } from '../../src/lib/hub/hub-message.ts';
import { hubTopics } from '../../src/lib/hub/topics.ts';
import { PLAN_COMMANDS } from '../../src/lib/plan/commands.ts';
import { Problem } from '../../src/lib/problem.ts';

// What messages at the input of a hub mean.

const topics = hubTopics('lastgood', 'homeassistant');

describe('a command', () => {
  test.each([
    ['a word, for all plans', { payload: 'run' }, { command: 'run', plans: undefined }],
    [
      'a word with a plan as its topic',
      { payload: 'cancel', topic: 'photos' },
      { command: 'cancel', plans: ['photos'] },
    ],
    ['an object', { payload: { command: 'run', plan: 'photos' } }, { command: 'run', plans: ['photos'] }],
    [
      'an object for several',
      { payload: { command: 'skip', plans: ['photos', 'music'] } },
      { command: 'skip', plans: ['photos', 'music'] },
    ],
    [
      'an object in JSON, with an end of the pause',
      { payload: '{"command":"pause","plan":"photos","for":"12h"}' },
      { command: 'pause', plans: ['photos'], pauseMs: 43_200_000 },
    ],
    [
      'the answer to an alert, whatever its topic is',
      { payload: 'lastgood/pause=2d/photos,music', topic: 'chat' },
      { command: 'pause', plans: ['photos', 'music'], pauseMs: 172_800_000 },
    ],
    [
      'what a button of Home Assistant publishes',
      { payload: 'run', topic: 'lastgood/plan/photos/cmd', qos: 1, retain: false },
      { command: 'run', plans: ['photos'] },
    ],
    [
      'the same from a node that is set to buffers',
      { payload: Buffer.from('resume'), topic: 'lastgood/plan/photos/cmd' },
      { command: 'resume', plans: ['photos'] },
    ],
    [
      'a command topic, whatever plan its payload names',
      { payload: { command: 'run', plan: 'music' }, topic: 'lastgood/plan/photos/cmd' },
      { command: 'run', plans: ['photos'] },
    ],
  ])('may be %s', (_name, message, meaning) => {
    expect(readHubMessage(message, topics)).toEqual({ kind: 'command', ...meaning });
  });

  test('that the broker kept is no wish of now', () => {
    for (const command of PLAN_COMMANDS) {
      const message = { payload: command, topic: 'lastgood/plan/photos/cmd', retain: true };
      expect(readHubMessage(message, topics)).toEqual({ kind: 'ignored', why: 'retained-command' });
    }
  });

  test('to pause for a time that is none is not understood', () => {
    expect(readHubMessage({ payload: { command: 'pause', for: 'long' } }, topics)).toMatchObject({
      kind: 'unknown',
    });
  });
});

test.each([
  ['Home Assistant has started', 'homeassistant/status', 'online', { kind: 'home-assistant-started' }],
  ['Home Assistant stops', 'homeassistant/status', 'offline', { kind: 'ignored', why: 'state' }],
  ['the broker node has connected', 'lastgood/availability', 'online', { kind: 'broker-connected' }],
  ['the broker node has gone', 'lastgood/availability', 'offline', { kind: 'ignored', why: 'state' }],
])('%s', (_name, topic, payload, meaning) => {
  expect(readHubMessage({ topic, payload, retain: true }, topics)).toEqual(meaning);
});

test.each([
  ['its own state', { topic: 'lastgood/plan/photos/state', payload: { state: 'idle' } }],
  ['its own event', { topic: 'lastgood/plan/photos/event', payload: { event_type: 'failed' } }],
  ['its own discovery', { topic: 'homeassistant/device/lastgood_photos/config', payload: {} }],
  ['its own event by a wire', { topic: 'photos', payload: { id: 'photos' }, backup: { event: 'status' } }],
])('%s that comes back is left alone', (_name, message) => {
  expect(readHubMessage(message, topics)).toEqual({ kind: 'ignored', why: 'own' });
});

test('whatever comes, it is understood or told of by its shape, and nothing throws', () => {
  fc.assert(
    fc.property(
      fc.record({
        topic: fc.anything(),
        payload: fc.anything(),
        retain: fc.anything(),
        backup: fc.anything(),
      }),
      (message) => {
        const { kind } = readHubMessage(message, topics);
        expect(['command', 'ignored', 'unknown']).toContain(kind);
      },
    ),
    { numRuns: 200 },
  );
});

test.each(['', 'a b', '/lastgood', 'lastgood/', 'a//b', 'a/+/b', '#', 'x'.repeat(201), 'a\u0000b'])(
  '%j is no base topic',
  (base) => {
    expect(() => hubTopics(base, 'homeassistant')).toThrow(Problem);
    expect(() => hubTopics('lastgood', base)).toThrow(Problem);
  },
);

test('topics under a base of several levels give ids that Home Assistant takes', () => {
  const deep = hubTopics('Haus/Keller/backup', 'homeassistant');
  expect(deep.plan('photos', 'cmd')).toBe('Haus/Keller/backup/plan/photos/cmd');
  expect(deep.planOfCommand('Haus/Keller/backup/plan/photos/cmd')).toBe('photos');
  expect(deep.planOfCommand('lastgood/plan/photos/cmd')).toBeUndefined();
  expect(deep.discovery(deep.device('photos'))).toBe('homeassistant/device/Haus_Keller_backup_photos/config');
});
