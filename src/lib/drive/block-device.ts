import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { MountEntry } from './mountinfo.ts';
import type { SystemFolders } from './system-folders.ts';

// Everything here asks the kernel's own file systems (/sys, /dev), which answer whatever a drive does.

/** `major:minor` of the device file at `path`, links followed; undefined when there is none. */
export async function deviceNumber(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isBlockDevice()) return undefined;
    const { rdev } = found;
    // The kernel's new_encode_dev as glibc widens it.
    const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
    const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
    return `${major}:${minor}`;
  } catch {
    return undefined;
  }
}

/**
 * `major:minor` of the device that is mounted; undefined where there is none (network, memory) or it is not visible
 * here. btrfs and ZFS have a number of no device (major 0), so their source is looked up.
 */
export async function mountedDevice(mount: MountEntry): Promise<string | undefined> {
  if (!mount.device.startsWith('0:')) return mount.device;
  return mount.source.startsWith('/dev/') ? deviceNumber(mount.source) : undefined;
}

/** The kernel's name of a device, such as `sda1` or `dm-0`. */
export async function kernelName(device: string, { sys }: SystemFolders): Promise<string | undefined> {
  return readlink(join(sys, 'dev/block', device)).then(basename, () => undefined);
}

/**
 * The kernel's name of the disk that a device is or lies on, encryption and volumes seen through; undefined when it
 * lies on several, or where the kernel does not show it.
 */
export async function diskOf(device: string, folders: SystemFolders): Promise<string | undefined> {
  const link = await readlink(join(folders.sys, 'dev/block', device)).catch(() => undefined);
  if (link === undefined) return undefined;
  const shown = join(folders.sys, 'dev/block', link);
  if ((await textOf(join(shown, 'partition'))) !== undefined) return basename(dirname(shown));
  const below = await namesIn(join(shown, 'slaves'));
  const [only] = below;
  if (only === undefined) return basename(shown);
  if (below.length > 1) return undefined;
  const number = await textOf(join(shown, 'slaves', only, 'dev'));
  return number === undefined ? undefined : diskOf(number, folders);
}

/** The UUID of the btrfs that a device belongs to, by its kernel name. */
export async function btrfsOf(name: string, { sys }: SystemFolders): Promise<string | undefined> {
  const folder = join(sys, 'fs/btrfs');
  for (const uuid of await namesIn(folder)) {
    if ((await namesIn(join(folder, uuid, 'devices'))).includes(name)) return uuid;
  }
  return undefined;
}

/** A small file of the kernel, trimmed; undefined when it is not there or may not be read. */
export async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** What is in a folder of the kernel; empty when it is not there. */
export async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}
