import type { Clock } from '../../clock.ts';
import type { Progress } from '../outcome.ts';
import type { ResticBinary } from './binary.ts';
import type { ProcessResult, StopReason } from './result.ts';

/** One restic process to start. */
export interface ProcessSpec {
  readonly binary: ResticBinary;
  /** Without the binary; secrets never go in here. */
  readonly arguments: readonly string[];
  /** All of restic's environment (`resticEnvironment`); nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** For a local repository a folder on its drive, so that a plain unmount is refused while we run. */
  readonly workingFolder: string;
  /** Takes secrets out of a text (`redactor`). */
  readonly redact: (text: string) => string;
  /** At most once a second, and a last time when restic ends. */
  readonly onProgress?: (progress: Progress) => void;
  /** Each JSON object on stdout other than `status` (also `summary`); not redacted. */
  readonly onDocument?: (json: Record<string, unknown>) => void;
  /** Bytes of stdout to keep, for commands with one document or with text. Default 0. */
  readonly collectStdout?: number;
  /** From SIGINT to SIGKILL. Default 80 s: with a dead back end restic needs 60 s to clean up. */
  readonly graceMs?: number;
  /** Stop with `stall` after so long without growth of files and bytes and without a line that is no status. */
  readonly stallMs?: number;
  /** Local repository: is the drive well? Asked when restic retries, at most every 10 s; false stops with `device`. */
  readonly driveProbe?: () => Promise<boolean>;
  /** Remote repository: stop with `network` when restic only retries for so long after its start. */
  readonly startLimitMs?: number;
  readonly clock: Clock;
}

/** A restic process that was started. */
export interface ResticProcess {
  /** Undefined until `started`, and for ever if the binary could not be started. */
  readonly pid: number | undefined;
  /** Field 22 of `/proc/<pid>/stat`: with `pid` it recognises the process after our own death. Linux only. */
  readonly startTicks: number | undefined;
  /** Settles when `pid` is known or the start failed. Never rejects. */
  readonly started: Promise<void>;
  /** Settles when restic has ended and its output is read. Never rejects. */
  readonly done: Promise<ProcessResult>;
  /** SIGINT, once; SIGKILL after the grace. A later call changes only the grace (a shorter one counts). */
  stop(reason: StopReason, options?: { readonly graceMs?: number }): void;
}

export type { ProcessResult, StopReason } from './result.ts';

/** Starts restic in its own process group. Returns at once; see `started` and `done`. */
export function startRestic(_spec: ProcessSpec): ResticProcess {
  throw new Error('not yet');
}
