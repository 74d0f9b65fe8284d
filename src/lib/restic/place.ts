import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { MountEntry } from '../drive/mountinfo.ts';
import { mountOf, readMounts } from '../drive/mountinfo.ts';
import type { ProbeFailure } from '../drive/probe.ts';
import { probe } from '../drive/probe.ts';

/**
 * Where a local repository really is. Two looks that are the same place mean that nothing was unmounted, swapped
 * or mounted over in between.
 */
export interface Place {
  /** Of the repository as configured, absolute. */
  readonly path: string;
  /** Symbolic links resolved. */
  readonly realPath: string;
  /** `dev` and `ino` of the file `config`, decimal. */
  readonly device: string;
  readonly inode: string;
  /** Undefined where there is no mountinfo (macOS). */
  readonly mount?: MountEntry;
  /**
   * `sha256:<hex>` of the file `config`, the id of a local repository in state and messages. restic writes that file
   * once, with a nonce, and never again but for a change of the repository format; to read it takes no restic
   * process and no password, so that every check and every backup can afford to.
   */
  readonly repositoryId: string;
}

/** A look at the place of a local repository. */
export type PlaceLook =
  | { readonly found: 'repository'; readonly place: Place }
  /** The folder is there and answers, and is not a repository. */
  | { readonly found: 'no-repository' }
  /** There is no such folder. */
  | { readonly found: 'nothing' }
  /** No answer, or one that says that the drive is sick. */
  | { readonly found: 'unknown'; readonly code: string };

/** How long a healthy drive may take, spinning up included. */
export const LOOK_TIMEOUT_MS = 20_000;

/** restic's config is 155 bytes; more than this is something else. */
const CONFIG_BYTES = 4096;

/** Looks at the local repository in the folder `path`. Never rejects, and returns within `timeoutMs`. */
export async function place(path: string, timeoutMs: number = LOOK_TIMEOUT_MS): Promise<PlaceLook> {
  const config = join(path, 'config');
  const [folder, file, content] = await Promise.all([
    probe({ op: 'stat', path }, timeoutMs),
    probe({ op: 'stat', path: config }, timeoutMs),
    probe({ op: 'read', path: config, limit: CONFIG_BYTES }, timeoutMs),
  ]);
  if (!folder.ok) return isAbsent(folder) ? { found: 'nothing' } : { found: 'unknown', code: folder.code };
  if (!file.ok) return isAbsent(file) ? { found: 'no-repository' } : { found: 'unknown', code: file.code };
  if (!content.ok) return { found: 'unknown', code: content.code };
  const mount = mountOf(folder.realPath, await readMounts());
  const hash = createHash('sha256').update(content.content).digest('hex');
  return {
    found: 'repository',
    place: {
      path,
      realPath: folder.realPath,
      device: file.device,
      inode: file.inode,
      ...(mount === undefined ? {} : { mount }),
      repositoryId: `sha256:${hash}`,
    },
  };
}

/** Does the failed probe prove that there is nothing (rather than that it could not be seen)? */
export function isAbsent(failure: ProbeFailure): boolean {
  return failure.code === 'ENOENT' || failure.code === 'ENOTDIR';
}

/** These invent inode numbers, and a file may get another one at any time. */
const INVENTED_INODES = /^(vfat|msdos|exfat|ntfs|ntfs3|cifs|smb3|9p|fuse\b.*|fuseblk)$/;

/**
 * Is it still the same repository on the same mount? The kernel gives the number of a mount to another one only when
 * nobody is in it any more, and restic's working directory is: a remount while restic runs shows.
 */
export function samePlace(a: Place, b: Place): boolean {
  if (a.repositoryId !== b.repositoryId || a.realPath !== b.realPath) return false;
  if (
    a.mount?.id !== b.mount?.id ||
    a.mount?.device !== b.mount?.device ||
    a.mount?.source !== b.mount?.source
  ) {
    return false;
  }
  if (a.device !== b.device) return false;
  return a.inode === b.inode || INVENTED_INODES.test(a.mount?.fsType ?? '');
}

/** Is the drive mounted read-only, or made so by the kernel after an error? */
export function isReadOnly({ mount }: Place): boolean {
  if (mount === undefined) return false;
  return [...mount.options, ...mount.superOptions].some(
    (option) => option === 'ro' || option === 'emergency_ro',
  );
}
