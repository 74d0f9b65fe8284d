/** What the editor stores for a `restic-repository`. Empty texts mean "not set". */
export interface RepositoryDefinition {
  name: string;
  url: string;
  passwordSource: 'password' | 'file' | 'command';
  passwordFile: string;
  passwordCommand: string;
  binary: string;
  cacheFolder: string;
  /** KiB/s; empty: no limit. */
  uploadLimit: number | '';
  /** KiB/s; empty: no limit. */
  downloadLimit: number | '';
  /** Each `key=value`. */
  options: string[];
  /** Duration such as `2m`; empty: restic does not wait for locks. */
  retryLock: string;
  /** Name of the device that has to be on for this repository; empty: none is switched. */
  device: string;
  /** Command and arguments that mount the drive before use and unmount it afterwards; empty: not ours to do. */
  mountCommand: string[];
  unmountCommand: string[];
  /** Duration since the last good one; empty: never by itself. */
  pruneEvery: string;
  checkEvery: string;
  /** Of the data, at such a check: such as `5%`; empty: none. */
  checkSubset: string;
}

/** Encrypted by Node-RED; never sent to the editor. */
export interface RepositoryCredentials {
  password?: string;
  /** One `NAME=value` a line. */
  environment?: string;
}
