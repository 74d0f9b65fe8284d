import type { Problem } from '../problem.ts';

/**
 * How a device was left after use. `unmounted`: nothing is mounted there any more. `flushed`: all writes are on the
 * drive, and it is still mounted. `remote`: nothing of it is mounted here.
 */
export type Release =
  | { readonly as: 'unmounted' | 'flushed' | 'remote' }
  /** Not safe; the sentence says why. */
  | { readonly as: 'kept'; readonly reason: string };

/** A plan whose backups need a device. */
export interface DeviceUser {
  /** The plan's key. */
  readonly key: string;
  /** The plan's name, for people. */
  readonly name: string;
  /** An attempt is being made. */
  readonly isActive: boolean;
  /** When it will start by itself, ms since the epoch; null: not while nothing happens. */
  readonly nextUseAt: number | null;
  /** Its power output leads somewhere. */
  readonly isWired: boolean;
  /** Wait between the release and switching off, ms. */
  readonly offAfterMs: number;
  /** Flushed is enough to switch off. */
  readonly offWhenMounted: boolean;
  /** Sends on the power output. */
  switch(on: boolean): void;
  /** Brings what was written safe, when no restic uses the repository. Undefined: the signal was aborted before. */
  release(signal: AbortSignal): Promise<Release | undefined>;
  warn(problem: Problem): void;
}
