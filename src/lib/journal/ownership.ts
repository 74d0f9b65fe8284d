import { readFileSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The process that may run the plans of a user directory. */
export interface Owner {
  readonly pid: number;
  /** Start time in clock ticks, so that a recycled process id is not taken for its predecessor; null: unknown. */
  readonly startTicks: number | null;
}

/** Start time of a process in clock ticks since boot (field 22 of /proc/<pid>/stat); null where there is no such file. */
export function startTicksOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name may hold spaces and brackets; fields are counted after its last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[19]);
  } catch {
    return null;
  }
}

/** Whether the process that was recorded is still alive, and not another one with its number. */
export function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const ticks = startTicksOf(owner.pid);
  return ticks === null || owner.startTicks === null || ticks === owner.startTicks;
}

/**
 * Claims a folder for this process. Returns undefined when it is ours, else the living process that has it: plans must
 * then not be run here, or two Node-REDs would back up at once.
 */
export async function claimFolder(folder: string): Promise<Owner | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'owner.json');
  const me: Owner = { pid: process.pid, startTicks: startTicksOf(process.pid) };
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(JSON.stringify(me));
      await file.close();
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = await readOwner(path);
    if (owner !== undefined && owner.pid === me.pid && owner.startTicks === me.startTicks) return undefined;
    if (owner !== undefined && isAlive(owner)) return owner;
    // Moved aside and looked at again: another process may have taken the place of the dead owner meanwhile.
    const aside = `${path}.${process.pid}.dead`;
    await rename(path, aside).catch(() => undefined);
    const moved = await readOwner(aside);
    if (moved !== undefined && isAlive(moved)) {
      await rename(aside, path);
      return moved;
    }
    await rm(aside, { force: true });
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<Owner>;
    if (typeof value.pid !== 'number') return undefined;
    return { pid: value.pid, startTicks: typeof value.startTicks === 'number' ? value.startTicks : null };
  } catch {
    return undefined;
  }
}
