/** restic's words for what a `restic-run` node does. */
export const OPERATIONS = [
  'backup',
  'forget',
  'prune',
  'check',
  'copy',
  'restore',
  'snapshots',
  'find',
  'stats',
  'unlock',
  'init',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What the editor stores for a `restic-run`. Fields that an operation does not use stay at their defaults. */
export interface RunDefinition {
  name: string;
  operation: Operation;
  /** Id of a `restic-repository`; `backup` and `forget` always take the plan's, the others when this is empty. */
  repository: string;
  /** Id of a `backup-plan`: required for `forget`, narrows `copy`, `restore`, `snapshots`, `find` and `stats`. */
  plan: string;
  /** copy: id of the `restic-repository` that snapshots are copied from. */
  fromRepository: string;
  /** check: such as `5%` or `1/12`; empty: no data is read. */
  readDataSubset: string;
  /** restore, copy, stats: a snapshot id or `latest`; a message may override it by `msg.snapshot`. */
  snapshot: string;
  /** restore: the new folder; a message may override it by `msg.target` (still only new or empty folders). */
  target: string;
  /** restore: paths inside the snapshot; empty: everything. */
  include: string[];
  /** restore: existing files in `target` may be overwritten. Only the dialog can say so. */
  overwriteAllowed: boolean;
  /** find: a pattern; a message may override it by `msg.pattern`. */
  pattern: string;
  /** stats: restic's counting mode. */
  statsMode: 'restore-size' | 'files-by-contents' | 'blobs-per-file' | 'raw-data';
}
