import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

export const HOUR_MS = 3_600_000;
export const DAY_MS: number = 24 * HOUR_MS;

/** When a device is there: windows in order, each [begin, end) in ms since the epoch. */
export interface Presence {
  readonly windows: readonly (readonly [number, number])[];
  readonly begin: number;
  readonly end: number;
}

/** Windows in order, those that touch made one. */
export function presence(
  windows: readonly (readonly [number, number])[],
  begin: number,
  end: number,
): Presence {
  const merged: [number, number][] = [];
  const inside = windows.map(([from, to]) => [Math.max(from, begin), Math.min(to, end)] as const);
  for (const [from, to] of inside.filter(([a, b]) => b > a).toSorted(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return { windows: merged, begin, end };
}

/** The traces of real machines beside this file, by name. */
export function realTraces(): Map<string, Presence> {
  const folder = new URL('traces/', import.meta.url);
  const traces = new Map<string, Presence>();
  for (const file of readdirSync(folder).toSorted()) {
    if (!file.endsWith('.csv')) continue;
    const rows = readFileSync(new URL(file, folder), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').map(Number));
    const windows: [number, number][] = [];
    rows.forEach(([at = 0, state], index) => {
      const next = rows[index + 1]?.[0];
      if (state === 1 && next !== undefined) windows.push([at * 1000, next * 1000]);
    });
    const begin = (rows[0]?.[0] ?? 0) * 1000;
    traces.set(file.replace('.csv', ''), presence(windows, begin, (rows.at(-1)?.[0] ?? 0) * 1000));
  }
  return traces;
}

/**
 * Whether the policy may be changed after a look at this trace; the others are only there to check with. By chance and
 * once for all: the first byte of the SHA-256 of its name is even.
 */
export function isForDesign(name: string): boolean {
  return (createHash('sha256').update(name).digest()[0] ?? 0) % 2 === 0;
}
