import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readMessage } from '../../src/lib/events/reading.ts';
import { readTicket, shapeOf } from '../../src/lib/message.ts';
import { PLAN_COMMANDS } from '../../src/lib/plan/commands.ts';

test.each([true, 1, 'on', 'ON ', 'true', '1', 'mounted'])('%j: the device is there', (payload) => {
  expect(readMessage({ payload })).toEqual({ kind: 'appeared' });
});

test.each([false, 0, 'off', 'Off', 'false', '0', 'unmounted'])('%j: it is not', (payload) => {
  expect(readMessage({ payload })).toEqual({ kind: 'vanished' });
});

test.each(['unavailable', 'unknown'])('%j is never a no', (payload) => {
  expect(readMessage({ payload })).toEqual({ kind: 'ignored' });
});

test.each(PLAN_COMMANDS)('%s as payload, as topic of an empty message and as an object', (command) => {
  const expected = { kind: 'command', command };
  expect(readMessage({ payload: ` ${command.toUpperCase()} ` })).toEqual(expected);
  expect(readMessage({ payload: '', topic: command })).toEqual(expected);
  expect(readMessage({ payload: Date.now(), topic: command })).toEqual(expected);
  expect(readMessage({ payload: { command } })).toEqual(expected);
});

test.each([undefined, null, '', {}, Date.now()])('an inject node’s %j asks for a run', (payload) => {
  expect(readMessage({ payload })).toEqual({ kind: 'command', command: 'run' });
});

test('a device’s state wins over a topic', () => {
  expect(readMessage({ payload: true, topic: 'cancel' })).toEqual({ kind: 'appeared' });
});

test('a pause may have its length', () => {
  expect(readMessage({ payload: { command: 'pause', for: '2h' } })).toEqual({
    kind: 'command',
    command: 'pause',
    pauseMs: 7_200_000,
  });
});

test.each(['soon', '0', '1', 5, {}, '9999999999w'])(
  'a pause for %j is not understood rather than another one',
  (length) => {
    expect(readMessage({ payload: { command: 'pause', for: length } }).kind).toBe('unknown');
  },
);

test.each([
  42,
  -1,
  NaN,
  'hello',
  [],
  ['run'],
  { command: 'format' },
  { command: 5 },
  1e11,
  Symbol('x'),
  () => 1,
])('%j is unknown', (payload) => {
  expect(readMessage({ payload }).kind).toBe('unknown');
});

test('a large buffer is unknown at once', () => {
  const payload = Buffer.alloc(50_000_000);
  expect(readMessage({ payload })).toEqual({ kind: 'unknown', shape: 'binary(50000000)' });
});

test('nothing that a message can hold makes it throw, and no content is quoted', () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
      (payload) => {
        const reading = readMessage({ payload, topic: payload });
        if (reading.kind === 'unknown') expect(reading.shape.length).toBeLessThan(250);
      },
    ),
  );
  expect(shapeOf({ password: 'geheim' })).toBe('{password}');
  expect(shapeOf('geheim')).toBe('string');
});

describe('msg.backup', () => {
  test('of a message only plan, run and attempt are believed', () => {
    expect(
      readTicket({ backup: { plan: 'photos', run: 'r', attempt: 2, dueAt: 'never', admin: true } }),
    ).toEqual({
      plan: 'photos',
      run: 'r',
      attempt: 2,
    });
    expect(readTicket({ payload: 1 })).toBeUndefined();
    expect(readTicket({ backup: null })).toBeUndefined();
  });

  test.each([
    'photos',
    7,
    [],
    {},
    { plan: 'photos', run: null, attempt: 0 },
    { plan: 'photos', run: 'r', attempt: '1' },
    { plan: 'photos', run: 'r', attempt: 1.5 },
    { plan: ['photos'], run: 'r', attempt: 1 },
  ])('%j is not ours', (backup) => {
    expect(() => readTicket({ backup })).toThrowError(expect.objectContaining({ code: 'bad-message' }));
  });
});
