import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedProcess } from '../system-process.ts';
import { isAlive, startTicksOf } from '../system-process.ts';

/** More are not kept: each is a restic that failed and whose locks nobody could look at since. */
const MOST_NOTES = 100;

/** A restic that was about to be started by a process of ours. */
export interface NotedStart {
  readonly by: RecordedProcess;
  /** When, ms since the epoch. */
  readonly at: number;
}

/**
 * Notes of the restics of one repository that have not ended well, so far as we know: those that run, and those that
 * died with us or without us and may have left a lock. A note is an empty file. It is there before restic is, named
 * after us and the moment, and takes the name of restic's process as soon as that has one: so a `kill -9` of ours finds
 * one or the other, whenever it comes.
 */
export class LeftBehind {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * A restic is about to be started. Undefined when that cannot be noted: then its lock may have to be removed by a
   * person. Never throws.
   */
  noteStart(at: number): NotedStart | undefined {
    const start = {
      by: { pid: process.pid, startTicks: startTicksOf(process.pid) },
      at: this.freeMoment(at),
    };
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      writeFileSync(this.pathOfStart(start), '', { mode: 0o600 });
      this.trim();
    } catch {
      return undefined;
    }
    // For a power cut; nobody waits for it, as restic needs longer for its lock.
    void syncFolder(this.folder);
    return start;
  }

  /** What was about to start has this process. Never throws. */
  note(restic: RecordedProcess, start: NotedStart): void {
    try {
      renameSync(this.pathOfStart(start), this.pathOf(restic));
    } catch {
      // Its start stays noted as long as we live, and after that it is one of those that nobody knows.
      return;
    }
    void syncFolder(this.folder);
  }

  /** It did not start, or its lock was dealt with. */
  dropStart(start: NotedStart): void {
    this.remove(this.pathOfStart(start));
  }

  /** It ended well, or its lock was dealt with. */
  drop(restic: RecordedProcess): void {
    this.remove(this.pathOf(restic));
  }

  /** Those whose process is known. */
  all(): RecordedProcess[] {
    return this.names().flatMap((name) => {
      const [, pid, ticks] = /^(\d+)-(\d*)$/.exec(name) ?? [];
      return pid === undefined ? [] : [recorded(pid, ticks)];
    });
  }

  /** Those that were about to start when we died: whether they did, and as which process, nobody noted. */
  lostStarts(): NotedStart[] {
    return this.starts().filter(({ by }) => !isAlive(by));
  }

  /** Is there anything that may have left a lock, or does it run? */
  get isEmpty(): boolean {
    return this.all().length === 0 && this.lostStarts().length === 0;
  }

  private starts(): NotedStart[] {
    return this.names().flatMap((name) => {
      const [, pid, ticks, at] = /^start-(\d+)-(\d*)-(\d+)$/.exec(name) ?? [];
      return pid === undefined ? [] : [{ by: recorded(pid, ticks), at: Number(at) }];
    });
  }

  /** Two that start in the same millisecond have a note each. */
  private freeMoment(at: number): number {
    const mine = this.starts().filter(({ by }) => by.pid === process.pid);
    let moment = at;
    while (mine.some((other) => other.at === moment)) moment += 1;
    return moment;
  }

  private names(): string[] {
    try {
      return readdirSync(this.folder);
    } catch {
      return [];
    }
  }

  private remove(path: string): void {
    try {
      rmSync(path, { force: true });
    } catch {
      // Its lock will be looked for in vain.
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

  private pathOfStart({ by, at }: NotedStart): string {
    return join(this.folder, `start-${by.pid}-${by.startTicks ?? ''}-${at}`);
  }
}

function recorded(pid: string, ticks: string | undefined): RecordedProcess {
  return { pid: Number(pid), startTicks: ticks ? Number(ticks) : null };
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
