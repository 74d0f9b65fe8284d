import { describe, expect, test } from 'vitest';
import { readMessage } from '../../src/lib/events/read-message.ts';
import type { DeviceReading, Power, PowerReading, Source } from '../../src/lib/events/reading.ts';

const say = (topic: string, payload: unknown): unknown =>
  readMessage({ topic, payload, qos: 0, retain: false });
/** `plug/POWER1` is an outlet of `plug`. */
const OUTLET = /\/(POWER\d|l1|left|right|switch:\d|relay\/\d)$/;
const word = (power: Power, entity: string, source: Source): Omit<PowerReading, 'kind'> => ({
  power,
  entity,
  source,
  ...(OUTLET.test(entity) ? { strip: entity.replace(OUTLET, '') } : {}),
});
const edge = (power: Power, entity: string, source: Source): DeviceReading => ({
  kind: 'edge',
  ...word(power, entity, source),
});
const sync = (power: Power, entity: string, source: Source): DeviceReading => ({
  kind: 'sync',
  ...word(power, entity, source),
  initial: false,
});
const sample = (watts: number, entity: string): DeviceReading => ({
  kind: 'sample',
  watts,
  entity,
  initial: false,
});
const unchanged = { kind: 'ignored', why: 'no-power' };
const order = { kind: 'ignored', why: 'order' };

describe('Zigbee2MQTT', () => {
  const PLUG = 'zigbee2mqtt/plug';
  const rest = { current: 0.03, voltage: 231, energy: 1.2, linkquality: 120 };

  test.each([
    [{ state: 'ON', power: 7.4, ...rest }, edge('on', PLUG, 'zigbee2mqtt')],
    [{ state: 'OFF', power: 7.4, ...rest }, edge('off', PLUG, 'zigbee2mqtt')],
    [{ power: 7.4, ...rest }, sample(7.4, PLUG)],
    [rest, unchanged],
    [{ state: null, ...rest }, unchanged],
    [{ power_factor: 0.9, power_outage_memory: 'on', power_on_behavior: 'off' }, unchanged],
    [{ state_l1: 'ON' }, edge('on', `${PLUG}/l1`, 'zigbee2mqtt')],
    [{ power_l1: 7.4 }, sample(7.4, `${PLUG}/l1`)],
    [
      { state_left: 'ON', state_right: 'OFF', power_left: 3 },
      { ...edge('on', `${PLUG}/left`, 'zigbee2mqtt'), also: [edge('off', `${PLUG}/right`, 'zigbee2mqtt')] },
    ],
  ])('%j', (payload, reading) => expect(say(PLUG, payload)).toEqual(reading));

  test('its availability is no power, in the new shape and the old', () => {
    for (const online of [{ state: 'online' }, 'online', '{"state":"online"}']) {
      expect(say(`${PLUG}/availability`, online)).toEqual({ kind: 'ignored', why: 'availability' });
    }
    for (const offline of [{ state: 'offline' }, 'offline']) {
      expect(say(`${PLUG}/availability`, offline)).toEqual({ kind: 'unavailable', entity: PLUG });
    }
  });

  test('orders to it are not its word, and the bridge is no device', () => {
    expect(say(`${PLUG}/set`, { state: 'ON' })).toEqual(order);
    expect(say(`${PLUG}/set/state`, 'ON')).toEqual(order);
    expect(say('zigbee2mqtt/bridge/state', { state: 'online' })).toMatchObject({ kind: 'ignored' });
    expect(say('zigbee2mqtt/bridge/devices', [{ state: 'ON' }])).toMatchObject({ kind: 'ignored' });
  });

  test('values may have topics of their own', () => {
    expect(say(`${PLUG}/state`, 'ON')).toEqual(edge('on', PLUG, 'zigbee2mqtt'));
    expect(say(`${PLUG}/power`, 7.4)).toEqual(sample(7.4, PLUG));
    expect(say(`${PLUG}/linkquality`, 1)).toEqual(unchanged);
  });

  test('another base topic is known by the mark of quality', () => {
    expect(say('home/zb/plug', { state: 'ON', linkquality: 9 })).toEqual(
      edge('on', 'home/zb/plug', 'zigbee2mqtt'),
    );
  });
});

describe('Tasmota', () => {
  const RELAY = 'plug/POWER1';

  test('what comes when it was switched is a change', () => {
    expect(say('stat/plug/POWER', 'ON')).toEqual(edge('on', RELAY, 'tasmota'));
    expect(say('stat/plug/POWER1', 'OFF')).toEqual(edge('off', RELAY, 'tasmota'));
    expect(say('stat/plug/POWER2', 'ON')).toEqual(edge('on', 'plug/POWER2', 'tasmota'));
    expect(say('stat/plug/RESULT', { POWER: 'ON' })).toEqual(edge('on', RELAY, 'tasmota'));
    expect(say('tasmota/plug/stat/RESULT', { POWER: 'OFF' })).toEqual(
      edge('off', 'tasmota/plug/POWER1', 'tasmota'),
    );
  });

  test('what comes every few minutes, or as an answer, is none', () => {
    expect(say('tele/plug/STATE', { Time: '…', Uptime: '1T', POWER: 'ON', Wifi: {} })).toEqual(
      sync('on', RELAY, 'tasmota'),
    );
    expect(say('stat/plug/STATUS11', { StatusSTS: { POWER: 'OFF' } })).toEqual(sync('off', RELAY, 'tasmota'));
    expect(say('tele/plug/STATE', { POWER1: 'ON', POWER2: 'OFF' })).toEqual({
      ...sync('on', RELAY, 'tasmota'),
      also: [sync('off', 'plug/POWER2', 'tasmota')],
    });
  });

  test('watts are a number, or a list with one for each relay', () => {
    const sensor = (power: unknown): object => ({ Time: '…', ENERGY: { Power: power, Voltage: 230 } });
    expect(say('tele/plug/SENSOR', sensor(7))).toEqual(sample(7, 'plug'));
    expect(say('stat/plug/STATUS10', { StatusSNS: sensor(7) })).toEqual(sample(7, 'plug'));
    expect(say('tele/plug/SENSOR', sensor([7, 0]))).toEqual({
      ...sample(7, 'plug/POWER1'),
      also: [sample(0, 'plug/POWER2')],
    });
    expect(say('tele/plug/SENSOR', { Time: '…', DS18B20: { Temperature: 20 } })).toEqual(unchanged);
  });

  test.each(['011', 1, '1'])('Status.Power %j stands for relays and is no number of watts', (power) => {
    expect(say('stat/plug/STATUS', { Status: { Module: 1, Power: power } })).toEqual(unchanged);
  });

  test('its last will is no power, and orders to it are not its word', () => {
    expect(say('tele/plug/LWT', 'Online')).toEqual({ kind: 'ignored', why: 'availability' });
    expect(say('tele/plug/LWT', 'Offline')).toEqual({ kind: 'unavailable', entity: 'plug' });
    expect(say('tasmota/plug/tele/LWT', 'Offline')).toEqual({ kind: 'unavailable', entity: 'tasmota/plug' });
    expect(say('cmnd/plug/POWER', 'ON')).toEqual(order);
    expect(say('cmnd/plug/POWER', '')).toEqual(order);
  });
});

describe('Shelly, first generation', () => {
  const RELAY = 'shellies/shelly1pm-A4/relay/0';

  test('relay, power and what is neither', () => {
    expect(say(RELAY, 'on')).toEqual(edge('on', RELAY, 'shelly'));
    expect(say(RELAY, 'off')).toEqual(edge('off', RELAY, 'shelly'));
    expect(say(`${RELAY}/power`, 7.4)).toEqual(sample(7.4, RELAY));
    expect(say(`${RELAY}/energy`, 1)).toEqual(unchanged);
    expect(say(`${RELAY}/command`, 'on')).toEqual(order);
    expect(say('shellies/announce', { id: 'x' })).toEqual(unchanged);
  });

  test('at overpower the plug has switched itself off', () => {
    expect(say(RELAY, 'overpower')).toEqual(edge('off', RELAY, 'shelly'));
  });

  test('online is no power', () => {
    expect(say('shellies/shelly1pm-A4/online', true)).toEqual({ kind: 'ignored', why: 'availability' });
    expect(say('shellies/shelly1pm-A4/online', 'false')).toEqual({
      kind: 'unavailable',
      entity: 'shellies/shelly1pm-A4',
    });
  });
});

describe('Shelly, later generations', () => {
  const SWITCH = 'shellyplusplugs-e4/switch:0';
  const rpc = (method: string, params: object): unknown =>
    say('shellyplusplugs-e4/events/rpc', { src: 'shellyplusplugs-e4', dst: 'x', method, params });

  test('a frame tells what changed; the rest is unchanged', () => {
    const output = (value: boolean): object => ({
      ts: 1,
      'switch:0': { id: 0, output: value, source: 'UI' },
    });
    expect(rpc('NotifyStatus', output(true))).toEqual(edge('on', SWITCH, 'shelly'));
    expect(rpc('NotifyStatus', output(false))).toEqual(edge('off', SWITCH, 'shelly'));
    expect(rpc('NotifyStatus', { ts: 1, 'switch:0': { id: 0, apower: 7.4 } })).toEqual(sample(7.4, SWITCH));
    expect(rpc('NotifyStatus', { ts: 1, 'switch:0': { id: 0, aenergy: { total: 1 } } })).toEqual(unchanged);
    expect(rpc('NotifyStatus', { ts: 1, sys: {} })).toEqual(unchanged);
    expect(rpc('NotifyEvent', { events: [] })).toEqual(unchanged);
  });

  test('a whole status, a boot and an answer tell a state', () => {
    const full = { sys: {}, 'switch:0': { id: 0, output: true, apower: 7.4 } };
    expect(rpc('NotifyFullStatus', full)).toEqual(sync('on', SWITCH, 'shelly'));
    const boot = { 'switch:0': { id: 0, output: true, source: 'init' } };
    expect(rpc('NotifyStatus', boot)).toEqual(sync('on', SWITCH, 'shelly'));
    const answer = {
      id: 1,
      src: 'shellyplusplugs-e4',
      dst: 'nr',
      result: { id: 0, output: false, apower: 0 },
    };
    expect(say('nr/rpc', answer)).toEqual(sync('off', SWITCH, 'shelly'));
    expect(say('nr/rpc', { ...answer, result: { was_on: true } })).toEqual(unchanged);
  });

  test('a component’s own topic, and a meter without a switch', () => {
    const status = { id: 0, source: 'UI', output: true, apower: 7.4, voltage: 230, aenergy: {} };
    expect(say('shellyplusplugs-e4/status/switch:0', status)).toEqual(edge('on', SWITCH, 'shelly'));
    const meter = { id: 0, apower: 7.4 };
    expect(say('pm/status/pm1:0', meter)).toEqual(sample(7.4, 'pm/pm1:0'));
    expect(say('pm/events/rpc', { src: 'pm', method: 'NotifyStatus', params: { 'pm1:0': meter } })).toEqual(
      sample(7.4, 'pm/pm1:0'),
    );
    expect(say('pm/status/wifi', { status: 'on' })).toEqual(unchanged);
    expect(say('pm/online', 'true')).toEqual({ kind: 'ignored', why: 'availability' });
  });

  test('a strip says one thing of each outlet', () => {
    expect(rpc('NotifyStatus', { 'switch:0': { output: false }, 'switch:1': { output: true } })).toEqual({
      ...edge('off', SWITCH, 'shelly'),
      also: [edge('on', 'shellyplusplugs-e4/switch:1', 'shelly')],
    });
  });
});

describe('ESPHome', () => {
  test('switches, sensors and whether it can be reached', () => {
    expect(say('plug/switch/socket/state', 'ON')).toEqual(edge('on', 'plug/switch/socket', 'esphome'));
    expect(say('plug/binary_sensor/drive/state', 'OFF')).toEqual(
      edge('off', 'plug/binary_sensor/drive', 'esphome'),
    );
    expect(say('plug/sensor/plug_power/state', '7.4')).toEqual(sample(7.4, 'plug/sensor/plug_power'));
    expect(say('plug/sensor/voltage/state', 1)).toEqual(unchanged);
    expect(say('plug/switch/socket/command', 'ON')).toEqual(order);
    expect(say('plug/status', 'online')).toEqual({ kind: 'ignored', why: 'availability' });
    expect(say('plug/status', 'offline')).toEqual({ kind: 'unavailable', entity: 'plug' });
  });
});
