import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedProcess } from '../system-process.ts';

/** More are not kept: each is a restic that failed and whose locks nobody could look at since. */
const MOST_NOTES = 100;

/**
 * Notes of the restics of one repository that have not ended well, so far as we know: those that run, and those that
 * died with us or without us and may have left a lock. A note is an empty file, named after the process; it is there
 * before restic can have locked anything, and so it is after a `kill -9` of ours at any moment.
 */
export class LeftBehind {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Notes a restic that was just started. Never throws: without a note its lock may have to be removed by a person. */
  note(process: RecordedProcess): void {
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      writeFileSync(this.pathOf(process), '', { mode: 0o600 });
      this.trim();
    } catch {
      return;
    }
    // For a power cut; nobody waits for it, as restic needs longer for its lock.
    void syncFolder(this.folder);
  }

  /** It ended well, or its lock was dealt with. */
  drop(process: RecordedProcess): void {
    try {
      rmSync(this.pathOf(process), { force: true });
    } catch {
      // Its lock will be looked for in vain.
    }
  }

  all(): RecordedProcess[] {
    try {
      return readdirSync(this.folder).flatMap((name) => {
        const [, pid, ticks] = /^(\d+)-(\d*)$/.exec(name) ?? [];
        return pid === undefined ? [] : [{ pid: Number(pid), startTicks: ticks ? Number(ticks) : null }];
      });
    } catch {
      return [];
    }
  }

  private trim(): void {
    const names = readdirSync(this.folder);
    if (names.length <= MOST_NOTES) return;
    const ages = names.map((name) => ({ name, at: statSync(join(this.folder, name)).mtimeMs }));
    for (const { name } of ages.toSorted((a, b) => a.at - b.at).slice(0, -MOST_NOTES)) {
      rmSync(join(this.folder, name), { force: true });
    }
  }

  private pathOf({ pid, startTicks }: RecordedProcess): string {
    return join(this.folder, `${pid}-${startTicks ?? ''}`);
  }
}

async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Some file systems refuse to sync a folder.
  }
}
