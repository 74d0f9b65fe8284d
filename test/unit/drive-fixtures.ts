import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';

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

/** Mounts an ext4 image of 4 MiB through a loop device; skips the test where that is not permitted. */
export function diskImage(parent: string, context: TestContext): FreezableDisk {
  const image = join(parent, 'image');
  const path = join(parent, 'drive');
  mkdirSync(path);
  writeFileSync(image, '');
  truncateSync(image, 4 * 1024 * 1024);
  try {
    execFileSync('mkfs.ext4', ['-q', '-F', image], { stdio: 'ignore' });
  } catch {
    skip(context, 'no mkfs.ext4 here, so no real ext4 was tested');
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

/** Mounts, or skips the test where that is not permitted. */
export function mountOrSkip(args: readonly string[], context: TestContext): void {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
  } catch {
    skip(context, `this user or container may not mount, so "mount ${args[0]} ${args[1]}" was not tested`);
  }
}

/** Skips the test and says so where everybody sees it. */
function skip(context: TestContext, reason: string): never {
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
