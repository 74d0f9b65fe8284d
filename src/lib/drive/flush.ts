import { resolve } from 'node:path';
import { driveCommand } from './drive-command.ts';
import type { ProbeFailure } from './probe.ts';

/**
 * Writes everything that waits in memory for the file system of `path` to its drive: `sync -f`, or `sync` for all file
 * systems where it knows no `-f` (BusyBox, macOS). Never rejects, and returns within `timeoutMs`. Only `ok` means that
 * the drive may lose its power; code `FAILED`: sync itself says that it did not work, `TIMEOUT`: it still writes or hangs.
 */
export async function flush(path: string, timeoutMs: number): Promise<{ readonly ok: true } | ProbeFailure> {
  const began = performance.now();
  const one = await driveCommand('sync', ['-f', resolve(path)], { timeoutMs });
  if (!one.ok) return one;
  if (one.exitCode === 0) return { ok: true };
  if (!/(invalid|unrecogni[sz]ed|illegal|unknown) option/i.test(one.stderr)) return failed(one.stderr);
  const left = Math.max(1, timeoutMs - (performance.now() - began));
  const all = await driveCommand('sync', [], { timeoutMs: Math.ceil(left) });
  if (!all.ok) return all;
  return all.exitCode === 0 ? { ok: true } : failed(all.stderr);
}

function failed(stderr: string): ProbeFailure {
  return { ok: false, code: 'FAILED', message: stderr.trim().split('\n', 1)[0] ?? '' };
}
