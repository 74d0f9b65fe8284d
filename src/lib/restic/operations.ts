import type { CopyOperation } from './copy.ts';
import { copy } from './copy.ts';
import { createRepository } from './create.ts';
import type { LaneMode } from './lane.ts';
import type { ForgetOperation } from './maintenance.ts';
import { check, forget, prune } from './maintenance.ts';
import type { OperationContext, OperationOutcome, OperationResult } from './operation.ts';
import { refused } from './operation.ts';
import type { StatsMode } from './reading.ts';
import { find, snapshots, stats } from './reading.ts';
import type { ResticRepository, RunHooks } from './repository.ts';
import type { RestoreOperation } from './restore.ts';
import { restore } from './restore.ts';
import type { SnapshotFilter } from './snapshots.ts';
import { unlock, unlockAfterCancel, unlockAfterDeath } from './unlock.ts';

/** What can be asked of a repository besides a backup. */
export type OperationRequest =
  | ForgetOperation
  | RestoreOperation
  | CopyOperation
  | { readonly kind: 'prune' }
  /** `readDataSubset`: such as `5%`; empty: no data is read. */
  | { readonly kind: 'check'; readonly readDataSubset: string }
  | { readonly kind: 'snapshots'; readonly filter: SnapshotFilter }
  | { readonly kind: 'find'; readonly pattern: string; readonly filter: SnapshotFilter }
  | { readonly kind: 'stats'; readonly mode: StatsMode; readonly filter: SnapshotFilter }
  | { readonly kind: 'unlock' }
  | { readonly kind: 'init' };

/** As restic locks them; `unlock` and `init` want nobody beside them. */
const LANE_MODES: Readonly<Record<OperationRequest['kind'], LaneMode>> = {
  forget: 'exclusive',
  prune: 'exclusive',
  check: 'exclusive',
  unlock: 'exclusive',
  init: 'exclusive',
  restore: 'shared',
  copy: 'shared',
  snapshots: 'shared',
  find: 'shared',
  stats: 'shared',
};

/**
 * Runs one operation in the repository's lane (copy: in both). Resolves with what happened; rejects only for bugs.
 * Aborting the signal stops restic cleanly or leaves the queue; `signal.reason` is `cancel` or `shutdown`.
 */
export async function runOperation(
  repository: ResticRepository,
  request: OperationRequest,
  hooks: RunHooks = {},
  signal?: AbortSignal,
): Promise<OperationOutcome> {
  const { clock } = repository.host;
  const startedMs = clock.now();
  const others = request.kind === 'copy' ? [request.from] : [];
  const hold = await repository.enterLane(LANE_MODES[request.kind], hooks, signal, others);
  let result: OperationResult = { kind: 'cancelled', payload: undefined };
  try {
    if (hold !== undefined) {
      result = await start(repository, request, { hooks, ...(signal === undefined ? {} : { signal }) });
    }
  } catch (error) {
    result = refused(repository.failureOf(error));
  } finally {
    if (hold !== undefined) await unlockAfterCancel(repository, signal);
    hold?.release();
  }
  return { ...result, durationMs: clock.now() - startedMs };
}

async function start(
  repository: ResticRepository,
  request: OperationRequest,
  context: OperationContext,
): Promise<OperationResult> {
  if (request.kind === 'init') return createRepository(repository, context);
  const { obstacle, place } = await repository.lookAtPlace();
  if (obstacle !== undefined) return refused(obstacle);
  const seen: OperationContext = { ...context, ...(place === undefined ? {} : { place }) };
  if (request.kind !== 'unlock') await unlockAfterDeath(repository, seen);
  switch (request.kind) {
    case 'forget':
      return forget(repository, request, seen);
    case 'prune':
      return prune(repository, seen);
    case 'check':
      return check(repository, request.readDataSubset, seen);
    case 'restore':
      return restore(repository, request, seen);
    case 'copy':
      return copy(repository, request, seen);
    case 'snapshots':
      return snapshots(repository, request.filter, seen);
    case 'find':
      return find(repository, request.pattern, request.filter, seen);
    case 'stats':
      return stats(repository, request.mode, request.filter, seen);
    default:
      return unlock(repository, seen);
  }
}
