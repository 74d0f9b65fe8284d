// What a backup by restic-run costs more than the same restic by hand.
import { spawn } from 'node:child_process';
import { NodeRed } from '../test/runtime/node-red.ts';
import { type CountedProcess, CountedRestic } from './counted-restic.ts';
import { type Figure, figure, interleaved, percent, ratio, seconds, times } from './figures.ts';
import { backUp, backupFlow } from './flow.ts';
import { type Contents, Material } from './material.ts';
import { cpuBetween, cpuOf, untilAlone } from './process-cost.ts';

export const title = 'Backup and retention by plan, check, restic-run and gate, against the same restic bare';

const COUNTED_RUNS = 3;

export async function measure(): Promise<Figure[]> {
  return [...(await measureWith('small files')), ...(await measureWith('large files'))];
}

async function measureWith(contents: Contents): Promise<Figure[]> {
  using material = new Material(contents);
  const restic = new CountedRestic(material.folder);
  await using nodeRed = await NodeRed.start();
  const counted = await countedRuns(nodeRed, material, restic);

  await nodeRed.deploy(backupFlow(material));
  await backUp(nodeRed);
  const pairs = await interleaved(
    async () => {
      material.renew();
      return await backUp(nodeRed);
    },
    async () => {
      material.renew();
      return await bareRun(counted.steps);
    },
  );
  return [
    figure(
      `${contents}: own CPU, as a share of restic's`,
      counted.runs.map((run) => run.own / run.restic),
      percent,
      0.03,
    ),
    figure(
      `${contents}: own CPU of Node-RED`,
      counted.runs.map((run) => run.nodeRed),
      seconds,
    ),
    figure(
      `${contents}: own CPU of our probe processes`,
      counted.runs.map((run) => run.own - run.nodeRed),
      seconds,
    ),
    figure(
      `${contents}: CPU of restic`,
      counted.runs.map((run) => run.restic),
      seconds,
    ),
    figure(
      `${contents}: wall, ratio to bare`,
      pairs.map(({ one, other }) => one / other),
      ratio,
      1.03,
    ),
    figure(
      `${contents}: wall by restic-run`,
      pairs.map(({ one }) => one),
      seconds,
    ),
    figure(
      `${contents}: wall bare`,
      pairs.map(({ other }) => other),
      seconds,
    ),
    figure(
      `${contents}: restic processes`,
      counted.runs.map((run) => run.processes),
      times,
      2,
    ),
  ];
}

interface CountedRun {
  readonly own: number;
  readonly nodeRed: number;
  readonly restic: number;
  readonly processes: number;
}

/** Backups through the counting restic, after a first one that also asks for the version and for old snapshots. */
async function countedRuns(
  nodeRed: NodeRed,
  material: Material,
  restic: CountedRestic,
): Promise<{ readonly runs: readonly CountedRun[]; readonly steps: readonly CountedProcess[] }> {
  await nodeRed.deploy(backupFlow(material, { binary: restic.path }));
  await backUp(nodeRed);
  const runs: CountedRun[] = [];
  let steps: readonly CountedProcess[] = [];
  for (let at = 0; at < COUNTED_RUNS; at += 1) {
    material.renew();
    restic.forget();
    // A probe process of the last one would spare this one a start; most backups come alone.
    await untilAlone(nodeRed.pid);
    const before = cpuOf(nodeRed.pid);
    await backUp(nodeRed);
    const used = cpuBetween(before, cpuOf(nodeRed.pid));
    steps = restic.processes();
    const resticSeconds = steps.reduce((sum, step) => sum + step.cpuSeconds, 0);
    const own = used.own + used.children - resticSeconds;
    runs.push({ own, nodeRed: used.own, restic: resticSeconds, processes: steps.length });
  }
  return { runs, steps };
}

/** The restic processes of a backup once more, one after the other, and nothing around them. Seconds. */
async function bareRun(steps: readonly CountedProcess[]): Promise<number> {
  const began = performance.now();
  for (const step of steps) {
    // In a session of its own, as ours is: Linux shares the CPU out by session.
    const options = {
      cwd: step.workingFolder,
      env: step.environment,
      stdio: 'ignore',
      detached: true,
    } as const;
    const restic = spawn('restic', step.arguments, options);
    const code = await new Promise((resolve, reject) => {
      restic.once('error', reject).once('exit', resolve);
    });
    if (code !== 0) throw new Error(`restic ${step.arguments[0]} ended with ${String(code)}`);
  }
  return (performance.now() - began) / 1000;
}
