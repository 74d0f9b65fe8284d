import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TOKEN } from '../fake-hub.ts';
import { until } from '../until.ts';
import { House } from './house.ts';

let house: House;

beforeEach(async () => {
  house = new House();
  await house.hub.start();
});

afterEach(() => house.leave());

describe('a bridge', () => {
  test('with the plugin installed and not configured runs, and the plugin does nothing', async () => {
    const apple = await house.started();
    expect(await apple.plans()).toEqual([]);
    expect(house.hub.connections).toBe(0);
    expect(house.homebridge.output).not.toMatch(/error/i);
  });

  test('with half of the settings says once what is missing, and runs', async () => {
    const apple = await house.started({ url: house.hub.url });
    expect(house.lines('the token is missing')).toBe(1);
    expect(await apple.plans()).toEqual([]);
    expect(house.hub.connections).toBe(0);
  });

  test('keeps its accessories while the settings are incomplete', async () => {
    const apple = await house.paired();
    await house.homebridge.stop();
    house.homebridge.configure({ url: house.hub.url });
    const port = await house.homebridge.start();
    await apple.reconnect(port);
    expect(await apple.plans()).toEqual(['photos']);
  });

  test('speaks Chinese when it is told to', async () => {
    const apple = await house.paired({ language: 'zh-CN' });
    expect(await apple.reads('Photos 备份逾期', 'ContactSensorState')).toEqual({ value: 0 });
    await house.homebridge.printed(/已连接 Node-RED：1 个备份计划/);
  });

  test('runs the plugin in a process of its own', async () => {
    const child = house.homebridge.username.replace(/^0E/, '0A');
    house.homebridge.configure({ url: house.hub.url, token: TOKEN, _bridge: { username: child } });
    const from = house.homebridge.output.length;
    await house.homebridge.start();
    const started = /\(Backups\) is running on port (\d+)/;
    const [, port] = await house.homebridge.printed(started, from);
    const apple = await house.pairedAt(child, Number(port));
    await until(async () => expect(await apple.plans()).toEqual(['photos']));
    expect(await apple.switches('Photos', true)).toBe(0);
    expect(house.hub.asked).toEqual(['photos/run']);
  });
});

describe('the token', () => {
  test('may stand in the environment', async () => {
    house.homebridge.configure({ url: house.hub.url });
    await house.homebridge.start({ LASTGOOD_TOKEN: TOKEN });
    await house.homebridge.printed(/Connected to Node-RED: 1 backup plan/);
  });

  test('may stand in a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lastgood-token-'));
    try {
      writeFileSync(join(folder, 'token'), `${TOKEN}\n`);
      house.homebridge.configure({ url: house.hub.url, tokenFile: join(folder, 'token') });
      await house.homebridge.start();
      await house.homebridge.printed(/Connected to Node-RED: 1 backup plan/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('that is wrong is said once; the accessories stay and say No Response, and the hub is left in peace', async () => {
    const apple = await house.paired();
    house.hub.token = 'another-token-of-thirty-two-chars';
    await house.hub.stop();
    await house.hub.start();
    await house.homebridge.printed(/does not know this token/);
    expect(await apple.reads('Photos', 'On')).toEqual({ status: -70402 });
    expect(await apple.switches('Photos', true)).toBe(-70402);
    expect(await apple.plans()).toEqual(['photos']);
    expect(house.lines('does not know this token')).toBe(1);
    // The first connection, and one with a token that is wrong now: the next comes after a minute.
    expect(house.hub.connections).toBe(2);
    expect(house.homebridge.output).not.toContain(TOKEN);
  });
});
