import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readMessage } from '../../src/lib/events/read-message.ts';
import { readTicket, shapeOf } from '../../src/lib/message.ts';
import { PLAN_COMMANDS } from '../../src/lib/plan/commands.ts';

test.each([true, 1, 'on', 'ON ', 'true', '1'])('%j: the device is there', (payload) => {
  expect(readMessage({ payload })).toEqual({ kind: 'edge', power: 'on', entity: '', source: 'plain' });
});

test.each([false, 0, 'off', 'Off', 'false', '0'])('%j: it is not', (payload) => {
  expect(readMessage({ payload, topic: 'hall/plug' })).toEqual({
    kind: 'edge',
    power: 'off',
    entity: 'hall/plug',
    source: 'plain',
  });
});

test.each([
  ['mounted', 'on'],
  ['home', 'on'],
  ['unmounted', 'off'],
  ['not_home', 'off'],
])('%s is the word of somebody who looks whether it is there', (payload, power) => {
  expect(readMessage({ payload })).toEqual({ kind: 'edge', power, entity: '', source: 'watch' });
});

test.each(['unavailable', 'unknown', { state: 'unavailable' }, { state: 'offline' }])(
  '%j is never a no',
  (payload) => {
    expect(readMessage({ payload, topic: 'plug' })).toEqual({ kind: 'unavailable', entity: 'plug' });
  },
);

test.each([
  [{ on: true }, 'on'],
  [{ state: 'ON' }, 'on'],
  [{ value: 0 }, 'off'],
  [{ power: 'off' }, 'off'],
  [{ output: false }, 'off'],
  [{ POWER: 'ON' }, 'on'],
  [{ state: 'charging', on: 1 }, 'on'],
  ['{"state":"OFF"}', 'off'],
])('%j says %s', (payload, power) => {
  expect(readMessage({ payload, topic: 'plug' })).toMatchObject({ kind: 'edge', power, entity: 'plug' });
});

test('a number is watts only where its name or its topic says so', () => {
  const sample = (watts: number): object => ({ kind: 'sample', watts, initial: false });
  expect(readMessage({ payload: { power: 7.4 } })).toMatchObject(sample(7.4));
  expect(readMessage({ payload: { power: 1 } })).toMatchObject(sample(1));
  expect(readMessage({ payload: { apower: 0 } })).toMatchObject(sample(0));
  expect(readMessage({ payload: '7.4', topic: 'hall/plug/power' })).toMatchObject(sample(7.4));
  expect(readMessage({ payload: 0, topic: 'plug_watts' })).toMatchObject(sample(0));
  expect(readMessage({ payload: 0, topic: 'hall/plug' })).toMatchObject({ kind: 'edge', power: 'off' });
  expect(readMessage({ payload: 'on', topic: 'hall/plug/power' })).toMatchObject({
    kind: 'edge',
    power: 'on',
  });
  expect(readMessage({ payload: 7.4, topic: 'hall/plug' }).kind).toBe('unknown');
});

describe('what a broker kept', () => {
  test('is a state and no change', () => {
    expect(readMessage({ payload: 'ON', topic: 'plug', retain: true })).toEqual({
      kind: 'sync',
      power: 'on',
      entity: 'plug',
      source: 'plain',
      initial: true,
    });
    expect(readMessage({ payload: { power: 9 }, topic: 'plug', retain: true })).toMatchObject({
      kind: 'sample',
      initial: true,
    });
    expect(readMessage({ payload: 'ON', topic: 'plug', retain: false }).kind).toBe('edge');
  });

  test.each(['run', 'cancel', 'accept-repository', '', { command: 'run' }, {}])(
    '%j is never obeyed',
    (payload) => {
      const message = { payload, topic: 'home/backup/cmd', qos: 1, retain: true };
      expect(readMessage(message)).toEqual({ kind: 'ignored', why: 'retained-command' });
    },
  );
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
  expect(readMessage({ payload: true, topic: 'cancel' })).toMatchObject({ kind: 'edge', power: 'on' });
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

const KINDS = ['edge', 'sync', 'sample', 'unavailable', 'command', 'ignored', 'unknown'];
/** What readers look for, so that random messages get past their first questions. */
const name = fc.oneof(
  fc.constantFrom(
    'state',
    'power',
    'On',
    'hap',
    'event',
    'event_type',
    'new_state',
    'old_state',
    'entity_id',
  ),
  fc.constantFrom(
    'attributes',
    'src',
    'method',
    'params',
    'result',
    'switch:0',
    'ENERGY',
    'POWER',
    'StatusSTS',
  ),
  fc.constantFrom('platform', 'to_state', 'data', 'file', 'linkquality', 'command', 'for', '__proto__'),
  fc.string(),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      'on',
      'OFF',
      'state_changed',
      'NotifyStatus',
      'update',
      'unavailable',
      'switch.plug',
      7.4,
    ),
    fc.jsonValue(),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(name, tie('any'), { maxKeys: 5 }),
  ),
})).any;
const topic = fc.oneof(
  fc.constantFrom(
    'zigbee2mqtt/plug',
    'stat/plug/POWER',
    'tele/plug/SENSOR',
    'shellies/a/relay/0',
    'a/events/rpc',
  ),
  fc.constantFrom('a/status/switch:0', 'a/switch/b/state', 'a/availability', 'tele/LWT', 'plug/power'),
  value,
);

test('any message is of one of the kinds, and never too much', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          payload: value,
          topic,
          data: value,
          hap: value,
          event: value,
          file: value,
          retain: value,
          _device: value,
        },
        { requiredKeys: [] },
      ),
      (message) => {
        const reading = readMessage(message);
        expect(KINDS).toContain(reading.kind);
        if ('entity' in reading) expect(reading.entity.length).toBeLessThanOrEqual(200);
        if (reading.kind === 'sample') expect(Number.isFinite(reading.watts)).toBe(true);
        if (message.retain === true) expect(['edge', 'command']).not.toContain(reading.kind);
      },
    ),
    { numRuns: 3000 },
  );
});

test('nothing that a message can hold makes it throw, and no content is quoted', () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
      (payload) => {
        const reading = readMessage({ payload, topic: payload, data: payload, hap: payload });
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
