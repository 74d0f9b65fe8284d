import type { RecordedProcess } from '../system-process.ts';

const MOST_REMEMBERED = 200;
const started: RecordedProcess[] = [];

/** Remembers a restic of this process; the last 200 are kept. */
export function rememberProcess(process: RecordedProcess): void {
  started.push(process);
  if (started.length > MOST_REMEMBERED) started.shift();
}

/** Every restic that this process started, oldest first. */
export function rememberedProcesses(): readonly RecordedProcess[] {
  return started;
}
