import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Behaviour, FakeHub, TOKEN } from '../fake-hub.ts';
import { plan, RUNNING } from '../plan.ts';
import { until } from '../until.ts';
import { Home } from './home.ts';
import { Homebridge } from './homebridge.ts';

let hub: FakeHub;
let homebridge: Homebridge;
let home: Home | null;
let number = 0;

beforeEach(async () => {
  hub = new FakeHub(plan());
  await hub.start();
  number += 1;
  homebridge = new Homebridge('homebridge', number, inject('plugins'));
  home = null;
});

afterEach(async () => {
  await home?.close();
  await homebridge.remove();
  await hub.stop();
});

/** Starts and pairs; every plan of the hub is there. */
async function paired(settings: Record<string, unknown> = {}): Promise<Home> {
  homebridge.configure({ url: hub.url, token: TOKEN, ...settings });
  const apple = await Home.pair(homebridge.username, await homebridge.start());
  home = apple;
  await until(async () => expect(await apple.plans()).toHaveLength(hub.plans.size));
  await apple.listen();
  return apple;
}

function lines(text: string): number {
  return homebridge.output.split('\n').filter((line) => line.includes(text)).length;
}

describe('a bridge', () => {
  test('with the plugin installed and not configured runs, and the plugin does nothing', async () => {
    homebridge.configure();
    const apple = await Home.pair(homebridge.username, await homebridge.start());
    home = apple;
    expect(await apple.plans()).toEqual([]);
    expect(hub.connections).toBe(0);
    expect(homebridge.output).not.toMatch(/error/i);
  });

  test('with half of the settings says once what is missing, and runs', async () => {
    homebridge.configure({ url: hub.url });
    const apple = await Home.pair(homebridge.username, await homebridge.start());
    home = apple;
    expect(lines('the token is missing')).toBe(1);
    expect(await apple.plans()).toEqual([]);
    expect(hub.connections).toBe(0);
  });

  test('keeps its accessories while the settings are incomplete', async () => {
    await paired();
    await homebridge.stop();
    homebridge.configure({ url: hub.url });
    const port = await homebridge.start();
    await home?.reconnect(port);
    expect(await home?.plans()).toEqual(['photos']);
  });

  test('speaks Chinese when it is told to', async () => {
    const apple = await paired({ language: 'zh-CN' });
    expect(await apple.reads('Photos 备份逾期', 'ContactSensorState')).toEqual({ value: 0 });
    await homebridge.printed(/已连接 Node-RED：1 个备份计划/);
  });

  test('runs the plugin in a process of its own', async () => {
    const child = homebridge.username.replace(/^0E/, '0A');
    homebridge.configure({ url: hub.url, token: TOKEN, _bridge: { username: child } });
    const from = homebridge.output.length;
    await homebridge.start();
    const started = /\(Backups\) is running on port (\d+)/;
    const [, port] = await homebridge.printed(started, from);
    const apple = await Home.pair(child, Number(port));
    home = apple;
    await until(async () => expect(await apple.plans()).toEqual(['photos']));
    expect(await apple.switches('Photos', true)).toBe(0);
    expect(hub.asked).toEqual(['photos/run']);
  });
});

describe('the token', () => {
  test('may stand in the environment', async () => {
    homebridge.configure({ url: hub.url });
    await homebridge.start({ LASTGOOD_TOKEN: TOKEN });
    await homebridge.printed(/Connected to Node-RED: 1 backup plan/);
  });

  test('may stand in a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastgood-token-'));
    try {
      writeFileSync(join(folder, 'token'), `${TOKEN}\n`);
      homebridge.configure({ url: hub.url, tokenFile: join(folder, 'token') });
      await homebridge.start();
      await homebridge.printed(/Connected to Node-RED: 1 backup plan/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('that is wrong is said once; the accessories stay and say No Response, and the hub is left in peace', async () => {
    const apple = await paired();
    hub.token = 'another-token-of-thirty-two-chars';
    await hub.stop();
    await hub.start();
    await homebridge.printed(/does not know this token/);
    expect(await apple.reads('Photos', 'On')).toEqual({ status: -70402 });
    expect(await apple.switches('Photos', true)).toBe(-70402);
    expect(await apple.plans()).toEqual(['photos']);
    expect(lines('does not know this token')).toBe(1);
    // The first connection, and one with a token that is wrong now: the next comes after a minute.
    expect(hub.connections).toBe(2);
    expect(homebridge.output).not.toContain(TOKEN);
  });
});

describe('the switch', () => {
  test('does not cancel unless that is allowed, and goes back on', async () => {
    const apple = await paired();
    hub.change('photos', RUNNING);
    await apple.hears('Photos', 'On', 1);
    apple.forget();
    expect(await apple.switches('Photos', false)).toBe(-70412);
    await apple.hears('Photos', 'On', 1);
    expect(hub.asked).toEqual([]);
    expect(await apple.reads('Photos', 'On')).toEqual({ value: 1 });
  });

  test('stays off from the wish to cancel until the run has ended', async () => {
    const apple = await paired({ cancelBySwitch: true });
    hub.change('photos', RUNNING);
    await apple.hears('Photos', 'On', 1);
    hub.slowCancel = true;
    expect(await apple.switches('Photos', false)).toBe(0);
    hub.change('photos', { progress: 0.5 });
    hub.change('photos', { failed: true });
    await apple.hears('Photos failed', 'ContactSensorState', 1);
    expect(await apple.reads('Photos', 'On')).toEqual({ value: 0 });
    hub.change('photos', plan());
    await apple.hears('Photos running', 'OccupancyDetected', 0);
    hub.change('photos', RUNNING);
    await apple.hears('Photos', 'On', 1);
  });

  test('goes back off when a backup that was asked for does not begin', async () => {
    const apple = await paired();
    hub.startsNothing = true;
    expect(await apple.switches('Photos', true)).toBe(0);
    await apple.hears('Photos', 'On', 0);
  });
});

describe('many plans', () => {
  const many = (count: number): void => {
    for (let index = 0; index < count; index += 1)
      hub.plans.set(`plan-${index}`, plan({ id: `plan-${index}`, name: `Plan ${index}` }));
    hub.plans.delete('photos');
  };

  test('100 plans are 100 accessories, of which each says its own', async () => {
    many(100);
    const apple = await paired({ battery: true });
    hub.change('plan-77', RUNNING);
    await apple.hears('Plan 77 running', 'OccupancyDetected', 1);
    expect(await apple.reads('Plan 76 running', 'OccupancyDetected')).toEqual({ value: 0 });
    expect(await apple.switches('Plan 99', true)).toBe(0);
    expect(hub.asked).toEqual(['plan-99/run']);
  });

  test('of 160 plans 149 are shown, and it is said that the bridge is full, also after a restart', async () => {
    many(160);
    homebridge.configure({ url: hub.url, token: TOKEN });
    const apple = await Home.pair(homebridge.username, await homebridge.start());
    home = apple;
    await homebridge.printed(/11 plans are not shown/);
    expect(await apple.plans()).toHaveLength(149);
    await homebridge.stop();
    const from = homebridge.output.length;
    await apple.reconnect(await homebridge.start());
    await homebridge.printed(/11 plans are not shown/, from);
    expect(await apple.plans()).toHaveLength(149);
    hub.remove('plan-3');
    await until(async () => expect(await apple.plans()).toHaveLength(148));
  });
});

describe('whatever the hub does', () => {
  test('a plan that a list lacks and that comes a moment later keeps its accessory', async () => {
    const late = plan({ id: 'late', name: 'Late' });
    const gone = plan({ id: 'gone', name: 'Gone' });
    hub.plans.set('late', late).set('gone', gone);
    const apple = await paired();
    const before = await apple.plans();
    expect(before).toEqual(['gone', 'late', 'photos']);
    await hub.stop();
    hub.plans.delete('late');
    hub.plans.delete('gone');
    await hub.start();
    await until(() => expect(hub.streams).toBe(1));
    hub.set(late);
    await until(async () => expect(await apple.plans()).toEqual(['late', 'photos']));
    expect(await apple.reads('Late', 'On')).toEqual({ value: 0 });
  });

  test('an empty list that was a mistake costs no accessory', async () => {
    const apple = await paired();
    hub.say('snapshot', { protocol: 1, hubId: hub.hubId, plans: [] });
    await apple.hears('Photos failed', 'StatusFault', 1);
    expect(await apple.plans()).toEqual(['photos']);
    hub.say('snapshot', { protocol: 1, hubId: hub.hubId, plans: [...hub.plans.values()] });
    await apple.hears('Photos failed', 'StatusFault', 0);
    expect(await apple.reads('Photos', 'On')).toEqual({ value: 0 });
  });

  test('the bridge lives, and in the end shows what is', async () => {
    const apple = await paired();
    const faults: Behaviour[] = ['internal', 'unknown-path', 'too-many-streams', 'not-ready', 'bad-body'];
    for (const fault of faults) {
      hub.events = fault;
      hub.commands = fault;
      const before = hub.connections;
      hub.break();
      await until(() => expect(hub.connections).toBeGreaterThan(before));
      expect(await apple.switches('Photos', true)).not.toBe(0);
    }
    hub.events = 'well';
    hub.commands = 'well';
    await until(() => expect(hub.streams).toBe(1));
    hub.say('plan', { nonsense: true });
    hub.say('snapshot', ['nonsense']);
    hub.say('removed', { id: 7 });
    hub.say('unheard-of', null);
    hub.raw('data: {"half": \n\nevent: plan\n\n\u0000\uFFFD: x\n\n');
    hub.change('photos', { overdue: true });
    await apple.hears('Photos overdue', 'ContactSensorState', 1);
    expect(await apple.switches('Photos', true)).toBe(0);
    expect(homebridge.isRunning).toBe(true);
    expect(homebridge.output).not.toMatch(/mistake in this plugin|UnhandledPromise|TypeError/);
  });
});
