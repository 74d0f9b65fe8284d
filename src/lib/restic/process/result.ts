import type { Sign } from './signs.ts';

/**
 * Why we stopped restic ourselves. `device` and `network`: the probe of the drive, the limit at the start; `source`:
 * what was piped into it broke off.
 */
export type StopReason = 'cancel' | 'stall' | 'device' | 'network' | 'shutdown' | 'source';

/** A file or folder that restic could not read, from its `error` messages (`archival` or `restore`). */
export interface ItemError {
  readonly item: string;
  readonly message: string;
}

/** A kind of line that matters for the classification, with the first such line (redacted, <= 300 chars). */
export interface SeenSign {
  readonly sign: Sign;
  readonly line: string;
}

/**
 * What the output of one restic process amounted to. Bounded. Redacted are all texts for people; `summary`,
 * `initialized` and `stdout` are documents of restic and as it wrote them.
 */
export interface CollectedOutput {
  /** restic's last `summary` message, as restic wrote it. */
  readonly summary?: Record<string, unknown>;
  /** restic's `initialized` message (0.15 and newer): `{id, repository}`. */
  readonly initialized?: Record<string, unknown>;
  /** At most 20, each item once. */
  readonly errors: readonly ItemError[];
  /** All of them, also those beyond the first 20, as often as restic sent them. */
  readonly errorCount: number;
  /** restic's `exit_error` (0.18 and newer). */
  readonly exitError?: { readonly code: number; readonly message: string };
  /** What the classifier goes by, found while the lines passed, so that a long output loses none of it. */
  readonly signs: readonly SeenSign[];
  /** The last 64 lines of stderr, each <= 2 KB; JSON messages that were understood are not in it. */
  readonly stderrTail: readonly string[];
  /** The beginning of stdout up to `collectStdout` bytes; empty when nothing was asked for. */
  readonly stdout: string;
  /** stdout was longer than `collectStdout`, so that a document in it is not complete. */
  readonly stdoutCut: boolean;
}

/** How one restic process went. Never an exception: a spawn that failed is a result too. */
export interface ProcessResult extends CollectedOutput {
  /** Undefined when restic never started or died by a signal. */
  readonly exitCode?: number;
  /** Such as `SIGKILL`. */
  readonly signal?: string;
  /** The binary could not be started: `ENOENT`, `EACCES`, ... */
  readonly spawnError?: { readonly code: string; readonly message: string };
  /** We asked it to stop; the first reason counts. */
  readonly stopped?: StopReason;
  /** Our SIGKILL ended it, after the grace: locks may be left. */
  readonly killed: boolean;
  readonly durationMs: number;
}
