import { join } from 'node:path';
import { btrfsOf, kernelName, mountedDevice, namesIn, textOf } from '../drive/block-device.ts';
import type { MountEntry } from '../drive/mountinfo.ts';
import { mountOf, readMounts } from '../drive/mountinfo.ts';
import { probe } from '../drive/probe.ts';
import type { SystemFolders } from '../drive/system-folders.ts';
import { SYSTEM_FOLDERS } from '../drive/system-folders.ts';
import type { CheckLeaf } from './check.ts';
import { failedLook, obstacleOf } from './mount.ts';
import { notKnown } from './not-known.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

type HealthSpec = Pick<Extract<CheckLeaf, { kind: 'health' }>, 'path' | 'unknownIs'>;

/** Whether the file system of a path has met no error, as far as the kernel keeps a record of them. */
export async function checkHealth(
  spec: HealthSpec,
  look: Look,
  folders: SystemFolders = SYSTEM_FOLDERS,
): Promise<Verdict> {
  const { path, unknownIs } = spec;
  const found = await probe({ op: 'stat', path }, look.timeoutMs);
  if (!found.ok) return failedLook(found, path, look);
  const mount = mountOf(found.realPath, await readMounts());
  if (mount === undefined) return notKnown(unknownIs, look, 'health.no-table', { path });
  if (mount.fsType === 'autofs') return verdict('no', look, 'mount.automount', { path });
  const obstacle = obstacleOf(mount, found.mode);
  if (obstacle !== undefined) return verdict('no', look, `mount.${obstacle}`, { path });
  const { fsType } = mount;
  const errors = await errorsOf(mount, folders);
  if (errors === undefined) return notKnown(unknownIs, look, 'health.not-known', { path, fsType });
  if (errors.missing > 0) return verdict('no', look, 'health.missing', { path });
  if (errors.count > 0) return verdict('no', look, `health.${fsType}`, { path, count: errors.count });
  return verdict('yes', look, 'health.yes', { path, fsType });
}

interface FileSystemErrors {
  readonly count: number;
  /** Devices of a btrfs that are not there. */
  readonly missing: number;
}

/** Undefined where the kernel keeps no record, or does not show it here. */
async function errorsOf(mount: MountEntry, folders: SystemFolders): Promise<FileSystemErrors | undefined> {
  const device = await mountedDevice(mount);
  const name = device === undefined ? undefined : await kernelName(device, folders);
  if (name === undefined) return undefined;
  if (mount.fsType === 'ext4') {
    const count = await textOf(join(folders.sys, 'fs/ext4', name, 'errors_count'));
    return count === undefined ? undefined : { count: Number(count), missing: 0 };
  }
  return mount.fsType === 'btrfs' ? errorsOfBtrfs(name, folders) : undefined;
}

async function errorsOfBtrfs(name: string, folders: SystemFolders): Promise<FileSystemErrors | undefined> {
  const uuid = await btrfsOf(name, folders);
  if (uuid === undefined) return undefined;
  const devices = join(folders.sys, 'fs/btrfs', uuid, 'devinfo');
  let [count, missing, seen] = [0, 0, false];
  for (const id of await namesIn(devices)) {
    const stats = await textOf(join(devices, id, 'error_stats'));
    seen ||= stats !== undefined;
    // Lines such as `write_errs 0`.
    for (const [, errors] of (stats ?? '').matchAll(/^\w+ (\d+)$/gm)) count += Number(errors);
    if ((await textOf(join(devices, id, 'missing'))) === '1') missing++;
  }
  return seen ? { count, missing } : undefined;
}
