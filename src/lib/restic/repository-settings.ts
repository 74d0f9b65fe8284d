/** A restic repository as the user configured it. Everything secret is under `secrets` and nowhere else. */
export interface RepositorySettings {
  /** Id of the config node (or `draft` for a dialog that was not deployed). */
  readonly id: string;
  readonly name: string;
  /** URL of any restic back end, or a local path. */
  readonly url: string;
  readonly secrets: RepositorySecrets;
  /** Path or name of the restic binary; undefined: `/config/bin/restic`, then PATH. */
  readonly binary?: string;
  /** Undefined: a folder of ours under the user directory. */
  readonly cacheFolder?: string;
  /** KiB/s. */
  readonly uploadLimit?: number;
  /** KiB/s. */
  readonly downloadLimit?: number;
  /** Each `key=value`, given to restic as `-o key=value`. */
  readonly options: readonly string[];
  /** restic's own wait for a lock, ms; used with restic 0.16 and newer. */
  readonly retryLockMs?: number;
  /** Name of the device that has to be on. */
  readonly device?: string;
  /** Command and arguments; undefined: somebody else mounts. */
  readonly mountCommand?: readonly [string, ...string[]];
  readonly unmountCommand?: readonly [string, ...string[]];
  /** ms since the last good one; undefined: never by itself. */
  readonly pruneEveryMs?: number;
  readonly checkEveryMs?: number;
  /** restic's `--read-data-subset` at a check that is owed; empty: no data is read. */
  readonly checkSubset?: string;
}

/** Exactly one way to the password is set; none means `credentials-missing`. */
export interface RepositorySecrets {
  readonly password?: string;
  readonly passwordFile?: string;
  readonly passwordCommand?: string;
  /** Variables of the back end, such as AWS_ACCESS_KEY_ID. */
  readonly environment: Readonly<Record<string, string>>;
}
