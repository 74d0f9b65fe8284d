import { mkdir, readdir } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { probe } from '../drive/probe.ts';
import type { OperationContext, OperationResult } from './operation.ts';
import { inContext, refused, resultOf } from './operation.ts';
import { isAbsent, LOOK_TIMEOUT_MS } from './place.ts';
import { atLeast } from './process/binary.ts';
import { lockArguments } from './reading.ts';
import type { ResticRepository } from './repository.ts';
import type { SnapshotFilter } from './snapshots.ts';
import { filterArguments } from './snapshots.ts';

/** A restore into a folder. */
export interface RestoreOperation {
  readonly kind: 'restore';
  /** Id, beginning of an id, or `latest` (of `filter`). */
  readonly snapshot: string;
  /** Narrows `latest`. */
  readonly filter: SnapshotFilter;
  /** Absolute. New or empty, unless `overwriteAllowed`. */
  readonly target: string;
  /** Paths or patterns inside the snapshot; empty: everything. */
  readonly include: readonly string[];
  /** Only a person in a dialog may set this, never a message. */
  readonly overwriteAllowed: boolean;
}

/** Payload of `restore`. */
export interface RestorePayload {
  readonly target: string;
  readonly snapshot: string;
  /** Files and folders; undefined below restic 0.16, which does not count. */
  readonly restored?: number;
  readonly bytes?: number;
  /** At most 20 that could not be restored. */
  readonly errors: readonly string[];
}

/** A restore that saves nothing for so long hangs; only where restic tells its progress. */
const STALL_MS = 30 * 60_000;

/** `restic restore`. Refused when the target has anything in it that could be overwritten. The caller holds the lane. */
export async function restore(
  repository: ResticRepository,
  request: RestoreOperation,
  context: OperationContext,
): Promise<OperationResult> {
  const { target, snapshot, include, filter } = request;
  if (!/^(latest|[0-9a-f]{4,64})$/.test(snapshot)) {
    return refused({ class: 'config', reason: repository.text('restore.snapshot', { snapshot }) });
  }
  const obstacle = await obstacleIn(repository, request);
  if (obstacle !== undefined) return refused({ class: 'config', reason: obstacle });
  const { version } = await repository.binary();
  const json = atLeast(version, '0.16.0');
  const ended = await repository.run({
    arguments: [
      'restore',
      ...(json ? ['--json'] : []),
      ...lockArguments(context),
      ...(snapshot === 'latest' ? filterArguments(filter) : []),
      '--target',
      target,
      ...include.flatMap((path) => ['--include', path]),
      '--',
      snapshot,
    ],
    ...inContext(context),
    readsOnly: true,
    ...(json ? { stallMs: STALL_MS } : {}),
  });
  const { summary = {}, errors } = ended.result;
  const { files_restored: files, bytes_restored: bytes } = summary;
  const payload: RestorePayload = {
    target,
    snapshot,
    ...(json ? { restored: Number(files ?? 0), bytes: Number(bytes ?? 0) } : {}),
    errors: errors.map(({ item, message }) => `${item}: ${message}`),
  };
  return resultOf(repository, ended, payload);
}

/** Why nothing may be restored into the target; undefined when it may, and then the folder exists. */
async function obstacleIn(
  repository: ResticRepository,
  { target, overwriteAllowed }: RestoreOperation,
): Promise<string | undefined> {
  if (!isAbsolute(target)) return repository.text('restore.relative', { target });
  const found = await probe({ op: 'stat', path: target }, LOOK_TIMEOUT_MS);
  if (!found.ok) {
    if (!isAbsent(found)) return repository.text('restore.unreachable', { target });
    return mkdir(target, { recursive: true }).then(
      () => undefined,
      () => repository.text('restore.notMade', { target }),
    );
  }
  if (found.type !== 'directory') return repository.text('restore.noFolder', { target });
  if (overwriteAllowed) return undefined;
  const content = await readdir(found.realPath).catch(() => undefined);
  return content?.length === 0 ? undefined : repository.text('restore.notEmpty', { target });
}
