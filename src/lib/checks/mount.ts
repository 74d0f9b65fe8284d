import { dirname, resolve } from 'node:path';
import type { MountEntry } from '../drive/mountinfo.ts';
import { mountOf, readMounts } from '../drive/mountinfo.ts';
import type { ProbeFailure, ProbeStat } from '../drive/probe.ts';
import { probe } from '../drive/probe.ts';
import type { SystemFolders } from '../drive/system-folders.ts';
import { SYSTEM_FOLDERS } from '../drive/system-folders.ts';
import type { CheckLeaf } from './check.ts';
import { checkDrive } from './mounted-drive.ts';
import type { Look, Verdict } from './verdict.ts';
import { failedProbe, verdict } from './verdict.ts';

export type MountSpec = Pick<Extract<CheckLeaf, { kind: 'mount' }>, 'path' | 'fsType' | 'uuid' | 'label'>;

/** Whether `path` is the root of a mounted file system that can be written to, and the one that was asked for. */
export async function checkMount(
  spec: MountSpec,
  look: Look,
  folders: SystemFolders = SYSTEM_FOLDERS,
): Promise<Verdict> {
  const { path } = spec;
  const found = await probe({ op: 'stat', path }, look.timeoutMs);
  if (!found.ok) return failedLook(found, path, look);
  // The probe comes first: it triggers an automount.
  const mounts = await readMounts();
  const mounted = judgeMount(path, found, mounts, look);
  if (mounted.answer !== 'yes') return mounted;
  return (await checkDrive(spec, mountOf(found.realPath, mounts), look, folders)) ?? mounted;
}

/** The verdict from what was found; `mounts` is empty on a system without mountinfo. */
export function judgeMount(
  path: string,
  found: ProbeStat,
  mounts: readonly MountEntry[],
  look: Look,
): Verdict {
  const { realPath } = found;
  // A bind mount of the same file system is no drive of its own; Home Assistant's own test is the same.
  const apart = realPath === '/' || found.device !== found.parentDevice;
  if (mounts.length === 0) return apart ? verdict('yes', look, 'mount.yes', { path }) : nothing(path, look);
  const mount = mountOf(realPath, mounts);
  if (mount?.mountPoint !== realPath) return nothing(path, look);
  if (mount.fsType === 'autofs') return verdict('no', look, 'mount.automount', { path });
  const obstacle = obstacleOf(mount, found.mode);
  if (obstacle !== undefined) return verdict('no', look, `mount.${obstacle}`, { path });
  // Each subvolume of btrfs has a device number of its own; in mountinfo they have one.
  const around = realPath === '/' ? undefined : mountOf(dirname(realPath), mounts);
  return apart && around?.device !== mount.device
    ? verdict('yes', look, 'mount.yes', { path })
    : verdict('no', look, 'mount.same-disk', { path });
}

/** What a failed look at a mount says: an automount that brought nothing up says that there is no such folder. */
export async function failedLook(failure: ProbeFailure, path: string, look: Look): Promise<Verdict> {
  const said = failedProbe(failure, path, look);
  if (said.answer !== 'no') return said;
  const mount = mountOf(resolve(path), await readMounts());
  return mount?.fsType === 'autofs' ? verdict('no', look, 'mount.automount', { path }) : said;
}

/** What keeps a mounted file system from being used: the key of a text under `mount`. */
export function obstacleOf(mount: MountEntry, mode: number): string | undefined {
  const { options, superOptions } = mount;
  if (superOptions.includes('shutdown')) return 'shutdown';
  // Linux 6.15 and newer say so after an ext4 error, while `ro` stays unset.
  if (superOptions.includes('emergency_ro')) return 'emergency';
  if (!options.includes('ro') && !superOptions.includes('ro')) return undefined;
  // The folder that Home Assistant's Supervisor binds in place of network storage it cannot reach.
  return (mode & 0o777) === 0o444 ? 'supervisor' : 'readonly';
}

function nothing(path: string, look: Look): Verdict {
  return verdict('no', look, 'mount.nothing', { path });
}
