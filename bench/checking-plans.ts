// Very many plans whose checks look again and again, and some that hang: how long Node-RED itself stands still.
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { CheckSpec } from '../src/lib/checks/check.ts';
import { check, type FlowNode, gate, inject, plan, repository, run, tab } from '../test/runtime/flows.ts';
import { freePort, NodeRed } from '../test/runtime/node-red.ts';
import { type Figure, figure, interleaved, milliseconds, percent, SCALE, scaled } from './figures.ts';
import { Material, PASSWORD } from './material.ts';
import { askMeter, meter } from './meter.ts';
import { type CpuTime, cpuBetween, cpuOf } from './process-cost.ts';

export const title =
  '100 plans that wait for 10 drives, looking every second, and 4 checks that hang; against idle';

const PLANS = 100;
/** Each with a check node of its own. */
const DRIVES = 10;
const HUNG = 4;
const WINDOW_SECONDS = Math.max(3, 20 * SCALE);
const LONGEST_MS = 300_000;

interface Measured {
  /** ms by which timers of Node-RED were late. */
  readonly p99: number;
  readonly worst: number;
  /** Shares of one core. */
  readonly cpu: CpuTime;
  /** Of all plans together. */
  readonly looksPerSecond: number;
}

export async function measure(): Promise<Figure[]> {
  using material = new Material('empty');
  const hung = Array.from({ length: HUNG }, (_, at) => join(material.folder, `hung-${at}`));
  // To open it for reading waits for somebody who writes: a drive that does not answer does the same.
  execFileSync('mkfifo', hung);
  await using nas = await Nas.start();
  const pairs = await interleaved(
    () => checking(material, hung, nas),
    () => idle(nas),
  );
  const checks = pairs.map(({ one }) => one);
  const idles = pairs.map(({ other }) => other);
  return [
    figure(
      'event-loop delay p99, more than idle',
      pairs.map(({ one, other }) => one.p99 - other.p99),
      milliseconds,
    ),
    figure(
      'event-loop delay p99, checking',
      checks.map(({ p99 }) => p99),
      milliseconds,
    ),
    figure(
      'event-loop delay p99, idle',
      idles.map(({ p99 }) => p99),
      milliseconds,
    ),
    figure(
      'event-loop delay, worst, checking',
      checks.map(({ worst }) => worst),
      milliseconds,
    ),
    figure(
      'event-loop delay, worst, idle',
      idles.map(({ worst }) => worst),
      milliseconds,
    ),
    figure(
      'looks a second, of all plans',
      checks.map(({ looksPerSecond }) => looksPerSecond),
      (count) => count.toFixed(1),
    ),
    figure(
      'CPU of Node-RED while checking, share of one core',
      checks.map(({ cpu }) => cpu.own),
      percent,
    ),
    figure(
      'CPU of the processes that look at drives, share of one core',
      checks.map(({ cpu }) => cpu.children),
      percent,
    ),
  ];
}

async function idle(nas: Nas): Promise<Measured> {
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy([tab(), ...meter()]);
  return await watch(nodeRed, nas);
}

async function checking(material: Material, hung: readonly string[], nas: Nas): Promise<Measured> {
  await using nodeRed = await NodeRed.start();
  const nodes = flow(material, hung, nas.port);
  await nodeRed.deploy(nodes);
  const plans = nodes.filter(({ type }) => type === 'backup-plan').map(({ id }) => id);
  const allShow = (wanted: (text: string) => boolean): Promise<true> =>
    nodeRed.until(
      'every plan',
      () => (plans.every((id) => wanted(nodeRed.status(id).text ?? 'starting')) ? true : undefined),
      LONGEST_MS,
    );
  await allShow((text) => text !== 'starting');
  await nodeRed.inject('ask', { payload: 'run' });
  await allShow((text) => text === 'checking');
  const measured = await watch(nodeRed, nas);
  const stopped = plans.filter((id) => nodeRed.status(id).text !== 'checking');
  if (stopped.length > 0) throw new Error(`not checking any more: ${stopped.join(', ')}`);
  return measured;
}

async function watch(nodeRed: NodeRed, nas: Nas): Promise<Measured> {
  await askMeter(nodeRed, 'begin');
  const before = { cpu: cpuOf(nodeRed.pid), asked: nas.asked };
  await new Promise((resolve) => setTimeout(resolve, WINDOW_SECONDS * 1000));
  const used = cpuBetween(before.cpu, cpuOf(nodeRed.pid));
  const cpu = { own: used.own / WINDOW_SECONDS, children: used.children / WINDOW_SECONDS };
  const looksPerSecond = (nas.asked - before.asked) / WINDOW_SECONDS;
  const { p99, worst } = await askMeter(nodeRed, 'end');
  return { p99, worst, cpu, looksPerSecond };
}

function flow(material: Material, hung: readonly string[], port: number): FlowNode[] {
  const waits = { waitFor: '1h', lookEvery: '1s' };
  const drives = Array.from({ length: DRIVES }, (_, at): CheckSpec => {
    const marker: CheckSpec = { kind: 'marker', path: join(material.folder, `usb-${at}`, 'marker') };
    return { kind: 'all', checks: [marker, { kind: 'space', path: material.folder, freeBytes: '1 MB' }] };
  });
  const house: CheckSpec = {
    kind: 'none',
    checks: [
      { kind: 'state', of: { type: 'flow', value: 'guests' }, operator: 'true' },
      { kind: 'state', of: { type: 'jsonata', value: '$flowContext("tv") = "on"' }, operator: 'true' },
    ],
  };
  const plans = Array.from({ length: scaled(PLANS) }, (_, at) =>
    planTo(`plan-${at}`, `check-${at % DRIVES}`, material),
  );
  const hungPlans = hung.map((_, at) => planTo(`hung-plan-${at}`, `hung-check-${at}`, material));
  return [
    tab(),
    repository(
      'repository',
      { url: material.repository, cacheFolder: material.cache },
      { password: PASSWORD },
    ),
    inject('ask', ...[...plans, ...hungPlans].map(({ id }) => id)),
    ...plans,
    ...hungPlans,
    ...drives.map((drive, at) =>
      check(
        { id: `check-${at}`, wires: [['run'], []] },
        { ...waits, checks: [drive, house, { kind: 'port', host: '127.0.0.1', port }] },
      ),
    ),
    ...hung.map((path, at) =>
      check(
        { id: `hung-check-${at}`, wires: [['run'], []] },
        { ...waits, checks: [{ kind: 'marker', path, timeout: '1h' }] },
      ),
    ),
    run({ id: 'run', wires: [['gate'], [], []] }),
    gate({ id: 'gate', wires: [[], [], [], []] }),
    ...meter(),
  ];
}

function planTo(id: string, checkId: string, material: Material): FlowNode {
  return plan(
    { id, wires: [[checkId], [], []] },
    { repository: 'repository', paths: [material.source], scheduleKind: 'event' },
  );
}

/** A server that counts how often it is asked: each look asks once. */
class Nas implements AsyncDisposable {
  asked = 0;
  readonly port: number;
  readonly #server = createServer((socket) => {
    this.asked += 1;
    socket.on('error', () => {}).destroy();
  });

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<Nas> {
    const nas = new Nas(await freePort());
    await new Promise<void>((resolve) => nas.#server.listen(nas.port, '127.0.0.1', resolve));
    return nas;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
