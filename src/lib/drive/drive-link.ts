import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SystemFolders } from './system-folders.ts';

/** A look for a drive among those that are connected. */
export type DriveLink =
  | { readonly found: 'link'; readonly path: string }
  | { readonly found: 'absent' }
  /** Nothing here keeps such a list (no udev, a container without the machine's /dev). */
  | { readonly found: 'no-list' }
  /** No drive can be called that. */
  | { readonly found: 'bad-name' };

/**
 * Looks for `/dev/disk/by-<by>/<name>`. Asks the kernel's device file system only, which neither hangs nor wakes a
 * drive. A label may be written as people read it (udev writes ` ` as `\x20`), a UUID in either case. Never rejects.
 */
export async function driveLink(
  by: 'uuid' | 'label' | 'id',
  name: string,
  { disks }: SystemFolders,
): Promise<DriveLink> {
  if (/[/\0]/.test(name) || ['', '.', '..'].includes(name)) return { found: 'bad-name' };
  const spellings = by === 'uuid' ? [name.toLowerCase(), name.toUpperCase()] : [encoded(name)];
  for (const spelling of new Set([name, ...spellings])) {
    const path = join(disks, `by-${by}`, spelling);
    if (await exists(path)) return { found: 'link', path };
  }
  // udev removes the folder of a kind with its last link.
  return { found: (await exists(disks)) ? 'absent' : 'no-list' };
}

/** As udev's `encode_devnode_name` writes what may not stand in a file name. */
function encoded(name: string): string {
  return name.replaceAll(
    /[^\w#+\-.:=@\u{80}-\u{10ffff}]/gu,
    (char) => `\\x${(char.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
