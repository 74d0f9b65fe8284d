import { describe, expect, test } from 'vitest';
import { readMessage } from '../../src/lib/events/read-message.ts';

describe('hb-event', () => {
  const message = (payload: unknown): Record<string, unknown> => ({
    name: 'Plug',
    payload,
    Homebridge: 'Homebridge 1234',
    Manufacturer: 'x',
    Service: 'Outlet',
    _device: 'aa:bb/2/Plug',
    _confId: 'y',
  });

  test.each([1, true, '1', 'true', 'on'])('On: %j is a state, which comes again on each connection', (on) => {
    expect(readMessage(message({ On: on, OutletInUse: 1 }))).toEqual({
      kind: 'sync',
      power: 'on',
      entity: 'aa:bb/2/Plug',
      source: 'homekit',
      initial: false,
    });
  });

  test('without On nothing is said of power', () => {
    expect(readMessage(message({ OutletInUse: 1 }))).toEqual({ kind: 'ignored', why: 'no-power' });
    expect(readMessage(message({ ContactSensorState: 1 })).kind).toBe('unknown');
  });
});

describe('NRCHKB', () => {
  const message = (payload: unknown, hap: object): Record<string, unknown> => ({
    name: 'Backup',
    payload,
    hap,
  });
  const set = { event: { name: 'set' }, oldValue: false, newValue: true, reachable: true };

  test('a person or an automation switches it', () => {
    expect(readMessage(message({ On: true }, set))).toEqual({
      kind: 'edge',
      power: 'on',
      entity: 'Backup',
      source: 'homekit',
    });
    expect(readMessage(message({ On: false }, { ...set, oldValue: true, newValue: false }))).toMatchObject({
      kind: 'edge',
      power: 'off',
    });
  });

  test('the same value is no change, a look at it is nothing, no response is unavailable', () => {
    expect(readMessage(message({ On: true }, { ...set, oldValue: true }))).toMatchObject({ kind: 'sync' });
    expect(readMessage(message({ On: true }, { ...set, event: { name: 'get' } })).kind).toBe('ignored');
    expect(readMessage(message({ On: true }, { ...set, event: 'get' })).kind).toBe('ignored');
    for (const payload of ['NO_RESPONSE', { On: 'NO_RESPONSE' }]) {
      expect(readMessage(message(payload, set))).toEqual({ kind: 'unavailable', entity: 'Backup' });
    }
    expect(readMessage(message({ On: false }, { ...set, reachable: false })).kind).toBe('unavailable');
  });
});

test.each([
  ['true', 'on'],
  ['0', 'off'],
])('mqttthing says %j for %s', (payload, power) => {
  expect(readMessage({ topic: 'home/plug/setOn', payload })).toMatchObject({ kind: 'edge', power });
});

describe('the watch node', () => {
  const path = '/dev/disk/by-uuid/1234-ABCD';
  const message = (event: string, payload: unknown = path): Record<string, unknown> => ({
    payload,
    topic: '/dev/disk/by-uuid',
    file: '1234-ABCD',
    filename: path,
    event,
    type: 'other',
  });

  test('a drive comes and goes', () => {
    const drive = { entity: path, source: 'watch' };
    expect(readMessage(message('update'))).toEqual({ ...drive, kind: 'edge', power: 'on' });
    expect(readMessage(message('remove'))).toEqual({ ...drive, kind: 'sync', power: 'off', initial: false });
  });

  test('other events are not its own', () => {
    expect(readMessage(message('error')).kind).toBe('unknown');
    expect(readMessage({ event: 'update', payload: 'x' }).kind).toBe('unknown');
  });
});
