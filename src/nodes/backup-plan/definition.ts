import type { Retention } from '../../lib/restic/retention.ts';

/** What the editor stores for a `backup-plan`. Durations are texts such as `24h`; empty texts mean "not set". */
export interface PlanDefinition {
  name: string;
  /** `[a-z0-9-]`; made from the name at the first save, then never changed. */
  key: string;
  /** Id of a `restic-repository`. */
  repository: string;
  /** What is saved: `paths`, what `sourceCommand` prints, or what `sourceUrl` answers. */
  source: 'folders' | 'command' | 'download';
  sourceCommand: string[];
  /** http or https; a user and password in it are sent as a header. */
  sourceUrl: string;
  /** Name in the snapshot of what is no folder; empty: the key. */
  sourceName: string;
  paths: string[];
  excludes: string[];
  excludeFile: string;
  excludeCaches: boolean;
  /** restic's size, such as `500M`. */
  excludeLargerThan: string;
  oneFileSystem: boolean;
  tags: string[];
  /** restic `--host`; filled with the host name at the first save, because container names change. */
  host: string;
  retention: Retention;
  /** The household situation chosen in the dialog; sets timings and the gate's suggested delays. */
  situation: Situation;
  scheduleKind: 'cron' | 'interval' | 'event';
  cron: string;
  /** IANA name; empty: the zone of the machine. */
  timeZone: string;
  interval: string;
  minimumGap: string;
  jitter: string;
  catchUp: boolean;
  startPaused: boolean;
  /** What a device that appears does to an idle plan; a waiting run is woken in any case. */
  deviceStarts: 'when-owed' | 'always' | 'nothing';
  /** Wait after a device appeared. */
  settle: string;
  /** A plug that only measures: on at so many watts for a while, off at so many. */
  wattsOn: number;
  wattsOnFor: string;
  wattsOff: number;
  wattsOffFor: string;
  /** Name of the device that output 3 switches; empty: the repository's. Plans with one name share one device. */
  device: string;
  /** What output 3 says for on and off. */
  powerWords: 'true-false' | 'ON-OFF' | 'on-off' | 'state-json';
  /** How long the device may take from being switched on until it can be used. */
  powerUpWithin: string;
  /** Wait between the end of use and switching off. */
  powerOffAfter: string;
  /** Switch off after the writes are flushed, although the drive is still mounted. */
  powerOffMounted: boolean;
  /** With several drives in turn: each has a debt of its own, and the latest one counts. */
  latenessPerDrive: boolean;
  /** Exit 3 of restic (unreadable files) counts as a good backup. */
  unreadableAccepted: boolean;
  /** Percent of files or bytes, 0 to 100; a backup that lost more since the last good one is partial. */
  shrinkLimit: number;
}

/** Kept apart from the flow file. */
export interface PlanCredentials {
  /** Headers of the request for `sourceUrl`: `Name: value`, one a line; `${NAME}` stands for a variable. */
  sourceHeaders?: string;
}

export type Situation = 'always-there' | 'usb-plug' | 'sleeping-nas' | 'docked-laptop';
