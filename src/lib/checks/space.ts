import type { ProbeStat } from '../drive/probe.ts';
import { probe } from '../drive/probe.ts';
import { formatSize, parseSize } from '../size.ts';
import type { CheckSpec } from './check.ts';
import type { Look, Verdict } from './verdict.ts';
import { failedProbe, verdict } from './verdict.ts';

type SpaceSpec = Extract<CheckSpec, { kind: 'space' }>;

/** Whether the file system of a path has the room that was asked for, as an unprivileged process sees it. */
export async function checkSpace(spec: SpaceSpec, look: Look): Promise<Verdict> {
  const needed = spec.freeBytes === undefined || spec.freeBytes.trim() === '' ? 0 : parseSize(spec.freeBytes);
  if (needed === undefined) return verdict('unknown', look, 'space.size', { size: spec.freeBytes ?? '' });
  const found = await probe({ op: 'stat', path: spec.path }, look.timeoutMs);
  return found.ok ? judgeSpace(spec, needed, found, look) : failedProbe(found, spec.path, look);
}

/** The verdict from what was found; `needed` is in bytes. */
export function judgeSpace(spec: SpaceSpec, needed: number, found: ProbeStat, look: Look): Verdict {
  const percent = found.totalBytes === 0 ? 0 : (found.freeBytes / found.totalBytes) * 100;
  const values = {
    path: spec.path,
    free: formatSize(found.freeBytes),
    // Rounded down: 9.99 must not read as the 10 that it is not.
    percent: Math.floor(percent * 10) / 10,
    inodes: found.freeInodes,
  };
  if (found.freeBytes < needed)
    return verdict('no', look, 'space.bytes', { ...values, needed: formatSize(needed) });
  if (percent < (spec.freePercent ?? 0)) {
    return verdict('no', look, 'space.percent', { ...values, needed: spec.freePercent ?? 0 });
  }
  // Some file systems make inodes as they go and say 0 of 0.
  if (found.totalInodes > 0 && found.freeInodes < (spec.freeInodes ?? 0)) {
    return verdict('no', look, 'space.inodes', { ...values, needed: spec.freeInodes ?? 0 });
  }
  return verdict('yes', look, 'space.yes', values);
}
