// The same backup by restic-run and by Node-RED's exec node with `restic backup --json`: what each costs Node-RED.
import { type FlowNode, inject, node, probe } from '../test/runtime/flows.ts';
import { NodeRed } from '../test/runtime/node-red.ts';
import { type Figure, figure, interleaved, megabytes, milliseconds } from './figures.ts';
import { backUp, backupFlow } from './flow.ts';
import { type Contents, Material, PASSWORD } from './material.ts';
import { askMeter, meter } from './meter.ts';
import { forgetPeak, memoryOf } from './process-cost.ts';

export const title =
  'Memory and event loop of Node-RED during a backup: restic-run against the exec node with --json';

const LONGEST_MS = 600_000;
interface Load {
  /** Bytes above what was resident when the backup began. */
  readonly memory: number;
  /** ms by which a timer was late. */
  readonly p99: number;
  readonly worst: number;
}

export async function measure(): Promise<Figure[]> {
  return [...(await measureWith('small files')), ...(await measureWith('large files'))];
}

async function measureWith(contents: Contents): Promise<Figure[]> {
  using material = new Material(contents);
  const env = {
    RESTIC_REPOSITORY: material.repository,
    RESTIC_PASSWORD: PASSWORD,
    RESTIC_CACHE_DIR: material.cache,
  };
  await using nodeRed = await NodeRed.start({ env });
  await nodeRed.deploy([...backupFlow(material), ...execFlow(material), ...meter()]);
  const byRun = (): Promise<Load> => during(nodeRed, material, () => backUp(nodeRed));
  const byExec = (): Promise<Load> => during(nodeRed, material, () => execBackup(nodeRed));
  // What is loaded and compiled once is not the price of a backup.
  await byRun();
  await byExec();
  const pairs = await interleaved(byRun, byExec);
  return (['one', 'other'] as const).flatMap((side) => {
    const name = `${contents}: ${side === 'one' ? 'restic-run' : 'exec node'}`;
    const loads = pairs.map((pair) => pair[side]);
    return [
      figure(
        `${name}, memory`,
        loads.map(({ memory }) => memory),
        megabytes,
      ),
      figure(
        `${name}, event-loop delay p99`,
        loads.map(({ p99 }) => p99),
        milliseconds,
      ),
      figure(
        `${name}, event-loop delay, worst`,
        loads.map(({ worst }) => worst),
        milliseconds,
      ),
    ];
  });
}

/** As people write it: no shell script, the whole output in one message at the end. */
function execFlow(material: Material): FlowNode[] {
  return [
    inject('ask-exec', 'exec'),
    node(
      'exec',
      { id: 'exec', wires: [[], [], ['exec-end']] },
      {
        command: `restic backup --json ${material.source}`,
        addpay: '',
        append: '',
        useSpawn: 'false',
        timer: '',
        oldrc: false,
      },
    ),
    probe('exec-end'),
  ];
}

async function execBackup(nodeRed: NodeRed): Promise<void> {
  await nodeRed.inject('ask-exec');
  const { payload } = await nodeRed.next('exec-end', undefined, LONGEST_MS);
  const { code, message } = payload as { code: number; message?: string };
  if (code !== 0) throw new Error(`the exec node's restic ended with ${code}: ${message ?? ''}`);
}

async function during(nodeRed: NodeRed, material: Material, work: () => Promise<unknown>): Promise<Load> {
  material.renew();
  await askMeter(nodeRed, 'begin');
  forgetPeak(nodeRed.pid);
  const before = memoryOf(nodeRed.pid, 'VmRSS');
  await work();
  const memory = Math.max(0, memoryOf(nodeRed.pid, 'VmHWM') - before);
  const { p99, worst } = await askMeter(nodeRed, 'end');
  return { memory, p99, worst };
}
