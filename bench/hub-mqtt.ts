// What a hub costs on its way to Home Assistant: from the change of a plan to the MQTT message, and memory with very many
// plans.
import {
  type FlowNode,
  hub,
  mqttBroker,
  mqttIn,
  mqttOut,
  plan,
  repository,
  tab,
} from '../test/runtime/flows.ts';
import { Mosquitto } from '../test/runtime/mosquitto.ts';
import { MqttListener } from '../test/runtime/mqtt-listener.ts';
import { NodeRed } from '../test/runtime/node-red.ts';
import { type Figure, figure, megabytes, milliseconds, PAIRS, p99, scaled, seconds } from './figures.ts';
import { Material, PASSWORD } from './material.ts';
import { askMeter, meter } from './meter.ts';

export const title = 'A hub with 500 plans: from the change of a plan to its MQTT message, and memory';

const PLANS = scaled(500);
const CHANGES = scaled(500);
const PAUSE_MS = 7 * 86_400_000;

export async function measure(): Promise<Figure[]> {
  using material = new Material('empty');
  await using broker = await Mosquitto.start();
  await using house = await MqttListener.on(broker.port);
  await using nodeRed = await NodeRed.start();
  const memory: number[] = [];
  const introductions: number[] = [];
  for (let at = 0; at < PAIRS; at += 1) {
    const without = await heapWith(nodeRed, flow(material, broker.port, { hasHub: false }));
    house.latest.clear();
    const began = performance.now();
    const nodes = flow(material, broker.port, { hasHub: true });
    const deployed = heapWith(nodeRed, nodes);
    await house.until('every plan', () => (statesOf(house) === PLANS ? true : undefined));
    introductions.push((performance.now() - began) / 1000);
    await deployed;
    memory.push((await askMeter(nodeRed, 'end')).heap - without);
  }
  const delays: number[] = [];
  for (let at = 0; at < CHANGES; at += 1) delays.push(await pauseOne(house, `plan-${at % PLANS}`));
  return [
    figure('plans', [PLANS], String),
    figure('from the change to its message at another client', delays, milliseconds),
    figure('p99', [p99(delays)], milliseconds),
    figure('from the deploy until all plans are there', introductions, seconds),
    figure('memory of the hub, after garbage collection', memory, megabytes),
  ];
}

/** Pauses a plan by its command topic and resumes it; ms from the change of its state until its message has arrived. */
async function pauseOne(house: MqttListener, key: string): Promise<number> {
  const topic = `lastgood/plan/${key}/state`;
  await house.publish(`lastgood/plan/${key}/cmd`, 'pause');
  const { paused_until: until } = await house.untilJson<{ paused_until: string | null }>(
    topic,
    ({ paused_until: end }) => end !== null,
  );
  // A pause ends a fixed time after the change, so that its message says when that was.
  const delay = Date.now() - (Date.parse(until ?? '') - PAUSE_MS);
  await house.publish(`lastgood/plan/${key}/cmd`, 'resume');
  await house.untilJson<{ paused: boolean }>(topic, ({ paused }) => !paused);
  return delay;
}

function statesOf({ latest }: MqttListener): number {
  return [...latest.keys()].filter((topic) => /^lastgood\/plan\/[^/]+\/state$/.test(topic)).length;
}

async function heapWith(nodeRed: NodeRed, nodes: readonly FlowNode[]): Promise<number> {
  nodeRed.statuses.clear();
  await nodeRed.deploy(nodes);
  const isReady = ({ id }: FlowNode): boolean => !['', 'starting'].includes(nodeRed.status(id).text ?? '');
  const plans = nodes.filter(({ type }) => type === 'backup-plan');
  await nodeRed.until('every plan', () => (plans.every(isReady) ? true : undefined), 300_000);
  return (await askMeter(nodeRed, 'end')).heap;
}

function flow(material: Material, port: number, { hasHub }: { hasHub: boolean }): FlowNode[] {
  const plans = Array.from({ length: PLANS }, (_, at) =>
    plan(
      { id: `plan-${at}`, wires: [[], [], []] },
      { name: `Plan ${at}`, repository: 'repository', paths: [material.source], scheduleKind: 'event' },
    ),
  );
  const targets = hasHub ? ['hub'] : [];
  return [
    tab(),
    repository(
      'repository',
      { url: material.repository, cacheFolder: material.cache },
      { password: PASSWORD },
    ),
    ...plans,
    mqttBroker('broker', port, 'lastgood/availability'),
    mqttIn('commands', 'broker', 'lastgood/plan/+/cmd', ...targets),
    mqttIn('availability', 'broker', 'lastgood/availability', ...targets),
    ...(hasHub ? [hub({ id: 'hub', wires: [[], ['out']] })] : []),
    mqttOut('out', 'broker'),
    ...meter(),
  ];
}
