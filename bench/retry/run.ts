// Lives a year with every retry policy and every habit: `npm run bench:retry`. BENCH_SCALE=0.2 for a quick look.
// Prints the figures of README.md and draws docs/retry-policies.svg.
import { writeFileSync } from 'node:fs';
import { ARCHETYPES } from './archetypes.ts';
import { type Figures, figuresOf, frontierDelay, geometricMean } from './figures.ts';
import type { Dot } from './picture.ts';
import { picture } from './picture.ts';
import { fixed, POLICIES, type Policy } from './policies.ts';
import { HOUR_MS, type Presence, realTraces } from './presence.ts';
import { newTally, scheduleFor, simulate } from './simulate.ts';

const SCALE = Number(process.env['BENCH_SCALE'] ?? 1);
const SEEDS = Math.max(1, Math.round(4 * SCALE));
const PHASES = Math.max(1, Math.round(4 * SCALE));
const FRONTIER_HOURS = [1 / 12, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 3 / 4, 1, 1.5, 2, 3, 4, 6, 8, 12, 24];
/** Of the line in the picture. */
const LONGEST_DRAWN_HOURS = 2;
/** Fewer waits than this say nothing. */
const FEWEST_WAITS = 20;

interface Case {
  readonly name: string;
  readonly lives: readonly { readonly trace: Presence; readonly phase: number }[];
}

function lived({ lives }: Case, policy: Policy | undefined): { figures: Figures; waits: number } {
  const tally = newTally();
  for (const { trace, phase } of lives) simulate(trace, scheduleFor(trace, phase), policy, tally);
  return { figures: figuresOf(tally), waits: tally.delays.length };
}

interface Result {
  readonly hourly: Figures;
  readonly oracle: Figures;
  readonly frontier: readonly Figures[];
  readonly byPolicy: ReadonlyMap<string, Figures>;
}

function row(name: string, figures: Figures, { oracle, frontier }: Result): string {
  const equal = figures.delay / frontierDelay(frontier, figures.wasted);
  const cells = [
    figures.delay.toFixed(2),
    figures.delayP95.toFixed(2),
    figures.wasted.toFixed(1),
    `${(100 * figures.used).toFixed(0)} %`,
    figures.ageP50.toFixed(1),
    figures.ageP95.toFixed(1),
    (figures.ageP95 / Math.max(oracle.ageP95, 0.1)).toFixed(2),
    name === 'oracle' ? '' : equal.toFixed(2),
  ];
  return `  ${name.padEnd(28)}${cells.map((cell) => cell.padStart(9)).join('')}`;
}

const HEAD = `  ${''.padEnd(28)}${['delay h', 'p95 h', 'in vain', 'used', 'age p50', 'age p95', '/oracle', 'equal'].map((cell) => cell.padStart(9)).join('')}`;

function measure(cases: readonly Case[]): Result[] {
  const results: Result[] = [];
  for (const one of cases) {
    const { figures: hourly, waits } = lived(one, fixed(HOUR_MS));
    if (waits < FEWEST_WAITS) {
      console.log(`\n${one.name}: only ${waits} waits, left out`);
      continue;
    }
    const result: Result = {
      hourly,
      oracle: lived(one, undefined).figures,
      frontier: FRONTIER_HOURS.map((hours) => lived(one, fixed(hours * HOUR_MS)).figures),
      byPolicy: new Map(Object.entries(POLICIES).map(([name, policy]) => [name, lived(one, policy).figures])),
    };
    console.log(`\n${one.name} (${waits} waits)\n${HEAD}`);
    for (const [name, figures] of result.byPolicy) console.log(row(name, figures, result));
    console.log(row('oracle', result.oracle, result));
    results.push(result);
  }
  return results;
}

function compared(results: readonly Result[], name: string, of: (one: Result) => Figures): Dot {
  return {
    name,
    attempts: geometricMean(results.map((one) => of(one).wasted / one.hourly.wasted)),
    delay: geometricMean(results.map((one) => of(one).delay / one.hourly.delay)),
  };
}

function summary(title: string, results: readonly Result[]): readonly Dot[] {
  console.log(
    `\n${title}: against hourly, geometric means; equal: delay against the fixed interval of equal cost`,
  );
  const heads = ['delay', 'worst', 'in vain', 'equal', 'worst', 'used'];
  console.log(`  ${''.padEnd(28)}${heads.map((cell) => cell.padStart(9)).join('')}`);
  return Object.keys(POLICIES).map((name) => {
    const of = ({ byPolicy, hourly }: Result): Figures => byPolicy.get(name) ?? hourly;
    const dot = compared(results, name, of);
    const equal = results.map((one) => of(one).delay / frontierDelay(one.frontier, of(one).wasted));
    const used = results.reduce((sum, one) => sum + of(one).used, 0) / results.length;
    const cells = [
      dot.delay.toFixed(2),
      Math.max(...results.map((one) => of(one).delay / one.hourly.delay)).toFixed(2),
      dot.attempts.toFixed(2),
      geometricMean(equal).toFixed(2),
      Math.max(...equal).toFixed(2),
      `${(100 * used).toFixed(1)} %`,
    ];
    console.log(`  ${name.padEnd(28)}${cells.map((cell) => cell.padStart(9)).join('')}`);
    return dot;
  });
}

const madeUp: Case[] = Object.entries(ARCHETYPES).map(([name, make]) => ({
  name,
  lives: Array.from({ length: SEEDS }, (_, seed) => ({ trace: make(seed + 1), phase: seed / SEEDS / 4 })),
}));
const real: Case[] = [...realTraces()].map(([name, trace]) => ({
  name,
  lives: Array.from({ length: PHASES }, (_, phase) => ({ trace, phase: phase / PHASES })),
}));

const panels = [];
for (const [title, cases] of [
  ['Made-up homes', madeUp],
  ['Real machines', real],
] as const) {
  const results = measure(cases);
  const dots = summary(title, results);
  // Longer ones meet some devices never.
  const short = FRONTIER_HOURS.filter((hours) => hours <= LONGEST_DRAWN_HOURS);
  const frontier = short.map((_, index) => compared(results, '', (one) => one.frontier[index] ?? one.hourly));
  panels.push({ title, dots, frontier });
}
if (SCALE === 1) {
  writeFileSync(new URL('../../docs/retry-policies.svg', import.meta.url), picture(panels));
}
