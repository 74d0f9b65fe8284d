import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../problem.ts';

/** The disk cannot give the file back, or it is no file. */
const DAMAGE_CODES: ReadonlySet<string> = new Set(['EIO', 'EISDIR', 'EUCLEAN']);

/** What was found for a name in the journal. */
export type JournalEntry<T> =
  | { readonly found: 'state'; readonly state: T }
  | { readonly found: 'nothing' }
  /** The file could not be read as a state; it was set aside under `kept` and nothing of it was lost. */
  | { readonly found: 'damaged'; readonly kept: string }
  /** Written by a newer version of this package; it must not be overwritten. */
  | { readonly found: 'newer'; readonly schema: number };

/** Anything that knows the version of its shape. */
interface Versioned {
  readonly schema: number;
}

/**
 * Durable states, one small JSON file per name. A state is on the disk when `save` resolves: temporary file, fsync,
 * rename, fsync of the folder. Node-RED's own context stores do not promise that (`localfilesystem` flushes every
 * 30 s, the default is memory).
 */
export class Journal<T extends Versioned> {
  readonly folder: string;
  private readonly schema: number;
  private readonly isState: (value: unknown) => value is T;

  /**
   * @param folder created at the first save
   * @param schema the newest shape this code understands
   * @param isState tells a whole state from garbage
   */
  constructor(folder: string, schema: number, isState: (value: unknown) => value is T) {
    this.folder = folder;
    this.schema = schema;
    this.isState = isState;
  }

  /** Reads one state; damage is set aside, never fatal. */
  async load(name: string): Promise<JournalEntry<T>> {
    const path = this.pathOf(name);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return { found: 'nothing' };
      // Anything else (too many open files, no permission) says nothing about the file itself.
      if (!DAMAGE_CODES.has(code)) throw new Problem('journal-unreadable', { path }, { cause: error });
      return setAside(path);
    }
    const value = parse(text);
    const schema = (value as { schema?: unknown } | undefined)?.schema;
    if (typeof schema === 'number' && schema > this.schema) return { found: 'newer', schema };
    if (this.isState(value)) return { found: 'state', state: value };
    return setAside(path);
  }

  /** Writes one state durably. Calls for one name must not overlap; the caller keeps their order. */
  async save(name: string, state: T): Promise<void> {
    const path = this.pathOf(name);
    // One process has the folder (ownership.ts), so that one name is enough and nothing piles up.
    const temporary = `${path}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(state, null, 1)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      await syncFolder(dirname(path));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw new Problem('journal-unwritable', { path }, { cause: error });
    }
  }

  /** Names of all stored states. */
  async names(): Promise<string[]> {
    const files = await readdir(this.folder).catch(() => [] as string[]);
    return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  }

  private pathOf(name: string): string {
    if (!/^[\w-]+$/.test(name)) throw new Problem('journal-name', { name: name.slice(0, 60) });
    return join(this.folder, `${name}.json`);
  }
}

/** A damaged file gets another name; where even that is impossible it cannot be overwritten either. */
async function setAside(path: string): Promise<{ found: 'damaged'; kept: string }> {
  const kept = `${path}.damaged-${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, kept);
    return { found: 'damaged', kept };
  } catch {
    return { found: 'damaged', kept: path };
  }
}

/** A rename survives a power cut only when its folder was synced; some file systems refuse to sync a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
