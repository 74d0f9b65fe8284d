import { readFile } from 'node:fs/promises';

/** A restic that we started, as the journal remembers it. */
export interface StartedProcess {
  readonly pid: number;
  /** Field 22 of `/proc/<pid>/stat`, which tells it from a later process with its number; undefined without /proc. */
  readonly startTicks: number | undefined;
}

const MOST_REMEMBERED = 200;
const started: StartedProcess[] = [];

/** Remembers a restic of this process; the last 200 are kept. */
export function rememberProcess(process: StartedProcess): void {
  started.push(process);
  if (started.length > MOST_REMEMBERED) started.shift();
}

/** Every restic that this process started, oldest first. */
export function rememberedProcesses(): readonly StartedProcess[] {
  return started;
}

/** What the system says about a process number now. */
export interface ProcessNow {
  /** `absent` only when it is certain. */
  readonly state: 'present' | 'absent';
  /** The first 15 characters of the program's name; empty where there is no /proc. */
  readonly name: string;
  readonly startTicks: number | undefined;
}

/** Looks a process number up, without a signal that could do harm. */
export async function processNow(pid: number): Promise<ProcessNow> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    const end = line.lastIndexOf(')');
    // The first field after the name is the third; a zombie does not run any more.
    const fields = line.slice(end + 2).split(' ');
    if (fields[0] === 'Z') return { state: 'absent', name: '', startTicks: undefined };
    const startTicks = Number(fields[19]);
    return { state: 'present', name: line.slice(line.indexOf('(') + 1, end), startTicks };
  } catch {
    return { state: isSignalled(pid) ? 'present' : 'absent', name: '', startTicks: undefined };
  }
}

/** Signal 0 does nothing; EPERM means that the process is another user's. */
function isSignalled(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
