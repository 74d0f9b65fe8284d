import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process as it is recorded, to be recognised later. */
export interface RecordedProcess {
  readonly pid: number;
  /**
   * Start time in clock ticks since boot (field 22 of `/proc/<pid>/stat`), which tells it from a later process with its
   * number; null where there is no /proc.
   */
  readonly startTicks: number | null;
}

/** What the system says about a process number now. */
export interface ProcessNow {
  /** `absent` only when it is certain. */
  readonly state: 'present' | 'absent';
  /** The first 15 characters of the program's name; empty where there is no /proc. */
  readonly name: string;
  readonly startTicks: number | null;
}

/** Looks a process number up, without a signal that could do harm. */
export function processNow(pid: number): ProcessNow {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may hold blanks and brackets; behind its last bracket comes field 3.
    const end = line.lastIndexOf(')');
    const fields = line.slice(end + 2).split(' ');
    // A zombie does not run any more.
    if (fields[0] === 'Z') return { state: 'absent', name: '', startTicks: null };
    return { state: 'present', name: line.slice(line.indexOf('(') + 1, end), startTicks: Number(fields[19]) };
  } catch {
    return { state: answersSignals(pid) ? 'present' : 'absent', name: '', startTicks: null };
  }
}

/**
 * Living processes whose program's name begins so and whose working directory is this folder (absolute, symbolic links
 * resolved), as far as we may see them. The folder itself is not touched. None where there is no /proc.
 */
export function processesIn(folder: string, name: string): RecordedProcess[] {
  try {
    const numbers = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
    return numbers.flatMap((number) => {
      const pid = Number(number);
      const now = processNow(pid);
      const isMeant = now.state === 'present' && now.name.startsWith(name) && workingFolderOf(pid) === folder;
      return isMeant ? [{ pid, startTicks: now.startTicks }] : [];
    });
  } catch {
    return [];
  }
}

/** Undefined for a process of somebody else, and for one that has just ended. */
function workingFolderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Start time of a process (see RecordedProcess); null where it cannot be told. */
export function startTicksOf(pid: number): number | null {
  return processNow(pid).startTicks;
}

/** Whether the process that was recorded is still alive, and not another one with its number. */
export function isAlive(recorded: RecordedProcess): boolean {
  const now = processNow(recorded.pid);
  if (now.state === 'absent') return false;
  return now.startTicks === null || recorded.startTicks === null || now.startTicks === recorded.startTicks;
}

/** Signal 0 does nothing; EPERM means that the process is another user's. */
function answersSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
