import { join } from 'node:path';
import { probe } from '../drive/probe.ts';
import { isAbsent, place, samePlace } from './place.ts';
import type { ResticRepository } from './repository.ts';
import { listSnapshots } from './snapshots.ts';

/** The last good snapshot of a plan in one repository. */
export interface LastGood {
  readonly repositoryId: string;
  readonly snapshotId: string;
  /** The snapshot's time, ISO 8601 UTC. */
  readonly at: string;
}

/** A healthy drive was just used. */
const LOOK_MS = 5000;

/**
 * The last good snapshot of the local repository that is there now, if it is proven to be gone: somebody else removed
 * it, for we never do. One look at a file and no restic process as long as it is there; where it is not, one
 * `snapshots`, because restic gives a snapshot another id when a person changes its tags or rewrites it. Never rejects.
 */
export async function vanishedLastGood(
  repository: ResticRepository,
  planKey: string,
  lastGoods: readonly LastGood[],
  signal?: AbortSignal,
): Promise<LastGood | undefined> {
  const { localPath } = repository;
  if (localPath === undefined || lastGoods.length === 0) return undefined;
  const before = await place(localPath, LOOK_MS);
  if (before.found !== 'repository') return undefined;
  const good = lastGoods.find(({ repositoryId }) => repositoryId === before.place.repositoryId);
  if (good === undefined) return undefined;
  const file = await probe({ op: 'stat', path: join(localPath, 'snapshots', good.snapshotId) }, LOOK_MS);
  if (file.ok || !isAbsent(file)) return undefined;
  const present = await listSnapshots(repository, { planKey }, signal);
  if (!present.ok || present.value.some(({ time }) => Date.parse(time) === Date.parse(good.at)))
    return undefined;
  // What was not found may have been looked for beneath the mount point.
  const after = await place(localPath, LOOK_MS);
  return after.found === 'repository' && samePlace(before.place, after.place) ? good : undefined;
}
