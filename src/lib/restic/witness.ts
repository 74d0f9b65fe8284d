import type { Witness, WitnessAnswer } from '../plan/doors.ts';
import { repositoryIdentity } from './identity.ts';
import type { ResticRepository } from './repository.ts';
import type { RepositoryMemories } from './repository-memory.ts';
import { newestGoodSnapshot } from './snapshots.ts';

/** A repository in the role of the last witness of a plan. */
export function repositoryWitness(repository: ResticRepository, memories: RepositoryMemories): Witness {
  return {
    accept: () => memories.acceptAnother(repository, repository.host.clock.now()),
    async newestGood(planKey, host): Promise<WitnessAnswer> {
      const found = await newestGoodSnapshot(repository, { planKey, host });
      if (!found.ok) throw new Error(found.failure.reason);
      const { newest, otherHosts } = found.value;
      if (newest === undefined) return { newest, otherHosts };
      const identity = await repositoryIdentity(repository);
      if (!identity.ok) throw new Error(identity.failure.reason);
      if (repository.localPath !== undefined && !(await memories.accepts(repository, identity.value))) {
        throw new Error(repository.text('place.other', { path: repository.localPath }));
      }
      return { newest: { snapshot: newest, repositoryId: identity.value }, otherHosts };
    },
  };
}
