import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { FakeHub, TOKEN } from '../fake-hub.ts';
import { plan, RUNNING } from '../plan.ts';
import { until } from '../until.ts';
import { Home, valueOf } from './home.ts';
import { Homebridge, type Version } from './homebridge.ts';

/** "No Response". */
const NO_RESPONSE = { status: -70402 };

/** The life of one bridge of that version, from pairing to a plan that was deleted meanwhile; its tests follow one another. */
export function planTests(version: Version): void {
  const hub = new FakeHub(plan(), plan({ id: 'dang-an', name: '家庭档案' }));
  const homebridge = new Homebridge(version, 1, inject('plugins'));
  let home: Home;

  beforeAll(async () => {
    await hub.start();
    homebridge.configure({ url: hub.url, token: TOKEN, cancelBySwitch: true, battery: true });
    const port = await homebridge.start();
    home = await Home.pair(homebridge.username, port);
    await until(async () => expect(await home.plans()).toEqual(['dang-an', 'photos']));
    await home.listen();
  });

  afterAll(async () => {
    await home?.close();
    await homebridge.remove();
    await hub.stop();
  });

  test('every plan is an accessory with its own name, also in Chinese', async () => {
    const accessories = await home.look();
    expect(accessories.map((accessory) => valueOf(accessory, 'Name')).toSorted()).toEqual([
      'Photos',
      '家庭档案',
    ]);
    expect(await home.reads('Photos', 'On')).toEqual({ value: 0 });
    expect(await home.reads('家庭档案 overdue', 'ContactSensorState')).toEqual({ value: 0 });
    expect(await home.reads('Photos freshness', 'StatusLowBattery')).toEqual({ value: 0 });
    expect(homebridge.output).not.toMatch(/invalid 'Name'|warning from the characteristic/);
  });

  test('the time of the last good backup can be read', async () => {
    const accessories = await home.look();
    const all = accessories.flatMap(({ services }) =>
      services.flatMap(({ characteristics }) => characteristics),
    );
    const last = all.filter(({ description }) => description === 'Last Good Backup');
    expect(last.map(({ value }) => value)).toEqual(['2026-11-28 12:00', '2026-11-28 12:00']);
  });

  test('a backup that begins and ends in Node-RED is seen as it happens', async () => {
    hub.change('photos', RUNNING);
    await home.hears('Photos running', 'OccupancyDetected', 1);
    await home.hears('Photos', 'On', 1);
    hub.change('photos', plan());
    await home.hears('Photos running', 'OccupancyDetected', 0);
    await home.hears('Photos', 'On', 0);
  });

  test('a failed and a late backup open their sensors', async () => {
    hub.change('photos', {
      state: 'failed',
      failed: true,
      failure: 'disk-full',
      reason: 'The disk is full.',
    });
    await home.hears('Photos failed', 'ContactSensorState', 1);
    await home.hears('Photos failed', 'StatusFault', 1);
    hub.change('photos', { overdue: true });
    await home.hears('Photos overdue', 'ContactSensorState', 1);
    await homebridge.printed(/Photos failed: The disk is full\./);
    hub.change('photos', plan());
    await home.hears('Photos failed', 'ContactSensorState', 0);
    await home.hears('Photos overdue', 'ContactSensorState', 0);
  });

  test('switching on starts the backup, and the switch stays on while it runs', async () => {
    expect(await home.switches('Photos', true)).toBe(0);
    expect(hub.asked).toEqual(['photos/run']);
    await home.hears('Photos running', 'OccupancyDetected', 1);
    expect(await home.reads('Photos', 'On')).toEqual({ value: 1 });
  });

  test('switching on again while it runs is no error', async () => {
    expect(await home.switches('Photos', true)).toBe(0);
    expect(await home.reads('Photos', 'On')).toEqual({ value: 1 });
  });

  test('switching off cancels, and again off asks for nothing', async () => {
    home.forget();
    expect(await home.switches('Photos', false)).toBe(0);
    await home.hears('Photos running', 'OccupancyDetected', 0);
    const asked = hub.asked.length;
    expect(hub.asked.at(-1)).toBe('photos/cancel');
    expect(await home.switches('Photos', false)).toBe(0);
    expect(hub.asked).toHaveLength(asked);
  });

  test('a refusal of the hub is told, and the switch goes back', async () => {
    hub.commands = 'not-now';
    home.forget();
    expect(await home.switches('Photos', true)).toBe(-70412);
    await home.hears('Photos', 'On', 0);
    hub.commands = 'well';
    await homebridge.printed(/Photos refused: The hub says not-now\./);
  });

  test('a hub that does not answer a command is told before HomeKit loses patience', async () => {
    hub.commands = 'hang';
    expect(await home.switches('Photos', true)).toBe(-70402);
    hub.commands = 'well';
    expect(homebridge.output).not.toMatch(/slows down Homebridge/);
  });

  test('a hub that is away makes plans say No Response and sensors be at fault; then all is well again', async () => {
    home.forget();
    const from = homebridge.output.length;
    await hub.stop();
    await home.hears('Photos overdue', 'StatusFault', 1);
    await home.hears('家庭档案 failed', 'StatusActive', 0);
    expect(await home.reads('Photos', 'On')).toEqual(NO_RESPONSE);
    expect(await home.reads('Photos failed', 'ContactSensorState')).toEqual(NO_RESPONSE);
    expect(await home.switches('Photos', true)).toBe(-70402);
    await hub.start();
    await home.hears('Photos overdue', 'StatusFault', 0);
    await home.hears('家庭档案 failed', 'StatusActive', 1);
    expect(await home.reads('Photos', 'On')).toEqual({ value: 0 });
    const lines = homebridge.output.slice(from).split('\n');
    expect(lines.filter((line) => line.includes('cannot be reached'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('is back after'))).toHaveLength(1);
  });

  test('a plan that appears gets an accessory; one that is renamed keeps its own', async () => {
    hub.set(plan({ id: 'music', name: 'Music' }));
    await until(async () => expect(await home.plans()).toEqual(['dang-an', 'music', 'photos']));
    const aidOf = async (key: string): Promise<number | undefined> =>
      (await home.look()).find((accessory) => valueOf(accessory, 'SerialNumber') === key)?.aid;
    const before = await aidOf('music');
    hub.change('music', { name: '音乐' });
    await until(async () => {
      const accessories = await home.look();
      expect(accessories.map((accessory) => valueOf(accessory, 'Name'))).toContain('音乐');
    });
    expect(await aidOf('music')).toBe(before);
  });

  test('a plan that is deleted loses its accessory', async () => {
    hub.remove('music');
    await until(async () => expect(await home.plans()).toEqual(['dang-an', 'photos']));
  });

  test('after a restart of Homebridge the accessories are the same, and No Response until the hub speaks', async () => {
    const before = (await home.look()).map(({ aid }) => aid);
    await homebridge.stop();
    await hub.stop();
    const port = await homebridge.start();
    await home.reconnect(port);
    expect((await home.look()).map(({ aid }) => aid)).toEqual(before);
    expect(await home.reads('Photos', 'On')).toEqual(NO_RESPONSE);
    await home.listen();
    await hub.start();
    await until(async () => expect(await home.reads('Photos', 'On')).toEqual({ value: 0 }));
    hub.change('photos', RUNNING);
    await home.hears('Photos running', 'OccupancyDetected', 1);
  });

  test('a plan deleted while Homebridge was off is removed when the hub lists its plans', async () => {
    await homebridge.stop('SIGKILL');
    hub.remove('dang-an');
    const port = await homebridge.start();
    await home.reconnect(port);
    expect(await home.plans()).toEqual(['dang-an', 'photos']);
    await until(async () => expect(await home.plans()).toEqual(['photos']));
  });

  test('nothing went wrong inside the plugin, and the token is in no line', () => {
    expect(homebridge.isRunning).toBe(true);
    expect(homebridge.output).not.toMatch(/mistake in this plugin|threw an error|UnhandledPromise|TypeError/);
    expect(homebridge.output).not.toContain(TOKEN);
  });
}
