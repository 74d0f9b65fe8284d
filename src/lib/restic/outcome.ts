import type { FailureClass } from '../failure.ts';

/** What a running restic tells, at most once a second. Numbers restic does not know yet are 0. */
export interface Progress {
  /** 0 to 1, never above 1 and never going back within one run. */
  readonly fraction: number;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Smoothed. */
  readonly bytesPerSecond: number;
  /** Undefined where restic's own figure is garbage or missing. */
  readonly secondsLeft?: number;
  readonly elapsedSeconds: number;
  /** What is counted by the files fields where restic works in phases (`packs`, `snapshots`); `fraction` starts anew. */
  readonly phase?: string;
}

/** A snapshot that was seen in the repository. */
export interface Snapshot {
  /** 64 hex digits where restic gives them (8 from restic 0.14's summary are completed by the look). */
  readonly id: string;
  /** restic's time of the snapshot, ISO 8601 UTC. */
  readonly time: string;
  readonly host: string;
  readonly tags: readonly string[];
  readonly paths: readonly string[];
}

/** Figures of a finished backup; bytes, files, ms. */
export interface BackupFigures {
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly filesTotal: number;
  readonly bytesTotal: number;
  readonly bytesAdded: number;
  readonly durationMs: number;
}

/** Why something went wrong, with a sentence for people in the server's language. */
export interface Failure {
  readonly class: FailureClass;
  readonly reason: string;
  /** restic's exit code; undefined when it never started or died by a signal. */
  readonly exitCode?: number;
  readonly signal?: string;
}

/** How one attempt of a backup went. A snapshot in here was seen in the repository after the run. */
export type BackupOutcome =
  | {
      readonly kind: 'succeeded';
      readonly snapshot: Snapshot;
      readonly figures: BackupFigures;
      readonly repositoryId: string;
    }
  | {
      readonly kind: 'partial';
      readonly snapshot: Snapshot;
      readonly figures: BackupFigures;
      readonly repositoryId: string;
      readonly reason: string;
      /**
       * A guard found it incomplete (a source that was lost, empty, left out or shrank too far), not restic alone
       * (files that could not be read, damage).
       */
      readonly heldBack: boolean;
      /** At most 20 paths that could not be read. */
      readonly unreadable: readonly string[];
    }
  /** restic reported success, and the repository cannot be looked at now: only the look is repeated. */
  | { readonly kind: 'unverified'; readonly claim: SnapshotClaim; readonly failure: Failure }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'cancelled'; readonly reason: string };

/** What restic said it had saved, before anybody looked. JSON, kept in the journal while unverified. */
export interface SnapshotClaim {
  readonly snapshotId: string;
  /** ISO 8601 UTC; the moment restic started where it does not say. */
  readonly time: string;
  readonly figures: BackupFigures;
  readonly exitCode: number;
  readonly unreadable: readonly string[];
  /** The repository it was made in; a look into another one proves nothing. */
  readonly repositoryId?: string;
  /** Why it can only be `partial` once it is seen; undefined: it will be `succeeded`. */
  readonly partialReason?: string;
  /** A guard is the reason (see the partial outcome); undefined: no. */
  readonly heldBack?: boolean;
}
