import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readMessage } from '../../src/lib/events/read-message.ts';
import type { Carried } from '../../src/lib/message.ts';

/** What real Home Assistant nodes (0.80.3) sent: a plug goes on, is lost, and comes back off; its watts go up and down. */
const captured = readFileSync(
  new URL('../fixtures/home-assistant/captured-msgs.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { node: string; msg: Carried });

const PLUG = 'switch.backup_plug';
const METER = 'sensor.backup_plug_power';
const on = { kind: 'edge', power: 'on', entity: PLUG, source: 'home-assistant' };
const lost = { kind: 'unavailable', entity: PLUG };
const backOff = { kind: 'sync', power: 'off', entity: PLUG, source: 'home-assistant', initial: false };
const watts = (amount: number, initial = false): object => ({
  kind: 'sample',
  watts: amount,
  entity: METER,
  initial,
});
const noWatts = { kind: 'unavailable', entity: METER };

test.each([
  [
    'events_state_onconnect',
    [{ ...backOff, initial: true }, watts(0, true), on, watts(7.4), watts(0.3), lost, backOff, noWatts],
  ],
  ['events_state', [on, watts(7.4), watts(0.3), lost, backOff, noWatts]],
  ['trigger_state', [on, watts(7.4), watts(0.3), lost, backOff, noWatts]],
  ['poll_state', [watts(0), watts(7.4), watts(0.3), noWatts, noWatts, noWatts, noWatts, noWatts]],
  ['current_state', [lost]],
  // It passes on what it got, and that said nothing.
  ['action', [{ kind: 'unknown', shape: '{keep}' }]],
])('what the node %s sent', (node, readings) => {
  const messages = captured.filter((line) => line.node === node).map(({ msg }) => msg);
  expect(messages.map(readMessage)).toEqual(readings);
});

const state = (word: unknown, attributes: object = {}, more: object = {}): object => ({
  entity_id: PLUG,
  state: word,
  attributes,
  ...more,
});

function event(before: object | null, now: object | null, payload: unknown = 'x'): Carried {
  return { topic: PLUG, payload, data: { entity_id: PLUG, old_state: before, new_state: now } };
}

/** The same change as each of the nodes tells it. */
const SHAPES: [string, (before: object | null, now: object | null) => Carried][] = [
  ['events: state', event],
  [
    'trigger: state',
    (before, now) => ({
      topic: PLUG,
      payload: 'x',
      data: { event_type: 'state_changed', entity_id: PLUG, event: { old_state: before, new_state: now } },
    }),
  ],
  [
    'events: all',
    (before, now) => ({
      topic: 'state_changed',
      payload: {
        event_type: 'state_changed',
        entity_id: PLUG,
        event: { entity_id: PLUG, old_state: before, new_state: now },
      },
    }),
  ],
  [
    'device trigger',
    (before, now) => ({
      topic: '6c1f',
      payload: { platform: 'device', entity_id: PLUG, from_state: before, to_state: now },
    }),
  ],
];

describe.each(SHAPES)('%s', (_name, message) => {
  test('off to on is a switch-on, on to off a switch-off', () => {
    expect(readMessage(message(state('off'), state('on')))).toEqual(on);
    expect(readMessage(message(state('on'), state('off')))).toEqual({ ...on, power: 'off' });
  });

  test.each(['unavailable', 'unknown'])(
    '%s is never off, and what comes back on was not switched on',
    (word) => {
      expect(readMessage(message(state('on'), state(word)))).toEqual(lost);
      expect(readMessage(message(state(word), state('on')))).toMatchObject({ kind: 'sync', initial: true });
      expect(readMessage(message(state(word), state('off')))).toEqual(backOff);
    },
  );

  test('the same state again, or the first one ever, is no change', () => {
    const same = { kind: 'sync', power: 'on', initial: true };
    expect(readMessage(message(state('on'), state('on', { icon: 'new' })))).toMatchObject(same);
    expect(readMessage(message(null, state('on')))).toMatchObject(same);
  });
});

test('the state counts, whatever its payload was cast to', () => {
  const cast = { original_state: 'unavailable' };
  expect(readMessage(event(state('on'), state(false, {}, cast), false))).toEqual(lost);
  expect(readMessage(event(state('off'), state(true, {}, { original_state: 'on' }), true))).toEqual(on);
  const meter = { unit_of_measurement: 'W' };
  expect(readMessage(event(state('7', meter), state(null, meter, cast), null))).toEqual(lost);
  expect(readMessage(event(state('idle'), state('docked'), false)).kind).toBe('unknown');
});

test('an entity that was removed is not off', () => {
  expect(readMessage(event(state('on'), null))).toEqual(lost);
});

test('units of power are watts, other units are nothing', () => {
  const measured = (unit: string): unknown =>
    readMessage(event(state('1', { unit_of_measurement: unit }), state('2', { unit_of_measurement: unit })));
  expect(measured('W')).toMatchObject({ kind: 'sample', watts: 2 });
  expect(measured('kW')).toMatchObject({ kind: 'sample', watts: 2000 });
  for (const unit of ['kWh', 'V', 'A', '%', 'toString'])
    expect(measured(unit)).toMatchObject({ kind: 'ignored' });
});

test('a state that was only asked for tells no change', () => {
  const message = { topic: 'from_inject', payload: 'on', data: state('on') };
  expect(readMessage(message)).toEqual({ ...on, kind: 'sync', initial: false });
});

test('a tracker of people or laptops looks whether they are there', () => {
  expect(readMessage(event(state('not_home'), state('home')))).toEqual({ ...on, source: 'watch' });
});

test('other events are ignored', () => {
  const payload = { event_type: 'call_service', event: { service: 'turn_on' }, origin: 'LOCAL' };
  expect(readMessage({ topic: 'call_service', payload })).toEqual({ kind: 'ignored', why: 'other-event' });
});

test('a press of a button asks for a run, its return after a restart does not', () => {
  const button = (before: string, now: string): Carried => ({
    topic: 'input_button.backup',
    payload: now,
    data: { entity_id: 'input_button.backup', old_state: { state: before }, new_state: { state: now } },
  });
  const [first, second] = ['2026-11-24T10:00:00+00:00', '2026-11-25T10:00:00+00:00'];
  expect(readMessage(button(first, second))).toEqual({ kind: 'command', command: 'run' });
  expect(readMessage(button('unknown', second))).toEqual({ kind: 'command', command: 'run' });
  expect(readMessage(button('unavailable', second)).kind).toBe('ignored');
  expect(readMessage(button(second, second)).kind).toBe('ignored');
});
