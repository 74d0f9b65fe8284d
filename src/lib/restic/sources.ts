import type { MountEntry } from '../drive/mountinfo.ts';
import { mountOf, readMounts } from '../drive/mountinfo.ts';
import { probe } from '../drive/probe.ts';
import { isAbsent, LOOK_TIMEOUT_MS } from './place.ts';

/** What one of a plan's paths is at a moment. */
export interface Source {
  readonly path: string;
  /** `unknown`: it did not answer, or may not be looked at. */
  readonly state: 'present' | 'missing' | 'unknown';
  /** The mount it lies in, where known. */
  readonly mount?: MountEntry;
}

/** Looks at every path of a plan at once. Never rejects. */
export async function lookAtSources(paths: readonly string[]): Promise<Source[]> {
  const found = await Promise.all(paths.map((path) => probe({ op: 'stat', path }, LOOK_TIMEOUT_MS)));
  const mounts = await readMounts();
  return found.map((stat, index) => {
    const path = paths[index] ?? '';
    if (!stat.ok) return { path, state: isAbsent(stat) ? 'missing' : 'unknown' };
    const mount = mountOf(stat.realPath, mounts);
    return { path, state: 'present', ...(mount === undefined ? {} : { mount }) };
  });
}

/** The first path that was there before a backup and is not, or not on the same mount, after it. */
export function lostSource(before: readonly Source[], after: readonly Source[]): string | undefined {
  return before.find((source, index) => {
    const now = after[index];
    if (now?.state !== 'present') return true;
    // An automount turns into the real one when it is first used.
    return source.mount?.fsType !== 'autofs' && source.mount?.id !== now.mount?.id;
  })?.path;
}
