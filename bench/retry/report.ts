import { readFileSync, writeFileSync } from 'node:fs';
import { type Figures, frontierDelay, geometricMean } from './figures.ts';
import { POLICIES } from './policies.ts';

/** What was measured in one home or on one machine. */
export interface Result {
  readonly name: string;
  readonly waits: number;
  readonly hourly: Figures;
  readonly oracle: Figures;
  /** Of fixed intervals, from the shortest to the longest. */
  readonly frontier: readonly Figures[];
  readonly byPolicy: ReadonlyMap<string, Figures>;
}

/** A policy over many homes: geometric means, compared with hourly attempts (1). */
export interface Dot {
  readonly name: string;
  readonly attempts: number;
  readonly delay: number;
}

/** One row of the table. */
interface Line extends Dot {
  readonly worstDelay: number;
  /** Delay against the fixed interval of equal cost: geometric mean, and the worst. */
  readonly equal: number;
  readonly worstEqual: number;
  readonly used: number;
}

/** What is said of one set of homes. */
export interface Summary {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly frontier: readonly Dot[];
}

function compared(results: readonly Result[], name: string, of: (one: Result) => Figures): Dot {
  return {
    name,
    attempts: geometricMean(results.map((one) => of(one).wasted / one.hourly.wasted)),
    delay: geometricMean(results.map((one) => of(one).delay / one.hourly.delay)),
  };
}

function figures({ byPolicy, hourly }: Result, name: string): Figures {
  return byPolicy.get(name) ?? hourly;
}

function equalOf(result: Result, name: string): number {
  const { delay, wasted } = figures(result, name);
  return delay / frontierDelay(result.frontier, wasted);
}

export function summaryOf(title: string, results: readonly Result[]): Summary {
  const lines = Object.keys(POLICIES).map((name) => {
    const equal = results.map((one) => equalOf(one, name));
    return {
      ...compared(results, name, (one) => figures(one, name)),
      worstDelay: Math.max(...results.map((one) => figures(one, name).delay / one.hourly.delay)),
      equal: geometricMean(equal),
      worstEqual: Math.max(...equal),
      used: results.reduce((sum, one) => sum + figures(one, name).used, 0) / results.length,
    };
  });
  const intervals = results[0]?.frontier ?? [];
  const frontier = intervals.map((_, index) =>
    compared(results, '', (one) => one.frontier[index] ?? one.hourly),
  );
  return { title, lines, frontier };
}

/** Three digits that count. */
function brief(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(value < 1 ? 2 : 3);
}

/** In Markdown: for every policy against hourly attempts, what it is over all homes of a set. */
function summaryTable({ title, lines }: Summary): string {
  const head = `| ${title} | delay (worst) | in vain | equal (worst) | used |\n|---|---|---|---|---|`;
  const rows = lines.map(
    ({ name, delay, worstDelay, attempts, equal, worstEqual, used }) =>
      `| ${name} | ${brief(delay)} (${brief(worstDelay)}) | ${brief(attempts)} | ${brief(equal)} (${brief(worstEqual)}) | ${(100 * used).toFixed(1)} % |`,
  );
  return [head, ...rows].join('\n');
}

const SHOWN = ['fixed 1 h', 'Backrest 10 s to 1 h', 'adaptive, 2 h floor', 'adaptive, hourly floor'] as const;

/** In Markdown: for every home, delay in h, attempts in vain for each wait, and "equal" of some policies. */
function caseTable(title: string, results: readonly Result[]): string {
  const head = `| ${title} (waits) | ${SHOWN.join(' | ')} |\n|---|${SHOWN.map(() => '---|').join('')}`;
  const rows = results.map((one) => {
    const cells = SHOWN.map((name) => {
      const { delay, wasted } = figures(one, name);
      return `${brief(delay)} / ${brief(wasted)} / ${equalOf(one, name).toFixed(2)}`;
    });
    return `| ${one.name} (${one.waits.toLocaleString('en-US')}) | ${cells.join(' | ')} |`;
  });
  return [head, ...rows].join('\n');
}

const PAGE = new URL('../../docs/benchmarks.md', import.meta.url);
const BEGIN = '<!-- written by bench:retry -->';
const END = '<!-- end of bench:retry -->';

/** One set of homes. */
export interface Panel {
  readonly summary: Summary;
  readonly results: readonly Result[];
  /** Those with too few waits, and how many they had. */
  readonly leftOut: readonly string[];
}

/** All tables, in Markdown. */
export function tablesOf(panels: readonly Panel[]): string {
  return panels
    .flatMap(({ summary, results, leftOut }) => [
      summaryTable(summary),
      caseTable(summary.title, results),
      ...(leftOut.length === 0
        ? []
        : [`Left out, with so many waits in the mean of a schedule: ${leftOut.join(', ')}.`]),
    ])
    .join('\n\n');
}

/** Puts the tables into docs/benchmarks.md, in the place of the last ones. */
export function writeTables(panels: readonly Panel[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest = ''] = page.split(BEGIN);
  const after = rest.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error('docs/benchmarks.md has no place for tables');
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${tablesOf(panels)}\n\n${END}${after}`);
}
