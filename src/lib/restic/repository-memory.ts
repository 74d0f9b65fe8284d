import { createHash } from 'node:crypto';
import type { RepositoryPlace } from '../checks/repository.ts';
import { iso } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { ResticRepository } from './repository.ts';

/** Version of the shape below. */
export const MEMORY_SCHEMA = 1;

/** What is remembered of a repository between runs. Times are ISO 8601 UTC. */
export interface RepositoryMemory {
  readonly schema: typeof MEMORY_SCHEMA;
  /** `sha256:<hash of config>` of a local repository, as it was created or first backed up to; null: not known yet. */
  readonly repositoryId: string | null;
  /** Mount point that a local repository was on then. */
  readonly mountPoint: string | null;
  readonly lastPruneAt: string | null;
  readonly lastCheckAt: string | null;
}

const NOTHING: RepositoryMemory = {
  schema: MEMORY_SCHEMA,
  repositoryId: null,
  mountPoint: null,
  lastPruneAt: null,
  lastCheckAt: null,
};

/** Tells a whole memory from garbage. */
export function isRepositoryMemory(value: unknown): value is RepositoryMemory {
  if (typeof value !== 'object' || value === null) return false;
  const memory = value as Partial<Record<keyof RepositoryMemory, unknown>>;
  const texts = [memory.repositoryId, memory.mountPoint, memory.lastPruneAt, memory.lastCheckAt];
  return memory.schema === MEMORY_SCHEMA && texts.every((text) => text === null || typeof text === 'string');
}

/** The memories of all repositories, one journal entry each, by what names their lane. */
export class RepositoryMemories {
  private readonly journal: Journal<RepositoryMemory>;
  private tail: Promise<unknown> = Promise.resolve();

  constructor(journal: Journal<RepositoryMemory>) {
    this.journal = journal;
  }

  async recall(repository: ResticRepository): Promise<RepositoryMemory> {
    const entry = await this.journal.load(await nameOf(repository));
    return entry.found === 'state' ? entry.state : NOTHING;
  }

  /** The place of a repository with what is remembered of it, to be checked. */
  async placeOf(repository: ResticRepository): Promise<RepositoryPlace> {
    const { repositoryId, mountPoint } = await this.recall(repository);
    return {
      url: repository.settings.url,
      ...(mountPoint === null ? {} : { expectedMountPoint: mountPoint }),
      ...(repositoryId === null ? {} : { expectedConfig: repositoryId.replace(/^sha256:/, '') }),
    };
  }

  /**
   * An operation went well, at `atMs`: what it says about the repository is remembered. `repositoryId`: of the
   * repository that a backup went to, which need not be the one that is there now.
   */
  async wentWell(
    repository: ResticRepository,
    operation: string,
    atMs: number,
    repositoryId?: string,
  ): Promise<void> {
    if (operation === 'backup' || operation === 'init') await this.rememberPlace(repository, repositoryId);
    if (operation === 'prune' || operation === 'check') await this.maintained(repository, operation, atMs);
  }

  /** Remembers where a local repository is, if nothing is remembered yet: it has just been created or backed up to. */
  private async rememberPlace(repository: ResticRepository, seenId?: string): Promise<void> {
    if (repository.localPath === undefined) return;
    await this.change(repository, async (memory) => {
      if (memory.repositoryId !== null) return memory;
      const { place } = await repository.lookAtPlace();
      const repositoryId = seenId ?? place?.repositoryId;
      if (repositoryId === undefined) return memory;
      const mountPoint = place?.repositoryId === repositoryId ? place.mount?.mountPoint : undefined;
      return { ...memory, repositoryId, mountPoint: mountPoint ?? null };
    });
  }

  /** The user says that the repository that is there now, or will be, is the right one. */
  async forgetPlace(repository: ResticRepository): Promise<void> {
    await this.change(repository, (memory) => ({ ...memory, repositoryId: null, mountPoint: null }));
  }

  private async maintained(
    repository: ResticRepository,
    what: 'prune' | 'check',
    atMs: number,
  ): Promise<void> {
    const field = what === 'prune' ? 'lastPruneAt' : 'lastCheckAt';
    await this.change(repository, (memory) => ({ ...memory, [field]: iso(atMs) }));
  }

  /** One change after the other: two plans may share a repository. */
  private change(
    repository: ResticRepository,
    edit: (memory: RepositoryMemory) => RepositoryMemory | Promise<RepositoryMemory>,
  ): Promise<void> {
    const changed = this.tail.then(async () => {
      const memory = await this.recall(repository);
      const next = await edit(memory);
      if (next !== memory) await this.journal.save(await nameOf(repository), next);
    });
    this.tail = changed.catch(() => undefined);
    return changed;
  }
}

async function nameOf(repository: ResticRepository): Promise<string> {
  return createHash('sha256')
    .update(await repository.laneKey())
    .digest('hex')
    .slice(0, 16);
}
