// What a hub costs: from the change of a plan to the event of its clients, and memory with very many plans.
import type { PlanStatus } from '../src/protocol/protocol.ts';
import { commandPath, type HubCommand, TOKEN_HEADER } from '../src/protocol/protocol.ts';
import { type FlowNode, node, plan, repository, tab } from '../test/runtime/flows.ts';
import { NodeRed } from '../test/runtime/node-red.ts';
import { EventReader } from '../test/unit/hub-fixtures.ts';
import { type Figure, figure, megabytes, milliseconds, PAIRS, p99, scaled } from './figures.ts';
import { Material, PASSWORD } from './material.ts';
import { askMeter, meter } from './meter.ts';

export const title =
  'A hub with 500 plans: from the change of a plan to the event at its HTTP clients, and memory';

const PLANS = 500;
const CHANGES = scaled(500);
const CLIENTS = 100;
const TOKEN = 'only-for-a-bench-0123456789abcdef-0123456789';
const PAUSE_DAYS = 7;

export async function measure(): Promise<Figure[]> {
  using material = new Material('empty');
  await using nodeRed = await NodeRed.start();
  const memory: number[] = [];
  const memoryOfClients: number[] = [];
  for (let at = 0; at < PAIRS; at += 1) {
    const without = await heapWith(nodeRed, flow(material, { hub: false }));
    const withHub = await heapWith(nodeRed, flow(material, { hub: true }));
    const readers = await listen(nodeRed, CLIENTS);
    memory.push(withHub - without);
    memoryOfClients.push((await askMeter(nodeRed, 'end')).heap - withHub);
    for (const reader of readers) reader.cut();
  }
  const [alone] = await listen(nodeRed, 1);
  if (alone === undefined) throw new Error('no client');
  const toOne = await changes(nodeRed, [alone]);
  const crowd = [alone, ...(await listen(nodeRed, CLIENTS - 1))];
  const toAll = await changes(nodeRed, crowd);
  for (const reader of crowd) reader.cut();
  return [
    figure('plans', [scaled(PLANS)], String),
    figure('1 client, from the change to its event', toOne.events, milliseconds),
    figure('1 client, p99', [p99(toOne.events)], milliseconds),
    figure('1 client, from the command to its answer', toOne.answers, milliseconds),
    figure(`${CLIENTS} clients, from the change to the last of their events`, toAll.events, milliseconds),
    figure(`${CLIENTS} clients, p99`, [p99(toAll.events)], milliseconds),
    figure('memory of the hub, after garbage collection', memory, megabytes),
    figure(`memory of ${CLIENTS} clients, after garbage collection`, memoryOfClients, megabytes),
  ];
}

/** Pauses and resumes a plan, and waits until all clients know: ms each. */
async function changes(
  nodeRed: NodeRed,
  readers: readonly EventReader[],
): Promise<{ events: number[]; answers: number[] }> {
  const events: number[] = [];
  const answers: number[] = [];
  for (let at = 0; at < CHANGES; at += 1) {
    const id = `plan-${at % scaled(PLANS)}`;
    const heard = Promise.all(readers.map((reader) => nextOf(reader, id)));
    const asked = performance.now();
    await command(nodeRed, id, 'pause');
    answers.push(performance.now() - asked);
    const [status] = await heard;
    const arrived = Date.now();
    // A pause ends a fixed time after the change, so that its event says when that was.
    events.push(arrived - (Date.parse(status?.pausedUntil ?? '') - PAUSE_DAYS * 86_400_000));
    const over = Promise.all(readers.map((reader) => nextOf(reader, id)));
    await command(nodeRed, id, 'resume');
    await over;
  }
  return { events, answers };
}

/** The next event about a plan. */
async function nextOf(reader: EventReader, id: string): Promise<PlanStatus> {
  for (;;) {
    const { event, data } = await reader.next();
    if (event === 'plan' && data.id === id) return data;
  }
}

async function command(nodeRed: NodeRed, id: string, name: HubCommand): Promise<void> {
  const response = await fetch(`${nodeRed.url}${commandPath(id, name)}`, {
    method: 'POST',
    headers: { [TOKEN_HEADER]: TOKEN },
  });
  if (response.status !== 202) throw new Error(`${name}: ${response.status} ${await response.text()}`);
}

async function listen(nodeRed: NodeRed, count: number): Promise<EventReader[]> {
  const readers: EventReader[] = [];
  for (let at = 0; at < count; at += 1) {
    const reader = await EventReader.open(Number(new URL(nodeRed.url).port), TOKEN);
    await reader.next();
    readers.push(reader);
  }
  return readers;
}

async function heapWith(nodeRed: NodeRed, nodes: readonly FlowNode[]): Promise<number> {
  nodeRed.statuses.clear();
  await nodeRed.deploy(nodes);
  const isReady = ({ id }: FlowNode): boolean => !['', 'starting'].includes(nodeRed.status(id).text ?? '');
  const plans = nodes.filter(({ type }) => type === 'backup-plan');
  await nodeRed.until('every plan', () => (plans.every(isReady) ? true : undefined), 300_000);
  return (await askMeter(nodeRed, 'end')).heap;
}

function flow(material: Material, options: { hub: boolean }): FlowNode[] {
  const plans = Array.from({ length: scaled(PLANS) }, (_, at) =>
    plan(
      { id: `plan-${at}`, wires: [[], [], []] },
      { name: `Plan ${at}`, repository: 'repository', paths: [material.source], scheduleKind: 'event' },
    ),
  );
  const hub = node(
    'backup-hub',
    { id: 'hub', wires: [[], []] },
    {
      plans: [],
      baseTopic: 'lastgood',
      discoveryPrefix: 'homeassistant',
      progress: false,
      http: true,
      credentials: { token: TOKEN },
    },
  );
  return [
    tab(),
    repository(
      'repository',
      { url: material.repository, cacheFolder: material.cache },
      { password: PASSWORD },
    ),
    ...plans,
    ...(options.hub ? [hub] : []),
    ...meter(),
  ];
}
