// Lives a year with every retry policy and every habit: `npm run bench:retry`. BENCH_SCALE=0.25 for a quick look;
// names of panels (made-up, design, held-out) for only these. The whole of it, at full scale, writes the figures into
// docs/benchmarks.md and draws docs/retry-policies.svg.
import { writeFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { ARCHETYPES } from './archetypes.ts';
import { type Figures, figuresOf, frontierDelay } from './figures.ts';
import { picture } from './picture.ts';
import { FRONTIER, fixed, POLICIES, type Policy } from './policies.ts';
import { HOUR_MS, isForDesign, type Presence, realTraces } from './presence.ts';
import { type Panel, type Result, summaryOf, tablesOf, writeTables } from './report.ts';
import { newTally, type Schedule, scheduleFor, simulate } from './simulate.ts';

const SCALE = Number(process.env['BENCH_SCALE'] ?? 1);
const SEEDS = Math.max(2, Math.round(8 * SCALE));
const PHASES = Math.max(2, Math.round(16 * SCALE));
/** Fewer waits than this in one life say nothing. */
const FEWEST_WAITS = 5;

interface Case {
  readonly name: string;
  readonly lives: readonly { readonly trace: Presence; readonly schedule: Schedule }[];
}

function lived({ lives }: Case, policy: Policy | undefined): { figures: Figures; waits: number } {
  const tally = newTally();
  for (const { trace, schedule } of lives) simulate(trace, schedule, policy, tally);
  return { figures: figuresOf(tally), waits: tally.delays.length };
}

function row(name: string, figures: Figures, { oracle, frontier }: Result): string {
  const cells = [
    figures.delay.toFixed(2),
    figures.delayP95.toFixed(2),
    figures.wasted.toFixed(2),
    `${(100 * figures.used).toFixed(0)} %`,
    figures.ageP50.toFixed(1),
    figures.ageP95.toFixed(1),
    (figures.ageP95 / Math.max(oracle.ageP95, 0.1)).toFixed(2),
    name === 'oracle' ? '' : (figures.delay / frontierDelay(frontier, figures.wasted)).toFixed(2),
  ];
  return `  ${name.padEnd(28)}${cells.map((cell) => cell.padStart(9)).join('')}`;
}

const HEAD = `  ${''.padEnd(28)}${['delay h', 'p95 h', 'in vain', 'used', 'age p50', 'age p95', '/oracle', 'equal'].map((cell) => cell.padStart(9)).join('')}`;

function measure(cases: readonly Case[]): { results: Result[]; leftOut: string[] } {
  const results: Result[] = [];
  const leftOut: string[] = [];
  for (const one of cases) {
    const { figures: hourly, waits } = lived(one, fixed(HOUR_MS));
    if (waits < FEWEST_WAITS * one.lives.length) {
      leftOut.push(`${one.name} (${(waits / one.lives.length).toFixed(1)})`);
      continue;
    }
    const result: Result = {
      name: one.name,
      waits,
      hourly,
      oracle: lived(one, undefined).figures,
      frontier: FRONTIER.map((policy) => lived(one, policy).figures),
      byPolicy: new Map(Object.entries(POLICIES).map(([name, policy]) => [name, lived(one, policy).figures])),
    };
    console.log(`\n${one.name} (${waits} waits)\n${HEAD}`);
    for (const [name, figures] of result.byPolicy) console.log(row(name, figures, result));
    console.log(row('oracle', result.oracle, result));
    results.push(result);
  }
  return { results, leftOut };
}

/** The n-th of places in [0, 1) that lie evenly, however many they are, and on no grid (multiples of the golden ratio). */
function place(n: number): number {
  return (n * ((Math.sqrt(5) - 1) / 2)) % 1;
}

const real = (isWanted: (name: string) => boolean): Case[] =>
  [...realTraces()]
    .filter(([name]) => isWanted(name))
    .map(([name, trace]) => ({
      name,
      lives: Array.from({ length: PHASES }, (_, n) => ({
        trace,
        schedule: scheduleFor(trace, place(n + 1)),
      })),
    }));
const PANELS: Readonly<Record<string, { title: string; cases: () => Case[] }>> = {
  'made-up': {
    title: 'Made-up homes',
    cases: () =>
      Object.entries(ARCHETYPES).map(([name, make]) => ({
        name,
        lives: Array.from({ length: SEEDS }, (_, n) => {
          const trace = make(n + 1);
          return { trace, schedule: scheduleFor(trace, place(n + 1) / 6) };
        }),
      })),
  },
  design: { title: 'Real machines, design half', cases: () => real(isForDesign) },
  'held-out': { title: 'Real machines, held-out half', cases: () => real((name) => !isForDesign(name)) },
};

/** One panel, in a thread of its own. */
function panelOf(key: string): Promise<Panel> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: key });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (isMainThread) {
  const wanted = process.argv.slice(2);
  const keys = Object.keys(PANELS).filter((key) => wanted.length === 0 || wanted.includes(key));
  const panels = await Promise.all(keys.map(panelOf));
  console.log(tablesOf(panels));
  if (SCALE === 1 && wanted.length === 0) {
    writeTables(panels);
    const svg = picture(panels.map(({ summary }) => summary));
    writeFileSync(new URL('../../docs/retry-policies.svg', import.meta.url), svg);
  }
} else {
  const panel = PANELS[String(workerData)];
  if (panel === undefined) throw new Error(`no panel ${String(workerData)}`);
  const { results, leftOut } = measure(panel.cases());
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker of this process, no window
  parentPort?.postMessage({ summary: summaryOf(panel.title, results), results, leftOut } satisfies Panel);
}
