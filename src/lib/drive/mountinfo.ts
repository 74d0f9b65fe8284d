import { readFile } from 'node:fs/promises';
import { probe } from './probe.ts';

/** One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)). */
export interface MountEntry {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the file system. On btrfs `stat` shows another number. */
  readonly device: string;
  /** The folder within the file system that is mounted; not `/` for bind mounts and subvolumes. */
  readonly root: string;
  readonly mountPoint: string;
  /** Of this mount: `rw` or `ro`, `relatime`... */
  readonly options: readonly string[];
  readonly fsType: string;
  readonly source: string;
  /** Of the file system behind it: `rw` or `ro`, `emergency_ro`, `shutdown`... */
  readonly superOptions: readonly string[];
}

/** The entries of a mountinfo text, in its order; lines that are not of that form are left out. */
export function parseMountinfo(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    const [left = '', right] = line.split(' - ', 2);
    const [id, parent, device, root, mountPoint, options] = left.split(' ');
    if (right === undefined || options === undefined) continue;
    const [fsType = '', source = '', superOptions = ''] = right.split(' ');
    entries.push({
      id: Number(id),
      parent: Number(parent),
      device: device ?? '',
      root: unescapeOctal(root ?? ''),
      mountPoint: unescapeOctal(mountPoint ?? ''),
      options: options.split(','),
      fsType: unescapeOctal(fsType),
      source: unescapeOctal(source),
      superOptions: superOptions.split(','),
    });
  }
  return entries;
}

/** All mounts that this process sees; empty where there is no mountinfo (macOS). Asks the kernel only, never a drive. */
export async function readMounts(): Promise<MountEntry[]> {
  try {
    return parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'));
  } catch {
    return [];
  }
}

/**
 * The mount that the real, absolute `path` lies in. Follows the tree as the kernel's path walk does, so that a mount
 * hidden by a later one above it is not taken; where the tree has no root (chroot): longest prefix, last entry.
 */
export function mountOf(path: string, mounts: readonly MountEntry[]): MountEntry | undefined {
  const around = mounts.filter((mount) => isWithin(path, mount.mountPoint));
  const ids = new Set(mounts.map((mount) => mount.id));
  const roots = around.filter(
    (mount) => mount.mountPoint === '/' && (!ids.has(mount.parent) || mount.parent === mount.id),
  );
  let found = roots.at(-1);
  if (found === undefined) return around.reduce(deeperOrLater, undefined);
  for (let next: MountEntry | undefined = found; next !== undefined; next = firstCrossed(next, around))
    found = next;
  return found;
}

/**
 * The mount in which `path` really lies, symbolic links resolved; undefined when the path cannot be resolved within
 * `timeoutMs`, or where there is no mountinfo.
 */
export async function topmostMount(path: string, timeoutMs = 10_000): Promise<MountEntry | undefined> {
  const found = await probe({ op: 'stat', path }, timeoutMs);
  return found.ok ? mountOf(found.realPath, await readMounts()) : undefined;
}

function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}

function deeperOrLater(best: MountEntry | undefined, mount: MountEntry): MountEntry {
  return best === undefined || mount.mountPoint.length >= best.mountPoint.length ? mount : best;
}

/** The mount on top of `mount` that a walk down the path meets first; of several at one place the last. */
function firstCrossed(mount: MountEntry, around: readonly MountEntry[]): MountEntry | undefined {
  let first: MountEntry | undefined;
  for (const other of around) {
    if (other.parent !== mount.id || other.id === mount.id) continue;
    if (first === undefined || other.mountPoint.length <= first.mountPoint.length) first = other;
  }
  return first;
}
