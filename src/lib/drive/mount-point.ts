import { resolve } from 'node:path';
import { mountOf, readMounts } from './mountinfo.ts';
import { probe } from './probe.ts';

/**
 * The mount point that `path` lies in or is. A mount point by its own name is known to the kernel without any look at
 * the drive, and below an automount that is not up nothing is triggered; else symbolic links are resolved by a
 * probe, and taken as if there were none where that gives no answer within `timeoutMs`. Never rejects; undefined where
 * there is no mountinfo (macOS).
 */
export async function mountPointOf(path: string, timeoutMs: number): Promise<string | undefined> {
  const absolute = resolve(path);
  const mounts = await readMounts();
  const written = mountOf(absolute, mounts);
  if (written === undefined || written.mountPoint === absolute || written.fsType === 'autofs')
    return written?.mountPoint;
  const found = await probe({ op: 'resolve', path: absolute }, timeoutMs);
  return (found.ok ? mountOf(found.realPath, mounts) : written)?.mountPoint;
}
