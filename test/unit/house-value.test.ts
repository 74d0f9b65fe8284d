import { createRequire } from 'node:module';
import type { Node, NodeAPI } from 'node-red';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HouseValue } from '../../src/lib/checks/check.ts';
import type { FoundValue } from '../../src/lib/checks/context.ts';
import { readHouseValue } from '../../src/lib/node-red/house-value.ts';

// Node-RED's own evaluation, with a node whose context is what a test makes of it.

const require = createRequire(createRequire(import.meta.url).resolve('node-red'));
const red: Pick<NodeAPI, 'util'> = require('@node-red/util');

type Get = (
  key: string,
  store: string | undefined,
  callback: (error?: unknown, value?: unknown) => void,
) => void;

const held: Record<string, unknown> = { plug: 'on', room: { temperature: 21 } };
const plain: Get = (key, _store, callback) => callback(null, red.util.getObjectProperty(held, key));
const asynchronous: Get = (key, store, callback) => void setImmediate(() => plain(key, store, callback));

function read(
  type: HouseValue['type'],
  value: string,
  options: { get?: Get; message?: Record<string, unknown> | null } = {},
): Promise<FoundValue> {
  const { get = plain, message = { payload: 'off', topic: 'plug' } } = options;
  const node = { id: 'check', context: () => ({ flow: { get }, global: { get } }) } as unknown as Node;
  const arrival = message === null ? undefined : { message, atMs: 1000 };
  return readHouseValue(red, node, { type, value }, arrival, 'en-US');
}

beforeEach(() => vi.stubEnv('LASTGOOD_HOUSE', 'quiet'));
afterEach(() => vi.unstubAllEnvs());

describe('a value of the house', () => {
  test.each<[HouseValue['type'], string, unknown]>([
    ['flow', 'plug', 'on'],
    ['global', 'room.temperature', 21],
    ['flow', '#:(disk)::plug', 'on'],
    ['flow', 'absent', undefined],
    ['env', 'LASTGOOD_HOUSE', 'quiet'],
    ['env', 'LASTGOOD_ABSENT', undefined],
    ['jsonata', '$flowContext("plug") & "!"', 'on!'],
    ['jsonata', 'payload = "off"', true],
    ['jsonata', 'absent', undefined],
    ['str', 'on', 'on'],
    ['num', '21.5', 21.5],
    ['num', '', undefined],
    ['num', 'warm', Number.NaN],
    ['bool', 'true', true],
  ])('%s %s is %j', async (type, value, found) => {
    expect(await read(type, value)).toEqual({ value: found });
    if (type === 'flow' || type === 'jsonata')
      expect(await read(type, value, { get: asynchronous })).toEqual({ value: found });
  });

  test('a property of the message has its arrival', async () => {
    expect(await read('msg', 'payload')).toEqual({ value: 'off', sinceMs: 1000 });
    expect(await read('msg', 'absent.too')).toEqual({ value: undefined, sinceMs: 1000 });
  });

  test('without a message its property is not known, and the rest is', async () => {
    await expect(read('msg', 'payload', { message: null })).rejects.toThrow(/no message in a look by hand/);
    expect(await read('flow', 'plug', { message: null })).toEqual({ value: 'on' });
    expect(await read('jsonata', '$globalContext("plug")', { message: null })).toEqual({ value: 'on' });
  });

  test.each<[string, HouseValue['type'], string, Get]>([
    [
      'a store that throws',
      'flow',
      'plug',
      () => {
        throw new Error('no disk');
      },
    ],
    ['a store that fails', 'global', 'plug', (_key, _store, callback) => callback(new Error('no disk'))],
    [
      'an expression in a store that fails',
      'jsonata',
      '$flowContext("plug")',
      (_k, _s, callback) => callback(new Error('no disk')),
    ],
    ['half an expression', 'jsonata', '$flowContext(', plain],
    ['a property that cannot be', 'msg', 'payload[', plain],
  ])('%s rejects', async (_what, type, value, get) => {
    await expect(read(type, value, { get })).rejects.toBeDefined();
  });
});
