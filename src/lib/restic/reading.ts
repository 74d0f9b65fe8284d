import type { OperationContext, OperationResult } from './operation.ts';
import { documentOf, inContext, refused, resultOf } from './operation.ts';
import { isReadOnly } from './place.ts';
import type { ResticRepository } from './repository.ts';
import { DOCUMENT_BYTES } from './repository.ts';
import type { SnapshotFilter } from './snapshots.ts';
import { filterArguments, listSnapshots } from './snapshots.ts';

/** A file that `find` found. */
export interface FoundFile {
  readonly snapshot: string;
  readonly path: string;
  /** restic's type: `file`, `dir`, `symlink`, ... */
  readonly type: string;
  /** Bytes; 0 for folders. */
  readonly size: number;
  /** ISO 8601 UTC. */
  readonly modified: string;
}

/** On a drive that is mounted read-only restic would try for minutes to write its lock. */
export function lockArguments({ place }: OperationContext): string[] {
  return place !== undefined && isReadOnly(place) ? ['--no-lock'] : [];
}

/** `restic snapshots`. Payload: Snapshot[], oldest first. */
export async function snapshots(
  repository: ResticRepository,
  filter: SnapshotFilter,
  { signal }: OperationContext,
): Promise<OperationResult> {
  const answer = await listSnapshots(repository, filter, signal);
  if (answer.ok) return { kind: 'done', payload: answer.value };
  return answer.failure.class === 'interrupted' && signal?.aborted === true
    ? { kind: 'cancelled', payload: undefined }
    : refused(answer.failure);
}

/** `restic find` for one pattern (restic's own: `*.jpg`, `/home/*`). Payload: FoundFile[]. */
export async function find(
  repository: ResticRepository,
  pattern: string,
  filter: SnapshotFilter,
  context: OperationContext,
): Promise<OperationResult> {
  if (pattern === '') return refused({ class: 'config', reason: repository.text('find.noPattern') });
  const ids = (filter.ids ?? []).flatMap((id) => ['--snapshot', id]);
  const ended = await repository.run({
    arguments: [
      'find',
      '--json',
      ...lockArguments(context),
      ...filterArguments(filter),
      ...ids,
      '--',
      pattern,
    ],
    collectStdout: DOCUMENT_BYTES,
    ...inContext(context),
    readsOnly: true,
  });
  return resultOf(repository, ended, foundIn(ended.result.stdout));
}

interface FoundJson {
  readonly snapshot: string;
  readonly matches?: readonly { path: string; type: string; size?: number; mtime: string }[] | null;
}

function foundIn(stdout: string): FoundFile[] {
  const list = documentOf(stdout);
  if (!Array.isArray(list)) return [];
  const found: FoundJson[] = list;
  return found.flatMap(({ snapshot, matches }) =>
    (matches ?? []).map(({ path, type, size = 0, mtime }) => ({
      snapshot,
      path,
      type,
      size,
      modified: new Date(mtime).toISOString(),
    })),
  );
}

/** restic's ways of counting. */
export type StatsMode = 'restore-size' | 'files-by-contents' | 'blobs-per-file' | 'raw-data';

/**
 * `restic stats`. Payload: restic's own object: `total_size` (bytes), `total_file_count`, `snapshots_count`, and for
 * `raw-data` the compression from restic 0.16.
 */
export async function stats(
  repository: ResticRepository,
  mode: StatsMode,
  filter: SnapshotFilter,
  context: OperationContext,
): Promise<OperationResult> {
  const ended = await repository.run({
    arguments: [
      'stats',
      '--json',
      '--mode',
      mode,
      ...lockArguments(context),
      ...filterArguments(filter),
      '--',
      ...(filter.ids ?? []),
    ],
    collectStdout: DOCUMENT_BYTES,
    ...inContext(context),
    readsOnly: true,
  });
  return resultOf(repository, ended, documentOf(ended.result.stdout));
}
