import { describe, expect, test } from 'vitest';
import type { DeviceReading, Power } from '../../src/lib/events/reading.ts';
import { hear } from '../../src/lib/plan/device-events.ts';
import { DeviceSense, MOST_ENTITIES } from '../../src/lib/plan/device-sense.ts';
import { House, ms, policy } from './fake-house.ts';

const PLUG = 'zigbee2mqtt/plug';
const plug = (state: string): object => ({ topic: PLUG, payload: { state, linkquality: 90 } });
const tasmota = (state: string): object => ({ topic: 'tele/plug/STATE', payload: { POWER: state } });
const meter = (power: number, more: object = {}): object => ({
  topic: 'hall/meter',
  payload: { power },
  ...more,
});

/** A plan that backs up each time its drive appears. */
async function eager(wishes: Parameters<House['plan']>[0] = {}): Promise<House> {
  const house = new House();
  await house.plan({ byEventOnly: true, ...wishes });
  return house;
}

async function hearAll(house: House, ...messages: readonly object[]): Promise<number> {
  for (const message of messages) {
    await house.hears({ ...message });
    await house.passes('5s');
  }
  return house.resticStarts.length;
}

describe('what is a switch-on', () => {
  test('the first change that is told after a start, and each after an "off"', async () => {
    const house = await eager();
    expect(await hearAll(house, plug('ON'))).toBe(1);
    expect(await hearAll(house, plug('OFF'), plug('ON'))).toBe(2);
  });

  test('a device that repeats itself is not, and is not answered either', async () => {
    const house = await eager();
    expect(await hearAll(house, plug('ON'), plug('ON'), plug('ON'))).toBe(1);
    expect(await house.hears({ ...plug('ON') })).toBeUndefined();
  });

  test('a state after a start is not; after a known "off" it is', async () => {
    const house = await eager();
    expect(await hearAll(house, tasmota('ON'), tasmota('ON'))).toBe(0);
    expect(await hearAll(house, tasmota('OFF'), tasmota('ON'))).toBe(1);
  });

  test('what the broker kept is not, but tells what was before', async () => {
    const house = await eager();
    const kept = (state: string): object => ({ ...plug(state), retain: true });
    expect(await hearAll(house, kept('ON'), kept('OFF'), kept('ON'))).toBe(0);
    expect(await hearAll(house, kept('OFF'), plug('ON'))).toBe(1);
  });

  test('off while nobody listened makes the next "on" a new one', async () => {
    const house = await eager();
    expect(await hearAll(house, plug('ON'), { ...plug('OFF'), retain: true }, plug('ON'))).toBe(2);
  });

  test('a device that rejoins was not switched on, and its next switch-on is one', async () => {
    const house = await eager();
    const availability = (state: string): object => ({ topic: `${PLUG}/availability`, payload: { state } });
    expect(
      await hearAll(
        house,
        plug('ON'),
        plug('OFF'),
        availability('offline'),
        availability('online'),
        plug('ON'),
      ),
    ).toBe(1);
    expect(await hearAll(house, plug('OFF'), plug('ON'))).toBe(2);
  });

  test('a device that was lost before it was ever heard only rejoins', async () => {
    const house = await eager();
    expect(
      await hearAll(
        house,
        { topic: 'tele/plug/LWT', payload: 'Offline' },
        { topic: 'stat/plug/POWER', payload: 'ON' },
      ),
    ).toBe(0);
  });

  test('unavailable is not off: the plug that is still on afterwards is the same appearance', async () => {
    const house = await eager();
    expect(await hearAll(house, { payload: 'on' }, { payload: 'unavailable' }, { payload: 'on' })).toBe(1);
  });

  const strip = (lamp: string, drive: string): object => ({
    topic: PLUG,
    payload: { state_left: lamp, state_right: drive },
  });

  test('of a strip each outlet counts by itself', async () => {
    const house = await eager();
    expect(await hearAll(house, strip('OFF', 'OFF'), strip('OFF', 'ON'))).toBe(1);
  });

  test('the drive’s outlet is heard although the lamp’s is on', async () => {
    const house = new House();
    await house.plan({ every: '7d', deviceStarts: 'always', minimumGap: '6h' });
    await house.passes('1h');
    expect(await hearAll(house, strip('OFF', 'OFF'), strip('ON', 'OFF'))).toBe(1);
    await house.passes('6h');
    expect(await hearAll(house, strip('ON', 'ON'))).toBe(2);
  });

  test('a lamp that goes off beside the drive does not take it away; the last outlet does', async () => {
    const house = await eager();
    await hearAll(house, strip('OFF', 'OFF'), strip('ON', 'OFF'), strip('ON', 'ON'));
    const { presence } = house.record;
    const off = (entity: string): ReturnType<typeof presence.heardPower> =>
      presence.heardPower({
        kind: 'edge',
        power: 'off',
        entity: `${PLUG}/${entity}`,
        source: 'zigbee2mqtt',
        strip: PLUG,
      });
    expect(off('left')).toBeUndefined();
    expect(off('right')).toBe('vanished');
  });
});

describe('one message heard twice is one', () => {
  test('by plan and gate, whichever is first, while a run waits', async () => {
    for (const order of [['plan', 'gate'] as const, ['gate', 'plan'] as const]) {
      const house = new House();
      house.check.passes = false;
      house.policy = policy({ giveUpAtNextSlot: false });
      await house.plan();
      for (const by of order) await house.hears({ ...plug('ON') }, by);
      await house.passes('1m');
      expect(house.state.run?.attempt).toBe(2);
    }
  });

  test('by the gate first while nothing runs: the plan starts its run', async () => {
    const house = await eager();
    await house.hears({ ...plug('ON') }, 'gate');
    expect(house.resticStarts).toEqual([]);
    await house.hears({ ...plug('ON') }, 'plan');
    expect(house.resticStarts).toHaveLength(1);
  });

  test('watts too', async () => {
    for (const order of [['plan', 'gate'] as const, ['gate', 'plan'] as const]) {
      const house = await eager();
      for (const by of order) await house.hears({ ...meter(0, { retain: true }) }, by);
      for (const by of order) await house.hears({ ...meter(7) }, by);
      await house.passes('10s');
      expect(house.resticStarts).toHaveLength(1);
    }
  });
});

describe('a plug that only measures', () => {
  async function measured(...samples: readonly [watts: number, forTime: string][]): Promise<number> {
    const house = await eager({ watts: { on: 3, onForMs: ms('5s'), off: 1, offForMs: ms('30s') } });
    await house.hears({ ...meter(0, { retain: true }) });
    for (const [watts, forTime] of samples) {
      await house.hears({ ...meter(watts) });
      await house.passes(forTime);
    }
    return house.resticStarts.length;
  }

  test('is on when it has drawn enough for long enough, and once', async () => {
    expect(await measured([7, '4s'])).toBe(0);
    expect(await measured([7, '5s'])).toBe(1);
    expect(await measured([7, '3s'], [8, '3s'])).toBe(1);
    expect(await measured([7, '6s'], [8, '6s'], [7, '6s'])).toBe(1);
  });

  test('a short peak is nothing, nor is what lies between the limits', async () => {
    expect(await measured([7, '4s'], [0.3, '1m'])).toBe(0);
    expect(await measured([7, '4s'], [2, '1m'])).toBe(0);
    expect(await measured([2, '1h'])).toBe(0);
  });

  test('is off when it has drawn little for long enough; then it counts anew', async () => {
    expect(await measured([7, '1m'], [0.3, '29s'], [7, '1m'])).toBe(1);
    expect(await measured([7, '1m'], [2, '5m'], [7, '1m'])).toBe(1);
    expect(await measured([7, '1m'], [0.3, '30s'], [7, '1m'])).toBe(2);
  });

  test('what it draws when it is first heard is no switch-on', async () => {
    const house = await eager();
    expect(await hearAll(house, meter(7), meter(7), meter(7))).toBe(0);
  });

  test('nor what it draws when it is heard again, and it is not off meanwhile', async () => {
    const house = await eager();
    const gone = { topic: 'hall/meter', payload: 'unavailable' };
    await house.hears({ ...meter(0, { retain: true }) });
    await house.hears({ ...meter(7) });
    await house.hears({ ...gone });
    await house.passes('1m');
    expect(house.resticStarts).toEqual([]);
    expect(house.record.presence.sense.known('hall/meter')).toBe('off');
    expect(await hearAll(house, meter(7), meter(7), meter(7))).toBe(0);
  });

  test('where a plug says in words that it is on, the watts say nothing', async () => {
    const house = await eager();
    const watts = (power: number): object => ({ topic: PLUG, payload: { power, linkquality: 90 } });
    await hearAll(house, plug('ON'), watts(0.2));
    await house.passes('5m');
    expect(await hearAll(house, watts(7), watts(7), watts(7))).toBe(1);
  });
});

describe('which devices there are', () => {
  test('where the plug alone led to nothing, the drive’s own word counts too', async () => {
    const house = new House();
    house.check.passes = false;
    house.policy = policy({ giveUpAtNextSlot: false });
    await house.plan();
    await hearAll(house, plug('ON'));
    expect(house.state.run?.attempt).toBe(2);
    house.check.passes = true;
    await house.hears({ payload: 'mounted', topic: 'drive' });
    await house.passes('1s');
    expect(house.ends).toEqual(['succeeded']);
  });

  test('who only ever says that it is mounted is believed anew after a check has missed it', async () => {
    const house = new House();
    house.check.passes = false;
    house.policy = policy({ giveUpAtNextSlot: false });
    await house.plan();
    const mounted = { payload: 'mounted', topic: 'drive' };
    expect(await hearAll(house, mounted)).toBe(0);
    await house.passes('15m');
    house.check.passes = true;
    expect(await hearAll(house, mounted)).toBe(1);
  });

  test('a drive that was never seen to come is not missed, and its coming back counts', async () => {
    const house = await eager();
    const watch = (event: string, file: string): object => ({
      payload: `/dev/disk/by-uuid/${file}`,
      topic: '/dev/disk/by-uuid',
      file,
      filename: `/dev/disk/by-uuid/${file}`,
      event,
    });
    await hearAll(house, watch('remove', 'drive'));
    expect(house.record.presence.sense.known('/dev/disk/by-uuid/drive')).toBe('off');
    expect(await hearAll(house, watch('update', 'drive'), watch('update', 'drive'))).toBe(1);
    expect(await hearAll(house, watch('remove', 'drive'), watch('update', 'drive'))).toBe(2);
  });

  test('plug and drive that come together are one appearance', async () => {
    const house = await eager();
    expect(await hearAll(house, plug('ON'), { payload: 'mounted', topic: 'drive' })).toBe(1);
    expect(await hearAll(house, plug('OFF'), plug('ON'), { payload: 'mounted', topic: 'drive' })).toBe(2);
  });

  test('a plug that reports every few seconds over a dead drive wakes no attempt of its own', async () => {
    const house = new House();
    house.check.passes = false;
    house.policy = policy({ giveUpAtNextSlot: false });
    await house.plan();
    await hearAll(house, plug('OFF'), plug('ON'));
    for (let times = 0; times < 600; times += 1) await hearAll(house, plug('ON'));
    // First try, the appearance, and each quarter of an hour after it.
    expect(house.state.run?.attempt).toBeLessThanOrEqual(6);
  });

  test('entities are told apart up to a limit, and the ones that were silent longest are forgotten', () => {
    const sense = new DeviceSense();
    const word = (entity: string, power: Power): Parameters<DeviceSense['hear']>[0] => ({
      kind: 'edge',
      power,
      entity,
      source: 'plain',
    });
    sense.hear(word('first', 'off'));
    sense.hear(word('second', 'off'));
    for (let number = 0; number < MOST_ENTITIES - 2; number += 1) sense.hear(word(`n${number}`, 'on'));
    sense.hear(word('first', 'off'));
    sense.hear(word('one more', 'on'));
    expect(sense.known('first')).toBe('off');
    expect(sense.known('second')).toBeUndefined();
  });
});

describe('a device that starts nothing', () => {
  test.each([{ every: '24h' }, { byEventOnly: true }])('leaves an idle plan alone (%j)', async (schedule) => {
    const house = new House();
    house.restic.ends = 'auth';
    await house.plan({ deviceStarts: 'nothing', ...schedule });
    house.restic.ends = 'succeeded';
    const before = house.resticStarts.length;
    const answer = await house.hears({ ...plug('ON') });
    expect(answer).toMatchObject({ accepted: false, sentence: expect.stringContaining('only wakes') });
    expect(house.resticStarts).toHaveLength(before);
  });

  test('still wakes a run that waits', async () => {
    const house = new House();
    house.check.passes = false;
    await house.plan({ deviceStarts: 'nothing' });
    house.check.passes = true;
    await house.hears({ ...plug('ON') });
    await house.passes('1s');
    expect(house.ends).toEqual(['succeeded']);
  });
});

test('nothing is heard before the plan’s past is known', async () => {
  const house = await eager();
  const reading: DeviceReading = { kind: 'edge', power: 'on', entity: 'plug', source: 'plain' };
  const { record } = house;
  house.removed();
  expect(hear(record, reading, {})?.accepted).toBe(false);
  await house.deploys();
  expect(hear(record, reading, {})?.accepted).toBe(true);
});
