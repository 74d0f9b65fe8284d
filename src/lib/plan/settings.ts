import type { Retention } from '../restic/retention.ts';
import type { StreamSource } from '../restic/stream.ts';
import type { Schedule } from './schedule.ts';

/** What a person told us about the place, from which suitable delays follow. */
export type Situation = 'always-there' | 'usb-plug' | 'sleeping-nas' | 'docked-laptop';

/** What restic is asked to save. */
export interface BackupContents {
  readonly paths: readonly string[];
  /** In place of folders; `paths` then names its file in the snapshot. */
  readonly stream?: StreamSource;
  readonly excludes: readonly string[];
  readonly excludeFile: string;
  readonly excludeCaches: boolean;
  /** restic's size, such as `500M`; empty: no limit. */
  readonly excludeLargerThan: string;
  readonly oneFileSystem: boolean;
  readonly tags: readonly string[];
  readonly host: string;
}

/** A plan as the domain uses it; durations in ms. */
export interface PlanSettings {
  readonly key: string;
  readonly name: string;
  readonly contents: BackupContents;
  readonly retention: Retention;
  readonly unreadableAccepted: boolean;
  /** Percent of files or bytes that a source may lose from one good backup to the next. */
  readonly shrinkLimit: number;
  readonly schedule: Schedule;
  readonly situation: Situation;
  readonly minimumGapMs: number;
  readonly jitterMs: number;
  readonly settleMs: number;
  readonly catchUp: boolean;
  readonly startPaused: boolean;
  readonly deviceStarts: 'when-owed' | 'always' | 'nothing';
  readonly watts: WattLimits;
  /** Null: no device is switched for this plan (its repository may name one). */
  readonly device: string | null;
  readonly powerWords: PowerWords;
  /** How long the device may take from being switched on until it can be used. */
  readonly powerUpWithinMs: number;
  /** Wait between the end of use and switching off. */
  readonly powerOffAfterMs: number;
  /** Flushed is enough to switch off. */
  readonly powerOffMounted: boolean;
  readonly latenessPerDrive: boolean;
}

/** How the watts of a plug that only measures become "on" and "off". */
export interface WattLimits {
  readonly on: number;
  readonly onForMs: number;
  readonly off: number;
  readonly offForMs: number;
}

/** What output 3 says for on and off: booleans, `ON`/`OFF`, `on`/`off`, `{"state":"ON"}`. */
export type PowerWords = 'true-false' | 'ON-OFF' | 'on-off' | 'state-json';

/** How often a waiting run looks again when the gate does not say: as often as such a device comes and goes. */
export const WAIT_DELAY_MS: Readonly<Record<Situation, number>> = {
  'always-there': 5 * 60_000,
  'usb-plug': 15 * 60_000,
  'sleeping-nas': 10 * 60_000,
  'docked-laptop': 30 * 60_000,
};
