import { mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { PlanDefinition } from '../../src/nodes/backup-plan/definition.ts';
import { inject, node, probe } from './flows.ts';
import { backupOf, mainFlow, untilReady, untilWaiting } from './main-flow.ts';
import { type Message, NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

// What plugs and sensors send goes straight into the plan and the gate, as from the nodes that a person would wire.

let nodeRed: NodeRed;
let key = '';
let count = 0;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});
beforeEach(() => {
  count += 1;
  key = `device-${count}`;
});

const ours = (message: Message): boolean => backupOf(message).plan === key;

async function deploy(home: Home, plan: Partial<PlanDefinition> = {}): Promise<void> {
  await nodeRed.deploy([...mainFlow(home, { plan: { key, ...plan } }), inject('to-gate', 'gate')]);
  await untilReady(nodeRed);
}

/** What real Home Assistant nodes sent. */
const captured = readFileSync(
  new URL('../fixtures/home-assistant/captured-msgs.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { node: string; msg: Message });
const fromNode = (name: string, entity: string): Message[] =>
  captured
    .filter(({ node: sender, msg }) => sender === name && msg['topic'] === entity)
    .map(({ msg }) => msg);
const [homeAssistantOn = {}, homeAssistantLost = {}] = fromNode('events_state', 'switch.backup_plug');
const tasmota = (POWER: string): Message => ({ topic: 'stat/plug/RESULT', payload: { POWER }, qos: 0 });
const zigbee = (state: string): Message => ({ topic: 'zigbee2mqtt/plug', payload: { state, power: 7.4 } });
const shelly = (output: boolean): Message => ({
  topic: 'shellyplus/events/rpc',
  payload: { src: 'shellyplus', dst: 'x', method: 'NotifyStatus', params: { ts: 1, 'switch:0': { output } } },
});

test.for<[string, Message, Message | undefined]>([
  ['Home Assistant', homeAssistantOn, undefined],
  ['Tasmota', tasmota('ON'), tasmota('OFF')],
  ['Zigbee2MQTT', zigbee('ON'), zigbee('OFF')],
  ['Shelly', shelly(true), shelly(false)],
])('%s starts what is owed, once per appearance', async ([_name, on, off]) => {
  using home = await Home.make();
  await deploy(home);
  for (const message of [on, on, on]) await nodeRed.inject('ask', message);
  await nodeRed.next('good', ours);
  // A command is answered in order: what was heard before it has had its effect.
  await nodeRed.inject('ask', { payload: 'resume' });
  await nodeRed.next('not-now', ours);
  expect(await home.snapshots()).toHaveLength(1);
  if (off === undefined) return;
  for (const message of [off, off, on, on]) await nodeRed.inject('ask', message);
  await nodeRed.next('good', ours);
  await nodeRed.inject('ask', { payload: 'resume' });
  await nodeRed.next('not-now', ours);
  expect(await home.snapshots()).toHaveLength(2);
});

test('the gate wakes what waits, and the plan that heard it too makes no second attempt of it', async () => {
  using home = await Home.make();
  await deploy(home);
  home.unplug();
  await nodeRed.inject('ask', { payload: 'run' });
  await untilWaiting(nodeRed, key);
  home.plug();
  await nodeRed.inject('to-gate', zigbee('ON'));
  await nodeRed.inject('ask', zigbee('ON'));
  expect(backupOf(await nodeRed.next('good', ours))).toMatchObject({ attempt: 2, end: 'succeeded' });
  await nodeRed.inject('ask', { payload: 'resume' });
  await nodeRed.next('not-now', ours);
  expect(await home.snapshots()).toHaveLength(1);
});

test('what says nothing of the drive starts nothing: lost, kept by the broker, availability, partial', async () => {
  using home = await Home.make();
  await deploy(home);
  const before = nodeRed.logs.length;
  for (const message of [
    homeAssistantLost,
    { ...zigbee('ON'), retain: true },
    { payload: 'run', topic: 'home/backup/cmd', retain: true },
    { topic: 'zigbee2mqtt/plug/availability', payload: { state: 'online' } },
    { topic: 'tele/plug/LWT', payload: 'Online' },
    { topic: 'shellyplus/status/wifi', payload: { status: 'got ip' } },
    ...fromNode('poll_state', 'sensor.backup_plug_power'),
  ]) {
    await nodeRed.inject('ask', message);
    await nodeRed.inject('to-gate', message);
  }
  await nodeRed.inject('ask', { payload: 'resume' });
  expect((await nodeRed.next('not-now', ours))['payload']).toMatch(/not paused/);
  expect(await home.snapshots()).toEqual([]);
  expect(nodeRed.logs.slice(before).filter(({ level }) => level === 'warn')).toEqual([]);
});

test('a device that starts nothing only wakes what waits', async () => {
  using home = await Home.make();
  await deploy(home, { deviceStarts: 'nothing' });
  await nodeRed.inject('ask', tasmota('ON'));
  expect((await nodeRed.next('not-now', ours))['payload']).toMatch(/only wakes/);
  await nodeRed.inject('ask', tasmota('OFF'));
  home.unplug();
  await nodeRed.inject('ask', { payload: 'run' });
  await untilWaiting(nodeRed, key);
  home.plug();
  await nodeRed.inject('ask', tasmota('ON'));
  expect(backupOf(await nodeRed.next('good', ours))).toMatchObject({ attempt: 2 });
});

test('an unknown shape is warned of once by each node, with its shape, and throws nothing', async () => {
  using home = await Home.make();
  await deploy(home);
  const before = nodeRed.logs.length;
  const shapes = [
    { temperature: 20 },
    { temperature: 21 },
    [1, 2],
    { temperature: 22 },
    { colour: 'red' },
    [3, 4],
  ];
  for (const payload of shapes) {
    await nodeRed.inject('ask', { payload });
    await nodeRed.inject('to-gate', { payload });
  }
  await nodeRed.inject('ask', { payload: 'resume' });
  await nodeRed.next('not-now', ours);
  const warnings = nodeRed.logs.slice(before).filter(({ level }) => level === 'warn');
  for (const id of ['plan', 'gate']) {
    const texts = warnings.filter((entry) => entry.id === id).map(({ text }) => text);
    expect(texts).toHaveLength(3);
    for (const [index, shape] of ['{temperature}', 'array(2)', '{colour}'].entries())
      expect(texts[index]).toContain(shape);
  }
  expect(nodeRed.messages.get('errors') ?? []).toEqual([]);
});

test('the watch node on the folder of drives starts what is owed when the drive comes', async () => {
  using home = await Home.make();
  const folder = mkdtempSync(join(tmpdir(), 'lastgood-by-uuid-'));
  const drive = join(folder, '1234-ABCD');
  try {
    const watch = node(
      'watch',
      { id: 'watch', wires: [['plan', 'watched']] },
      { files: folder, recursive: false },
    );
    await nodeRed.deploy([...mainFlow(home, { plan: { key } }), watch, probe('watched')]);
    await untilReady(nodeRed);
    symlinkSync('/dev/null', drive);
    await nodeRed.next('good', ours);
    unlinkSync(drive);
    await nodeRed.next('watched', ({ event }) => event === 'remove');
    symlinkSync('/dev/null', drive);
    await nodeRed.next('good', ours);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
