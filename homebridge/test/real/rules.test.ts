import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Behaviour, TOKEN } from '../fake-hub.ts';
import { plan, RUNNING } from '../plan.ts';
import { until } from '../until.ts';
import { House } from './house.ts';

let house: House;

beforeEach(async () => {
  house = new House();
  await house.hub.start();
});

afterEach(() => house.leave());

describe('the switch', () => {
  test('does not cancel unless that is allowed, and goes back on', async () => {
    const apple = await house.paired();
    house.hub.change('photos', RUNNING);
    await apple.hears('Photos', 'On', 1);
    apple.forget();
    expect(await apple.switches('Photos', false)).toBe(-70412);
    await apple.hears('Photos', 'On', 1);
    expect(house.hub.asked).toEqual([]);
    expect(await apple.reads('Photos', 'On')).toEqual({ value: 1 });
  });

  test('stays off from the wish to cancel until the run has ended', async () => {
    const apple = await house.paired({ cancelBySwitch: true });
    house.hub.change('photos', RUNNING);
    await apple.hears('Photos', 'On', 1);
    house.hub.slowCancel = true;
    expect(await apple.switches('Photos', false)).toBe(0);
    house.hub.change('photos', { progress: 0.5 });
    house.hub.change('photos', { failed: true });
    await apple.hears('Photos failed', 'ContactSensorState', 1);
    expect(await apple.reads('Photos', 'On')).toEqual({ value: 0 });
    house.hub.change('photos', plan());
    await apple.hears('Photos running', 'OccupancyDetected', 0);
    house.hub.change('photos', RUNNING);
    await apple.hears('Photos', 'On', 1);
  });

  test('goes back off when a backup that was asked for does not begin', async () => {
    const apple = await house.paired();
    house.hub.startsNothing = true;
    expect(await apple.switches('Photos', true)).toBe(0);
    await apple.hears('Photos', 'On', 0);
  });
});

/** The hub has so many plans, and no other. */
const many = (count: number): void => {
  for (let index = 0; index < count; index += 1)
    house.hub.plans.set(`plan-${index}`, plan({ id: `plan-${index}`, name: `Plan ${index}` }));
  house.hub.plans.delete('photos');
};

describe('many plans', () => {
  test('100 plans are 100 accessories, of which each says its own', async () => {
    many(100);
    const apple = await house.paired({ battery: true });
    house.hub.change('plan-77', RUNNING);
    await apple.hears('Plan 77 running', 'OccupancyDetected', 1);
    expect(await apple.reads('Plan 76 running', 'OccupancyDetected')).toEqual({ value: 0 });
    expect(await apple.switches('Plan 99', true)).toBe(0);
    expect(house.hub.asked).toEqual(['plan-99/run']);
  });

  test('of 160 plans 149 are shown, and it is said that the bridge is full, also after a restart', async () => {
    many(160);
    const apple = await house.started({ url: house.hub.url, token: TOKEN });
    await house.homebridge.printed(/11 plans are not shown/);
    expect(await apple.plans()).toHaveLength(149);
    await house.homebridge.stop();
    const from = house.homebridge.output.length;
    await apple.reconnect(await house.homebridge.start());
    await house.homebridge.printed(/11 plans are not shown/, from);
    expect(house.lines('not shown')).toBe(2);
    expect(await apple.plans()).toHaveLength(149);
    house.hub.remove('plan-3');
    await until(async () => expect(await apple.plans()).toHaveLength(148));
  });
});

describe('a bridge that others have filled but for two places', () => {
  test('takes two plans and says that the others are not shown', async () => {
    house.homebridge.crowd(147);
    many(5);
    const apple = await house.started({ url: house.hub.url, token: TOKEN });
    await house.homebridge.printed(/3 plans are not shown/);
    expect(await apple.look()).toHaveLength(149);
    await apple.listen();
    house.hub.change('plan-1', RUNNING);
    await apple.hears('Plan 1 running', 'OccupancyDetected', 1);
    expect(house.lines('not shown')).toBe(1);
  });
});

describe('whatever the hub does', () => {
  test('a plan that a list lacks and that comes a moment later keeps its accessory', async () => {
    const late = plan({ id: 'late', name: 'Late' });
    const gone = plan({ id: 'gone', name: 'Gone' });
    house.hub.plans.set('late', late).set('gone', gone);
    const apple = await house.paired();
    const before = await apple.plans();
    expect(before).toEqual(['gone', 'late', 'photos']);
    await house.hub.stop();
    house.hub.plans.delete('late');
    house.hub.plans.delete('gone');
    await house.hub.start();
    await until(() => expect(house.hub.streams).toBe(1));
    house.hub.set(late);
    await until(async () => expect(await apple.plans()).toEqual(['late', 'photos']));
    expect(await apple.reads('Late', 'On')).toEqual({ value: 0 });
  });

  test('an empty list that was a mistake costs no accessory', async () => {
    const apple = await house.paired();
    house.hub.say('snapshot', { protocol: 1, hubId: house.hub.hubId, plans: [] });
    await apple.hears('Photos failed', 'StatusFault', 1);
    expect(await apple.plans()).toEqual(['photos']);
    house.hub.say('snapshot', { protocol: 1, hubId: house.hub.hubId, plans: [...house.hub.plans.values()] });
    await apple.hears('Photos failed', 'StatusFault', 0);
    expect(await apple.reads('Photos', 'On')).toEqual({ value: 0 });
  });

  test('the bridge lives, and in the end shows what is', async () => {
    const apple = await house.paired();
    const faults: Behaviour[] = ['internal', 'unknown-path', 'too-many-streams', 'not-ready', 'bad-body'];
    for (const fault of faults) {
      house.hub.events = fault;
      house.hub.commands = fault;
      const before = house.hub.connections;
      house.hub.break();
      await until(() => expect(house.hub.connections).toBeGreaterThan(before));
      expect(await apple.switches('Photos', true)).not.toBe(0);
    }
    house.hub.events = 'well';
    house.hub.commands = 'well';
    await until(() => expect(house.hub.streams).toBe(1));
    house.hub.say('plan', { nonsense: true });
    house.hub.say('snapshot', ['nonsense']);
    house.hub.say('removed', { id: 7 });
    house.hub.say('unheard-of', null);
    house.hub.raw('data: {"half": \n\nevent: plan\n\n\u0000\uFFFD: x\n\n');
    house.hub.change('photos', { overdue: true });
    await apple.hears('Photos overdue', 'ContactSensorState', 1);
    expect(await apple.switches('Photos', true)).toBe(0);
    expect(house.homebridge.isRunning).toBe(true);
    expect(house.homebridge.output).not.toMatch(/mistake in this plugin|UnhandledPromise|TypeError/);
  });
});
