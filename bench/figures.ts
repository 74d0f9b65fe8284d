/** One line of a bench's answer. */
export interface Figure {
  readonly name: string;
  /** With its unit and spread. */
  readonly value: string;
  /** Such as `at most 3 %`; missing: for information. */
  readonly target?: string;
  readonly met?: boolean;
}

/** The factor by which everything is made smaller for a quick look: BENCH_SCALE, 1 by default. */
export const SCALE: number = Number(process.env['BENCH_SCALE'] ?? 1);

/** How many interleaved pairs are run; a quick look makes do with fewer. */
export const PAIRS: number = SCALE < 1 ? 3 : 7;

export function scaled(count: number): number {
  return Math.max(1, Math.round(count * SCALE));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** The median of the values with the smallest and the greatest, as a figure; `limit` is what the median may be at most. */
export function figure(
  name: string,
  values: readonly number[],
  show: (value: number) => string,
  limit?: number,
): Figure {
  const range =
    values.length < 2
      ? ''
      : ` (${show(Math.min(...values))} .. ${show(Math.max(...values))}, n=${values.length})`;
  return {
    name,
    value: `${show(median(values))}${range}`,
    ...(limit === undefined ? {} : { target: `at most ${show(limit)}`, met: median(values) <= limit }),
  };
}

export const ratio = (value: number): string => value.toFixed(3);
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
export const seconds = (value: number): string => `${value.toFixed(2)} s`;
export const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;
export const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
export const times = (value: number): string => String(value);

/** Runs the two sides in turn, `PAIRS` times, each first as often as the other. */
export async function interleaved<A, B>(
  one: () => Promise<A>,
  other: () => Promise<B>,
): Promise<{ one: A; other: B }[]> {
  const pairs: { one: A; other: B }[] = [];
  for (let at = 0; at < PAIRS; at += 1) {
    if (at % 2 === 0) {
      const first = await one();
      pairs.push({ one: first, other: await other() });
    } else {
      const first = await other();
      pairs.push({ one: await one(), other: first });
    }
  }
  return pairs;
}

/** Prints figures as a table. */
export function printFigures(figures: readonly Figure[]): void {
  const rows = figures.map(({ name, value, target = '', met }) => [
    name,
    value,
    target,
    met === undefined ? '' : met ? 'met' : 'NOT MET',
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    console.log(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}

/** The 99th percentile, by nearest rank. */
export function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? Number.NaN;
}
