import { repositoryIdentity } from './identity.ts';
import type { ResticRepository, RunHooks } from './repository.ts';
import { untagIncomplete } from './tag.ts';

/** An incomplete snapshot that a person accepted as good. */
export interface Acceptance {
  readonly planKey: string;
  readonly host: string;
  readonly runId: string;
  /** Where it is. */
  readonly repositoryId: string;
}

/**
 * Makes an accepted snapshot good for everyone who reads the repository: takes its tag `incomplete` away, in the
 * repository's lane. False: it cannot be done now, and stays owed; else the snapshot's present id, where there is one.
 */
export async function markAccepted(
  repository: ResticRepository,
  { repositoryId, ...filter }: Acceptance,
  hooks: RunHooks,
  signal?: AbortSignal,
): Promise<false | { readonly snapshotId: string | undefined }> {
  const hold = await repository.enterLane('exclusive', hooks, signal);
  if (hold === undefined) return false;
  try {
    const context = { hooks, ...(signal === undefined ? {} : { signal }) };
    const identity = await repositoryIdentity(repository, signal === undefined ? {} : { signal });
    if (!identity.ok || identity.value !== repositoryId) return false;
    const answer = await untagIncomplete(repository, filter, context);
    return answer.ok && { snapshotId: answer.value };
  } finally {
    hold.release();
  }
}
