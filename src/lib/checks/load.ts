import { cpus, loadavg } from 'node:os';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

/** Whether the load average of the last minute, for each core, is below a value. */
export function checkLoad(
  below: number,
  look: Look,
  load: number | undefined = loadavg()[0],
  cores: number = cpus().length,
): Verdict {
  // Windows has no such figure and says 0.
  if (process.platform === 'win32' || load === undefined || cores === 0)
    return verdict('unknown', look, 'load.not-known');
  if (!Number.isFinite(below)) return verdict('unknown', look, 'load.limit');
  const found = load / cores;
  const values = { found: Math.round(found * 100) / 100, below };
  return verdict(found < below ? 'yes' : 'no', look, found < below ? 'load.yes' : 'load.no', values);
}
