import type { RecordedProcess } from '../system-process.ts';
import type { LastGood } from './last-good.ts';
import type { MaintenanceResult, MaintenanceStep } from './maintenance-result.ts';
import type { BackupOutcome, Progress } from './outcome.ts';
import type { RunHooks } from './repository.ts';
import type { Retention } from './retention.ts';
import type { SourceSize } from './shrink.ts';
import type { StreamSource } from './stream.ts';

/** One attempt of one run: what restic is asked to save, and what its result is measured against. */
export interface BackupRequest {
  readonly planKey: string;
  readonly runId: string;
  readonly host: string;
  /** Absolute; at least one. Of a stream its one file, as it stands in the snapshot. */
  readonly paths: readonly string[];
  /** Saved in place of folders. */
  readonly stream?: StreamSource;
  readonly excludes: readonly string[];
  readonly excludeFile?: string;
  readonly excludeCaches: boolean;
  /** restic's size, such as `500M`. */
  readonly excludeLargerThan?: string;
  readonly oneFileSystem: boolean;
  readonly tags: readonly string[];
  /** Files that cannot be read make no backup partial. Never excuses damage or a lost source. */
  readonly unreadableAccepted: boolean;
  readonly retention: Retention;
  /** Figures of the last good (or accepted) backup, against which a sudden loss shows. */
  readonly previous?: SourceSize;
  /** The last good snapshot in each repository that takes turns, to notice that one is gone. */
  readonly lastGoods?: readonly LastGood[];
  /** Percent of files or bytes that may be lost since then; more makes the backup partial. */
  readonly shrinkLimit: number;
}

/** What the caller of a backup hears, in this order. */
export interface BackupHooks extends RunHooks {
  /** restic has ended and says that it saved a snapshot: now we look. */
  readonly onVerifying?: () => void;
  /**
   * The outcome of the backup. Awaited before anything else touches the repository, so that a success is in the
   * journal before maintenance starts.
   */
  readonly onOutcome?: (outcome: BackupOutcome) => Promise<void>;
  /**
   * The last good snapshot before this attempt (id and time, ISO 8601 UTC) is not in its local repository any more, and
   * it was not us who removed it. After the outcome, whatever that is; again with each attempt.
   */
  readonly onVanished?: (snapshotId: string, at: string) => void;
  /** A step of the maintenance has begun, in this restic. */
  readonly onMaintenance?: (step: MaintenanceStep, process: RecordedProcess) => void;
  readonly onMaintenanceProgress?: (step: MaintenanceStep, progress: Progress) => void;
}

export interface BackupResult {
  readonly outcome: BackupOutcome;
  /** Undefined when there was nothing to do: no good backup, no policy and nothing owed. */
  readonly maintenance: MaintenanceResult | undefined;
}
