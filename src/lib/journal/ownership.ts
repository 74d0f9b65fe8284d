import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedProcess } from '../system-process.ts';
import { isAlive, startTicksOf } from '../system-process.ts';

/**
 * Claims a folder for this process. Returns undefined when it is ours, else the living process that has it: plans must
 * then not be run here, or two Node-REDs would back up at once.
 */
export async function claimFolder(folder: string): Promise<RecordedProcess | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'owner.json');
  const me: RecordedProcess = { pid: process.pid, startTicks: startTicksOf(process.pid) };
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

async function readOwner(path: string): Promise<RecordedProcess | undefined> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<RecordedProcess>;
    if (typeof value.pid !== 'number') return undefined;
    return { pid: value.pid, startTicks: typeof value.startTicks === 'number' ? value.startTicks : null };
  } catch {
    return undefined;
  }
}
