import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type FlowNode, hub } from '../../../test/runtime/flows.ts';
import { type MainFlowSettings, mainFlow, untilReady, untilState } from '../../../test/runtime/main-flow.ts';
import { NodeRed } from '../../../test/runtime/node-red.ts';
import { Home as Documents } from '../../../test/runtime/restic.ts';
import { TOKEN } from '../fake-hub.ts';
import { until } from '../until.ts';
import { Home } from './home.ts';
import { Homebridge } from './homebridge.ts';

// The whole chain: Apple's side, Homebridge, the plugin, HTTP, backup-hub, the plan, restic, a snapshot. Nothing is
// played here. Tests follow one another in the life of one house.

const NO_RESPONSE = { status: -70402 };
const homebridge = new Homebridge('homebridge', 1, inject('plugins'));
let nodeRed: NodeRed;
let documents: Documents;
let home: Home;

const flow = (settings: MainFlowSettings = {}): FlowNode[] => [
  ...mainFlow(documents, { plan: { name: '家庭 Documents' }, ...settings }),
  hub({ id: 'hub', wires: [[], []] }, { http: true }, { token: TOKEN }),
];

beforeAll(async () => {
  nodeRed = await NodeRed.start();
  documents = await Documents.make();
  await nodeRed.deploy(flow());
  await untilReady(nodeRed);
  homebridge.configure({ url: nodeRed.url, token: TOKEN, cancelBySwitch: true });
  home = await Home.pair(homebridge.username, await homebridge.start());
  await until(async () => expect(await home.plans()).toEqual(['documents']));
  await home.listen();
});

afterAll(async () => {
  await home?.close();
  await homebridge.remove();
  await nodeRed?.[Symbol.asyncDispose]();
  documents?.[Symbol.dispose]();
});

test('switching on in Apple Home makes a real snapshot', async () => {
  expect(await home.switches('家庭 Documents', true)).toBe(0);
  await untilState(nodeRed, ({ lastSuccessAt, run }) => lastSuccessAt !== null && run === null);
  expect(await documents.snapshots()).toHaveLength(1);
  await until(async () => expect(await home.reads('家庭 Documents', 'On')).toEqual({ value: 0 }));
  expect(await home.reads('家庭 Documents failed', 'ContactSensorState')).toEqual({ value: 0 });
});

test('switching on without the drive waits for it and is no failure; on again tries at once', async () => {
  documents.unplug();
  expect(await home.switches('家庭 Documents', true)).toBe(0);
  await untilState(nodeRed, ({ run }) => run?.phase === 'waiting');
  await until(async () => expect(await home.reads('家庭 Documents', 'On')).toEqual({ value: 0 }));
  expect(await home.reads('家庭 Documents failed', 'ContactSensorState')).toEqual({ value: 0 });
  documents.plug();
  expect(await home.switches('家庭 Documents', true)).toBe(0);
  await untilState(nodeRed, ({ run }) => run === null);
  expect(await documents.snapshots()).toHaveLength(2);
});

test('a redeploy costs nothing: the accessory answers all the time, and hears the next backup', async () => {
  const [before] = await home.look();
  home.forget();
  // A slow way to the repository and something to carry, so that the next test finds restic at work.
  writeFileSync(join(documents.documents, 'film.bin'), randomBytes(24 * 1024 * 1024));
  await nodeRed.deploy(flow({ repository: { uploadLimit: 256 } }));
  await untilReady(nodeRed);
  await until(async () => expect(await home.switches('家庭 Documents', true)).toBe(0));
  await home.hears('家庭 Documents running', 'OccupancyDetected', 1);
  expect((await home.look()).map(({ aid }) => aid)).toEqual([before?.aid]);
  expect(homebridge.output).not.toMatch(/was deleted|does not know this token/);
});

test('switching on again while restic works is no error and starts no second run', async () => {
  expect(await home.switches('家庭 Documents', true)).toBe(0);
  expect(await home.reads('家庭 Documents', 'On')).toEqual({ value: 1 });
});

test('switching off stops restic, and no snapshot is made', async () => {
  home.forget();
  expect(await home.switches('家庭 Documents', false)).toBe(0);
  expect(await home.reads('家庭 Documents', 'On')).toEqual({ value: 0 });
  await home.hears('家庭 Documents running', 'OccupancyDetected', 0);
  const { history } = await untilState(nodeRed, ({ run }) => run === null);
  expect(history.map(({ outcome }) => outcome)).toContain('cancelled');
  expect(await documents.snapshots()).toHaveLength(2);
  expect(existsSync(documents.repository)).toBe(true);
});

test('Node-RED killed and started again: No Response meanwhile, then as before', async () => {
  home.forget();
  await nodeRed.kill9();
  await home.hears('家庭 Documents overdue', 'StatusFault', 1);
  expect(await home.reads('家庭 Documents', 'On')).toEqual(NO_RESPONSE);
  await nodeRed.start();
  await home.hears('家庭 Documents overdue', 'StatusFault', 0);
  await until(async () => expect(await home.reads('家庭 Documents', 'On')).toEqual({ value: 0 }));
  expect(await home.plans()).toEqual(['documents']);
});

test('a plan deleted in Node-RED leaves Apple Home', async () => {
  await nodeRed.deploy(flow().filter(({ id }) => id !== 'plan' && id !== 'ask'));
  await until(async () => expect(await home.plans()).toEqual([]));
  expect(homebridge.isRunning).toBe(true);
  expect(homebridge.output).not.toMatch(/mistake in this plugin|TypeError/);
});
