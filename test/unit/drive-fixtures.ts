import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import type { SystemFolders } from '../../src/lib/drive/system-folders.ts';

/** A real file system for a test, mounted at `path`. */
export interface Disk {
  readonly path: string;
  /** Mounts again with other options, such as `ro`. */
  remount(options: string): void;
  unmount(): void;
  /** Unmounts if that has not been done. */
  remove(): void;
}

/** A disk whose writes can be made to hang in the kernel. */
export interface FreezableDisk extends Disk {
  readonly uuid: string;
  readonly label: string;
  /** Its loop device. */
  readonly device: string;
  freeze(): void;
  thaw(): void;
}

/** Mounts a tmpfs at a new folder under `parent`; skips the test where that is not permitted. */
export function memoryDisk(parent: string, context: TestContext, options = 'size=1m'): Disk {
  const path = join(parent, 'drive');
  mkdirSync(path);
  mountOrSkip(['-t', 'tmpfs', '-o', options, 'tmpfs', path], context);
  return disk(path);
}

/** How each kind of file system is made, and the smallest image (MiB) that it fits in; the holes in it take no room. */
const KINDS = {
  ext4: { make: ['mkfs.ext4', '-q', '-F'], size: 4 },
  btrfs: { make: ['mkfs.btrfs', '-q', '-f'], size: 128 },
} as const;

/** Mounts an image of 4 MiB (btrfs: 128) through a loop device; skips the test where that is not permitted. */
export function diskImage(
  parent: string,
  context: TestContext,
  {
    kind = 'ext4',
    name = 'drive',
    label = 'Test',
  }: { kind?: keyof typeof KINDS; name?: string; label?: string } = {},
): FreezableDisk {
  const image = join(parent, `${name}.image`);
  const path = join(parent, name);
  const uuid = randomUUID();
  const { make, size } = KINDS[kind];
  mkdirSync(path);
  writeFileSync(image, '');
  truncateSync(image, size * 1024 * 1024);
  try {
    const [command, ...options] = make;
    execFileSync(command, [...options, '-U', uuid, '-L', label, image], { stdio: 'ignore' });
  } catch {
    skip(context, `no ${make[0]} here, so no real ${kind} was tested`);
  }
  mountOrSkip(['-o', 'loop', image, path], context);
  const plain = disk(path);
  let frozen = false;
  const thaw = (): void => {
    if (frozen) execFileSync('fsfreeze', ['--unfreeze', path]);
    frozen = false;
  };
  return {
    ...plain,
    uuid,
    label,
    device: execFileSync('findmnt', ['-n', '-o', 'SOURCE', path], { encoding: 'utf8' }).trim(),
    freeze: () => {
      execFileSync('fsfreeze', ['--freeze', path]);
      frozen = true;
    },
    thaw,
    remove: () => {
      thaw();
      plain.remove();
    },
  };
}

/** A list of drives as udev keeps it in `/dev/disk`, beside the real `/sys`. */
export function connected(parent: string, ...disks: readonly FreezableDisk[]): SystemFolders {
  const folder = join(parent, 'disk');
  for (const by of ['by-uuid', 'by-label']) mkdirSync(join(folder, by), { recursive: true });
  for (const { uuid, label, device } of disks) {
    symlinkSync(device, join(folder, 'by-uuid', uuid));
    symlinkSync(device, join(folder, 'by-label', label.replaceAll(' ', '\\x20')));
  }
  return { disks: folder, sys: '/sys' };
}

/** Mounts, or skips the test where that is not permitted. */
export function mountOrSkip(args: readonly string[], context: TestContext): void {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
  } catch {
    skip(context, `this user or container may not mount, so "mount ${args[0]} ${args[1]}" was not tested`);
  }
}

/** Skips the test and says so where everybody sees it. */
export function skip(context: TestContext, reason: string): never {
  console.warn(`SKIPPED "${context.task.name}": ${reason}`);
  context.skip(reason);
}

function disk(path: string): Disk {
  let mounted = true;
  const unmount = (): void => {
    // Lazily: a probe that was given up may still be about to close its file.
    if (mounted) execFileSync('umount', ['--lazy', path]);
    mounted = false;
  };
  return {
    path,
    remount: (options) => execFileSync('mount', ['-o', `remount,${options}`, path]),
    unmount,
    remove: unmount,
  };
}
