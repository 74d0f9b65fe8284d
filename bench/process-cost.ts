import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU seconds, user and system. */
export interface CpuTime {
  readonly own: number;
  /** Of its children, of those that have ended with theirs. */
  readonly children: number;
}

/** What a process and its children have used of the CPU since it began. */
export function cpuOf(pid: number | undefined): CpuTime {
  const { own, ended } = timesOf(pid);
  return { own, children: childrenOf(pid).reduce((sum, child) => sum + timesOf(child).own, ended) };
}

/** Waits until a process has no children. */
export async function untilAlone(pid: number | undefined): Promise<void> {
  while (childrenOf(pid).length > 0) await new Promise((resolve) => setTimeout(resolve, 500));
}

function childrenOf(pid: number | undefined): number[] {
  const living = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return living === '' ? [] : living.split(' ').map(Number);
}

/** proc(5), fields 14 to 17 of stat. */
function timesOf(pid: number | undefined): { own: number; ended: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
  return {
    own: (user + system) / TICKS_PER_SECOND,
    ended: (childrenUser + childrenSystem) / TICKS_PER_SECOND,
  };
}

/** What was used between two looks. */
export function cpuBetween(before: CpuTime, after: CpuTime): CpuTime {
  return { own: after.own - before.own, children: after.children - before.children };
}

/** Resident bytes now (`VmRSS`), or the most since `forgetPeak` (`VmHWM`). */
export function memoryOf(pid: number | undefined, which: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${which}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1024;
}

/** The peak of the memory counts from now on. */
export function forgetPeak(pid: number | undefined): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
