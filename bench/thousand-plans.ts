// Very many plans on one runtime, one tab and one gate: what it costs to deploy them and to wait for their time.
import { check, type FlowNode, gate, plan, repository, run, tab } from '../test/runtime/flows.ts';
import { NodeRed } from '../test/runtime/node-red.ts';
import { type Figure, figure, megabytes, percent, scaled, seconds } from './figures.ts';
import { Material, PASSWORD } from './material.ts';
import { askMeter, meter } from './meter.ts';
import { cpuOf, memoryOf } from './process-cost.ts';

export const title = 'A thousand plans on one runtime, all waiting for their time';

const PLANS = 1000;
const IDLE_SECONDS = 60;
const LONGEST_MS = 300_000;

export async function measure(): Promise<Figure[]> {
  using material = new Material('empty');
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy([tab(), ...meter()]);
  const { heap: heapBefore } = await askMeter(nodeRed, 'end');
  const memoryBefore = memoryOf(nodeRed.pid, 'VmRSS');
  const first = await deploy(nodeRed, flow(material));
  const again = await deploy(nodeRed, flow(material));
  const memory = memoryOf(nodeRed.pid, 'VmRSS') - memoryBefore;
  const heap = (await askMeter(nodeRed, 'end')).heap - heapBefore;
  // Every plan looks at the clock once a minute.
  const cpuBefore = cpuOf(nodeRed.pid);
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
  const idle = (cpuOf(nodeRed.pid).own - cpuBefore.own) / IDLE_SECONDS;
  return [
    figure('plans', [scaled(PLANS)], String),
    figure('first deploy, until flows run', [first.deployed], seconds),
    figure('first deploy, until every plan is ready', [first.ready], seconds),
    figure('first deploy, CPU of Node-RED', [first.cpu], seconds),
    figure('deploy again, until every plan is ready', [again.ready], seconds),
    figure('deploy again, CPU of Node-RED', [again.cpu], seconds),
    figure('idle CPU, share of one core', [idle], percent),
    figure('memory in use, after garbage collection', [heap], megabytes),
    figure('resident memory, garbage of two deploys included', [memory], megabytes),
  ];
}

interface Deploy {
  readonly deployed: number;
  readonly ready: number;
  readonly cpu: number;
}

async function deploy(nodeRed: NodeRed, nodes: readonly FlowNode[]): Promise<Deploy> {
  const plans = nodes.filter(({ type }) => type === 'backup-plan').map(({ id }) => id);
  for (const id of plans) nodeRed.statuses.delete(id);
  const cpuBefore = cpuOf(nodeRed.pid);
  const began = performance.now();
  await nodeRed.deploy(nodes);
  const deployed = (performance.now() - began) / 1000;
  const isReady = (id: string): boolean => {
    const { fill = '', text = 'starting' } = nodeRed.status(id);
    if (fill === 'red') throw new Error(`${id}: ${text}`);
    return text !== 'starting';
  };
  await nodeRed.until('every plan', () => (plans.every(isReady) ? true : undefined), LONGEST_MS);
  return { deployed, ready: (performance.now() - began) / 1000, cpu: cpuOf(nodeRed.pid).own - cpuBefore.own };
}

function flow(material: Material): FlowNode[] {
  const plans = Array.from({ length: scaled(PLANS) }, (_, at) =>
    plan(
      { id: `plan-${at}`, wires: [['check'], [], []] },
      {
        repository: 'repository',
        paths: [material.source],
        scheduleKind: 'cron',
        cron: `${at % 60} ${(new Date().getUTCHours() + 12) % 24} * * *`,
        timeZone: 'UTC',
      },
    ),
  );
  return [
    tab(),
    repository(
      'repository',
      { url: material.repository, cacheFolder: material.cache },
      { password: PASSWORD },
    ),
    ...plans,
    check({ id: 'check', wires: [['run'], []] }),
    run({ id: 'run', wires: [['gate'], [], []] }),
    gate({ id: 'gate', wires: [[], [], [], []] }),
    ...meter(),
  ];
}
