import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedProcess } from '../system-process.ts';
import { isAlive, startTicksOf } from '../system-process.ts';

/** Two processes that start together agree within two or three; more means that the folder cannot be written. */
const MOST_TRIES = 20;

/**
 * Claims a folder for this process. Returns undefined when it is ours, else the living process that has it: plans must
 * then not be run here, or two Node-REDs would back up at once. Rejects when the folder cannot be written.
 */
export async function claimFolder(folder: string): Promise<RecordedProcess | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'owner.json');
  const me: RecordedProcess = { pid: process.pid, startTicks: startTicksOf(process.pid) };
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    if (await claimed(path, me)) return undefined;
    const owner = await readOwner(path);
    if (owner !== undefined && owner.pid === me.pid && owner.startTicks === me.startTicks) return undefined;
    if (owner !== undefined && isAlive(owner)) return owner;
    const faster = await removeDead(path);
    if (faster !== undefined) return faster;
  }
  throw new Error(`${path} cannot be claimed`);
}

/** A folder that cannot be written any more may still belong to a living process, which claimed it before. */
async function claimed(path: string, me: RecordedProcess): Promise<boolean> {
  try {
    return await createWhole(path, JSON.stringify(me));
  } catch (error) {
    const owner = await readOwner(path);
    if (owner === undefined || !isAlive(owner)) throw error;
    return false;
  }
}

/** Creates a file with its content in one step, so that nobody reads half of it. False: there is one already. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${process.pid}.new`;
  try {
    await writeFile(draft, content, { mode: 0o600 });
    try {
      await link(draft, path);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      // No hard links here (FAT, some network file systems): nearly in one step.
      await writeFile(path, content, { mode: 0o600, flag: 'wx' });
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Moved aside and looked at again: another process may have taken the dead owner's place meanwhile; then that one. */
async function removeDead(path: string): Promise<RecordedProcess | undefined> {
  const aside = `${path}.${process.pid}.dead`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const moved = await readOwner(aside);
  if (moved !== undefined && isAlive(moved)) {
    await rename(aside, path);
    return moved;
  }
  await rm(aside, { force: true, recursive: true });
  return undefined;
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

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
