import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HouseState } from '../../src/lib/hub/house.ts';
import type { MqttPlanState } from '../../src/lib/hub/mqtt-state.ts';
import type { HubDefinition } from '../../src/nodes/backup-hub/definition.ts';
import { Broker } from './broker.ts';
import { discoveryFaults, keysRead } from './discovery-schema.ts';
import { type FlowNode, hub, mqttBroker, mqttIn, mqttOut, plan, probe } from './flows.ts';
import { mainFlow, untilReady } from './main-flow.ts';
import { Mosquitto, needsMosquitto } from './mosquitto.ts';
import { MqttListener } from './mqtt-listener.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

// A hub with the core MQTT nodes and real brokers; a client of its own stands in for Home Assistant.

const CONFIG = 'homeassistant/device/lastgood_documents/config';
const HOUSE_CONFIG = 'homeassistant/device/lastgood/config';
const STATE = 'lastgood/plan/documents/state';
const EVENT = 'lastgood/plan/documents/event';
const CMD = 'lastgood/plan/documents/cmd';
const AVAILABILITY = 'lastgood/availability';
const HOUSE = 'lastgood/house/state';

interface Wishes {
  port: number;
  settings?: Partial<HubDefinition>;
  hasAvailability?: boolean;
  otherPlan?: boolean;
  hasHub?: boolean;
}

/** The main flow on a pretend USB drive, and a hub with its four MQTT nodes. */
function flow(home: Home, wishes: Wishes): FlowNode[] {
  const { port, settings = {}, hasAvailability = true, otherPlan = false, hasHub = true } = wishes;
  const availability = hasAvailability ? AVAILABILITY : undefined;
  return [
    ...mainFlow(home, { plan: { name: 'My documents' } }),
    ...(otherPlan
      ? [plan({ id: 'other', wires: [[], [], []] }, { key: 'other', repository: 'repository', paths: ['/'] })]
      : []),
    mqttBroker('broker', port, availability),
    mqttIn('commands', 'broker', 'lastgood/plan/+/cmd', 'hub'),
    mqttIn('availability', 'broker', AVAILABILITY, 'hub'),
    mqttIn('birth', 'broker', 'homeassistant/status', 'hub'),
    ...(hasHub ? [hub({ id: 'hub', wires: [['events'], ['out']] }, settings)] : []),
    mqttOut('out', 'broker'),
    probe('events'),
  ].map((one) => (!hasHub && one.type === 'mqtt in' ? { ...one, wires: [[]] } : one));
}

const events = (listener: MqttListener): string[] =>
  listener.heard
    .filter(({ topic }) => topic === EVENT)
    .map(({ payload }) => String((JSON.parse(payload) as { event_type: string }).event_type));

const times = (listener: MqttListener, topic: string): number =>
  listener.heard.filter((one) => one.topic === topic && !one.retain).length;

const well = ({ state, problem }: MqttPlanState): boolean => state === 'idle' && !problem;

interface AnyBroker extends AsyncDisposable {
  readonly port: number;
  stop(): Promise<void>;
  startAgain(): Promise<void>;
}

class AedesAgain implements AnyBroker {
  readonly port: number;
  #broker: Broker | undefined;

  constructor(broker: Broker) {
    this.#broker = broker;
    this.port = broker.port;
  }

  async stop(): Promise<void> {
    await this.#broker?.[Symbol.asyncDispose]();
    this.#broker = undefined;
  }

  async startAgain(): Promise<void> {
    this.#broker = await Broker.start(this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

async function mosquitto(): Promise<AnyBroker> {
  const broker = await Mosquitto.start();
  return {
    port: broker.port,
    stop: () => broker.stop(),
    startAgain: () => broker.start(),
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

const BROKERS = [
  { name: 'aedes', start: async (): Promise<AnyBroker> => new AedesAgain(await Broker.start()) },
  { name: 'mosquitto', start: mosquitto },
] as const;

describe.each(BROKERS)('with $name', ({ name, start }) => {
  test('a plan appears by itself, its button makes a real backup, and every step is told', async (context) => {
    if (name === 'mosquitto') needsMosquitto(context);
    using home = await Home.make();
    await using broker = await start();
    await using house = await MqttListener.on(broker.port);
    await using nodeRed = await NodeRed.start();
    await nodeRed.deploy(flow(home, { port: broker.port }));
    await untilReady(nodeRed);
    const before = await house.untilJson<MqttPlanState>(STATE, well);
    expect(before).toMatchObject({ last_successful: null, overdue: false, running: false, retries: 0 });
    await house.untilJson<HouseState>(HOUSE, ({ all_well: all }) => all);
    expect(house.latest.get(AVAILABILITY)).toBe('online');
    for (const topic of [CONFIG, HOUSE_CONFIG]) {
      expect(discoveryFaults(topic, house.latest.get(topic) ?? '')).toEqual([]);
    }
    expect(JSON.parse(house.latest.get(CONFIG) ?? '')).toMatchObject({
      dev: { name: 'My documents' },
      availability: [{ topic: AVAILABILITY }],
    });
    const missing = keysRead(house.latest.get(CONFIG) ?? '').filter((key) => !(key in before));
    expect(missing).toEqual([]);

    await house.publish(CMD, 'run');
    const after = await house.untilJson<MqttPlanState>(
      STATE,
      (state) => state.last_successful !== null && well(state),
    );
    const [snapshot] = await home.snapshots();
    expect(Date.parse(after.last_successful ?? '')).toBe(Date.parse(snapshot?.time ?? ''));
    expect(after.data_added).toBeGreaterThan(0);
    await house.until('completed', () => (events(house).includes('completed') ? true : undefined));
    expect(events(house)[0]).toBe('in_progress');
    expect(events(house).filter((type) => type !== 'in_progress')).toEqual(['completed']);
    const told = nodeRed.messages.get('events') ?? [];
    expect(told.map(({ payload }) => (payload as { state: string }).state)).toContain('running');
    expect(told.at(-1)).toMatchObject({ topic: 'documents', payload: { id: 'documents', state: 'idle' } });

    // Neither a kept command nor an event is there for who comes later.
    await using late = await MqttListener.on(broker.port);
    await late.untilJson(STATE);
    await late.untilJson(CONFIG);
    expect(late.latest.has(EVENT)).toBe(false);
  });

  test('after the broker was restarted and lost everything, all is there again', async (context) => {
    if (name === 'mosquitto') needsMosquitto(context);
    using home = await Home.make();
    await using broker = await start();
    await using nodeRed = await NodeRed.start();
    await nodeRed.deploy(flow(home, { port: broker.port }));
    {
      await using house = await MqttListener.on(broker.port);
      await house.untilJson(STATE, well);
    }
    await broker.stop();
    // What happens meanwhile goes to nobody.
    await nodeRed.inject('ask', { payload: 'pause' });
    await nodeRed.untilStatus('plan', ({ text }) => text?.startsWith('paused') === true);
    await broker.startAgain();
    await using house = await MqttListener.on(broker.port);
    await house.untilJson<MqttPlanState>(STATE, ({ paused }) => paused);
    expect(discoveryFaults(CONFIG, house.latest.get(CONFIG) ?? '')).toEqual([]);
    await house.publish(CMD, 'resume');
    await house.untilJson<MqttPlanState>(STATE, ({ paused }) => !paused);
  });

  test('Home Assistant says offline when Node-RED is dead, and online when it is back', async (context) => {
    if (name === 'mosquitto') needsMosquitto(context);
    using home = await Home.make();
    await using broker = await start();
    await using house = await MqttListener.on(broker.port);
    await using nodeRed = await NodeRed.start();
    await nodeRed.deploy(flow(home, { port: broker.port, otherPlan: true }));
    await house.untilJson(STATE, well);
    await house.untilJson('lastgood/plan/other/state');
    await nodeRed.kill9();
    await house.until('offline', () => (house.latest.get(AVAILABILITY) === 'offline' ? true : undefined));
    await nodeRed.start();
    await house.until('online', () => (house.latest.get(AVAILABILITY) === 'online' ? true : undefined));
    await nodeRed.stop();
    await house.until('offline', () => (house.latest.get(AVAILABILITY) === 'offline' ? true : undefined));
  });
});

describe('with one Node-RED', () => {
  let nodeRed: NodeRed;
  beforeAll(async () => {
    nodeRed = await NodeRed.start();
  });
  afterAll(async () => {
    await nodeRed[Symbol.asyncDispose]();
  });

  test('Home Assistant’s start brings the devices and then their states again', async () => {
    using home = await Home.make();
    await using broker = await Broker.start();
    await using house = await MqttListener.on(broker.port);
    await nodeRed.deploy(flow(home, { port: broker.port }));
    await house.untilJson(STATE, well);
    await house.untilJson(HOUSE);
    const before = house.heard.length;
    await house.publish('homeassistant/status', 'online');
    const since = (): string[] => house.heard.slice(before).map(({ topic }) => topic);
    await house.until('the state again', () => (since().includes(STATE) ? true : undefined));
    expect(since()).toContain(CONFIG);
    expect(since().indexOf(CONFIG)).toBeLessThan(since().indexOf(STATE));
  });

  test('a command that the broker kept is not followed', async () => {
    using home = await Home.make();
    await using broker = await Broker.start();
    await using house = await MqttListener.on(broker.port);
    await house.publish(CMD, 'run', { retain: true });
    await nodeRed.deploy(flow(home, { port: broker.port }));
    await untilReady(nodeRed);
    await house.untilJson(STATE, well);
    // It came before this one, which is followed.
    await house.publish(CMD, 'pause');
    await house.untilJson<MqttPlanState>(STATE, ({ paused }) => paused);
    expect(events(house)).toEqual([]);
    expect(await home.snapshots()).toEqual([]);
  });

  test('a plan that is deleted, or was while Node-RED was off, is taken away; the others stay', async () => {
    using home = await Home.make();
    await using broker = await Broker.start();
    await using house = await MqttListener.on(broker.port);
    const OTHER = 'homeassistant/device/lastgood_other/config';
    const both = flow(home, { port: broker.port, otherPlan: true });
    const one = flow(home, { port: broker.port });
    await nodeRed.deploy(both);
    await house.untilJson(OTHER);
    await house.untilJson('lastgood/plan/other/state');
    await nodeRed.deploy(one, 'nodes');
    await house.untilGone(OTHER);
    await house.untilGone('lastgood/plan/other/state');
    expect(house.latest.has(CONFIG)).toBe(true);

    await nodeRed.deploy(both, 'nodes');
    await house.untilJson(OTHER);
    await nodeRed.stop();
    // Another Node-RED with the same user directory, whose flow has no such plan any more.
    const flows = join(nodeRed.userDir, 'flows.json');
    const saved: FlowNode[] = JSON.parse(readFileSync(flows, 'utf8'));
    writeFileSync(flows, JSON.stringify(saved.filter(({ id }) => id !== 'other')));
    await nodeRed.start();
    await house.untilGone(OTHER);
    await house.untilGone('lastgood/plan/other/state');
    expect(house.latest.has(CONFIG)).toBe(true);
  });

  test('a hub that is deleted takes its devices away', async () => {
    using home = await Home.make();
    await using broker = await Broker.start();
    await using house = await MqttListener.on(broker.port);
    await nodeRed.deploy(flow(home, { port: broker.port }));
    await house.untilJson(STATE);
    await house.untilJson(HOUSE);
    await nodeRed.deploy(flow(home, { port: broker.port, hasHub: false }), 'nodes');
    for (const topic of [CONFIG, HOUSE_CONFIG, STATE, HOUSE]) await house.untilGone(topic);
  });

  test('redeploys of everything, and of the plan alone, keep the devices and send no state twice', async () => {
    using home = await Home.make();
    await using broker = await Broker.start();
    await using house = await MqttListener.on(broker.port);
    const first = flow(home, { port: broker.port });
    await nodeRed.deploy(first);
    await house.untilJson(STATE, well);
    await house.untilJson(HOUSE);
    const before = times(house, STATE);
    const renamed = first.map((one) => (one.id === 'plan' ? { ...one, name: 'Papers' } : one));
    await nodeRed.deploy(renamed, 'nodes');
    await house.untilJson<{ dev: { name: string } }>(CONFIG, ({ dev }) => dev.name === 'Papers');
    await house.publish(CMD, 'pause');
    await house.untilJson<MqttPlanState>(STATE, ({ paused }) => paused);
    expect(times(house, STATE)).toBe(before + 1);

    // Its MQTT nodes go away and come again: what is sent meanwhile is lost.
    const connects = times(house, AVAILABILITY);
    await nodeRed.deploy(renamed, 'full');
    await house.until('a new connection', () =>
      times(house, AVAILABILITY) >= connects + 2 && house.latest.get(AVAILABILITY) === 'online'
        ? true
        : undefined,
    );
    await house.publish(CMD, 'resume');
    await house.untilJson<MqttPlanState>(STATE, ({ paused }) => !paused);
    const emptied = house.heard.filter(({ payload }) => payload === '');
    expect(emptied).toEqual([]);
  });

  test('without a last will the entities do not depend on one, and after a start all is told all the same', async () => {
    using home = await Home.make();
    await using broker = await Broker.start();
    await using house = await MqttListener.on(broker.port);
    await nodeRed.deploy(flow(home, { port: broker.port, hasAvailability: false }));
    const config = await house.untilJson<Record<string, unknown>>(CONFIG);
    await house.untilJson(STATE);
    expect(config['availability']).toBeUndefined();
  });

  test('another base topic takes away what stood under the first one', async () => {
    using home = await Home.make();
    await using broker = await Broker.start();
    await using house = await MqttListener.on(broker.port);
    const first = flow(home, { port: broker.port });
    await nodeRed.deploy(first);
    await house.untilJson(STATE);
    await house.untilJson(HOUSE);
    const moved = first.map((one) => (one.id === 'hub' ? { ...one, baseTopic: 'home/backups' } : one));
    await nodeRed.deploy(moved, 'nodes');
    await house.untilJson('home/backups/plan/documents/state');
    await house.untilGone(STATE);
    await house.untilGone(CONFIG);
    expect(house.latest.has('homeassistant/device/home_backups_documents/config')).toBe(true);
  });
});
