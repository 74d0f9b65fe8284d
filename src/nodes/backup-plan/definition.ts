import type { Retention } from '../../lib/restic/retention.ts';

/** What the editor stores for a `backup-plan`. Durations are texts such as `24h`; empty texts mean "not set". */
export interface PlanDefinition {
  name: string;
  /** `[a-z0-9-]`; made from the name at the first save, then never changed. */
  key: string;
  /** Id of a `restic-repository`. */
  repository: string;
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
  /** What a device that appears does to an idle plan. */
  deviceStarts: 'when-owed' | 'always';
  /** Wait after a device appeared. */
  settle: string;
  /** Exit 3 of restic (unreadable files) counts as a good backup. */
  unreadableAccepted: boolean;
}

export type Situation = 'always-there' | 'usb-plug' | 'sleeping-nas' | 'docked-laptop';
