import { createHash } from 'node:crypto';
import type { RepositoryPlace } from '../checks/repository.ts';
import { iso } from '../clock.ts';
import type { Journal, JournalEntry } from '../journal/journal.ts';
import { Problem } from '../problem.ts';
import type { KnownRepository, UpkeepFailure, UpkeepStep } from './known-repository.ts';
import { afterFailedUpkeep, afterUpkeep, newlyKnown, owedUpkeep } from './known-repository.ts';
import type { StoredMemory } from './memory-shape.ts';
import { presentShape } from './memory-shape.ts';
import type { ResticRepository } from './repository.ts';

/** Version of the shape below. */
export const MEMORY_SCHEMA = 2;

/** Repositories that are remembered at one place; that of the longest ago makes room. */
const MOST_REPOSITORIES = 8;

/** What is remembered of a place between runs. */
export interface RepositoryMemory {
  readonly schema: typeof MEMORY_SCHEMA;
  /** Those that backups of this place may go to, the latest used last: drives that take turns at one mount point. */
  readonly repositories: readonly KnownRepository[];
  /** The next repository that is seen here is accepted beside them. */
  readonly acceptsAnother: boolean;
}

const NOTHING: RepositoryMemory = { schema: MEMORY_SCHEMA, repositories: [], acceptsAnother: false };

/** The memories of all places of repositories, one journal entry each, by what names their lane. */
export class RepositoryMemories {
  private readonly journal: Journal<StoredMemory>;
  private tail: Promise<unknown> = Promise.resolve();
  /** What was said of files that cannot be used, so that it is said once. */
  private readonly told = new Set<string>();

  constructor(journal: Journal<StoredMemory>) {
    this.journal = journal;
  }

  /** What cannot be remembered is said, and must not keep backups from being made. */
  async recall(repository: ResticRepository): Promise<RepositoryMemory> {
    try {
      const entry = await this.load(repository, await nameOf(repository));
      return entry.found === 'state' ? presentShape(entry.state) : NOTHING;
    } catch (error) {
      this.tell(repository, repository.failureOf(error).reason);
      return NOTHING;
    }
  }

  private async load(repository: ResticRepository, name: string): Promise<JournalEntry<StoredMemory>> {
    const entry = await this.journal.load(name);
    const { language } = repository.host;
    const called = { name: repository.settings.name };
    if (entry.found === 'damaged')
      this.tell(
        repository,
        new Problem('memory-damaged', { ...called, kept: entry.kept }, { language }).message,
      );
    if (entry.found === 'newer')
      this.tell(
        repository,
        new Problem('memory-newer', { ...called, schema: entry.schema }, { language }).message,
      );
    return entry;
  }

  private tell({ host }: ResticRepository, text: string): void {
    if (this.told.has(text)) return;
    this.told.add(text);
    host.logger.warn(text);
  }

  /** The place of a repository with what is remembered of it, to be checked. */
  async placeOf(repository: ResticRepository): Promise<RepositoryPlace> {
    const { url } = repository.settings;
    const { repositories, acceptsAnother } = await this.recall(repository);
    const known = repositories.filter(({ repositoryId }) => repositoryId !== null);
    if (acceptsAnother || known.length === 0) return { url };
    const mountPoints = known.flatMap(({ mountPoint }) => mountPoint ?? []);
    return {
      url,
      expectedConfigs: known.map(({ repositoryId }) => (repositoryId ?? '').replace(/^sha256:/, '')),
      // One that may be anywhere says nothing against any place.
      ...(mountPoints.length < known.length ? {} : { expectedMountPoints: mountPoints }),
    };
  }

  /** May backups go into the local repository with this id (`sha256:…`)? */
  async accepts(repository: ResticRepository, repositoryId: string): Promise<boolean> {
    const { expectedConfigs } = await this.placeOf(repository);
    return expectedConfigs?.includes(repositoryId.replace(/^sha256:/, '')) ?? true;
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
    if (operation === 'backup' || operation === 'init') await this.used(repository, atMs, repositoryId);
    if (operation === 'prune' || operation === 'check') {
      const id = await idNow(repository);
      if (id !== undefined) await this.maintained(repository, id, operation, atMs);
    }
  }

  /** A repository was created or backed up to: it becomes known, where none is or another one is expected. */
  private async used(repository: ResticRepository, atMs: number, usedId?: string): Promise<void> {
    const isLocal = repository.localPath !== undefined;
    const latest = (await this.recall(repository)).repositories.at(-1);
    const isLatest = latest?.repositoryId === (isLocal ? usedId : null);
    if (latest !== undefined && isLatest && isWhole(latest, isLocal)) return;
    const { place } = await repository.lookAtPlace();
    const id = isLocal ? (usedId ?? place?.repositoryId) : null;
    if (id === undefined) return;
    const mountPoint = place?.repositoryId === id ? (place.mount?.mountPoint ?? null) : null;
    await this.change(repository, (memory) => {
      const known = memory.repositories.find(({ repositoryId }) => repositoryId === id);
      if (known === undefined) {
        const isFirst = !memory.repositories.some(({ repositoryId }) => repositoryId !== null);
        if (isLocal && !isFirst && !memory.acceptsAnother) return memory;
        return withOneMore(memory, newlyKnown(id, mountPoint, iso(atMs)));
      }
      const seen = {
        ...known,
        since: known.since ?? iso(atMs),
        mountPoint: known.mountPoint ?? mountPoint,
      };
      return {
        ...memory,
        repositories: [...memory.repositories.filter((other) => other !== known), seen],
      };
    });
  }

  /** The user says that the repository that is there now, or else the next new one that is, is right as well. */
  async acceptAnother(repository: ResticRepository, atMs: number): Promise<void> {
    const { place } = await repository.lookAtPlace();
    await this.change(repository, (memory) => {
      const isNew =
        place !== undefined &&
        !memory.repositories.some(({ repositoryId }) => repositoryId === place.repositoryId);
      if (!isNew) return { ...memory, acceptsAnother: true };
      const known = newlyKnown(place.repositoryId, place.mount?.mountPoint ?? null, iso(atMs));
      return withOneMore(memory, known);
    });
  }

  /** What any of the repositories of this place is owed: enough to choose how its lane is entered. */
  async mayBeOwed(repository: ResticRepository, now: number): Promise<boolean> {
    const { repositories } = await this.recall(repository);
    return repositories.some((known) => owedUpkeep(known, repository.settings, now).length > 0);
  }

  /** The upkeep that a repository is owed (see `owedUpkeep`). `repositoryId`: null for a remote one. */
  async owed(repository: ResticRepository, repositoryId: string | null, now: number): Promise<UpkeepStep[]> {
    const { repositories } = await this.recall(repository);
    const known = repositories.find((candidate) => candidate.repositoryId === repositoryId);
    return known === undefined ? [] : owedUpkeep(known, repository.settings, now);
  }

  /** A step of upkeep went well. */
  async maintained(
    repository: ResticRepository,
    repositoryId: string | null,
    step: UpkeepStep,
    atMs: number,
  ): Promise<void> {
    await this.edit(repository, repositoryId, (known) => afterUpkeep(known, step, iso(atMs)));
  }

  /** A step of upkeep failed: it stays owed. */
  async upkeepFailed(
    repository: ResticRepository,
    repositoryId: string | null,
    step: UpkeepStep,
    failure: UpkeepFailure,
  ): Promise<void> {
    await this.edit(repository, repositoryId, (known) => afterFailedUpkeep(known, step, failure));
  }

  private async edit(
    repository: ResticRepository,
    repositoryId: string | null,
    edit: (known: KnownRepository) => KnownRepository,
  ): Promise<void> {
    await this.change(repository, (memory) => ({
      ...memory,
      repositories: memory.repositories.map((known) =>
        known.repositoryId === repositoryId ? edit(known) : known,
      ),
    }));
  }

  /** One change after the other: two plans may share a repository. */
  private change(
    repository: ResticRepository,
    edit: (memory: RepositoryMemory) => RepositoryMemory,
  ): Promise<void> {
    const changed = this.tail.then(async () => {
      const name = await nameOf(repository);
      const entry = await this.load(repository, name);
      // What a newer version wrote is not ours to overwrite.
      if (entry.found === 'newer') return;
      const memory = entry.found === 'state' ? presentShape(entry.state) : NOTHING;
      const next = edit(memory);
      if (next !== memory) await this.journal.save(name, next);
    });
    this.tail = changed.catch(() => undefined);
    return changed;
  }
}

/** Is there nothing more to learn about it? */
function isWhole(known: KnownRepository, isLocal: boolean): boolean {
  return known.since !== null && (known.mountPoint !== null || !isLocal);
}

function withOneMore(memory: RepositoryMemory, known: KnownRepository): RepositoryMemory {
  return {
    ...memory,
    repositories: [...memory.repositories, known].slice(-MOST_REPOSITORIES),
    acceptsAnother: false,
  };
}

/** The id of the local repository that is there now, null for a remote one; undefined: none is to be seen. */
async function idNow(repository: ResticRepository): Promise<string | null | undefined> {
  if (repository.localPath === undefined) return null;
  const { place } = await repository.lookAtPlace();
  return place?.repositoryId;
}

async function nameOf(repository: ResticRepository): Promise<string> {
  return createHash('sha256')
    .update(await repository.laneKey())
    .digest('hex')
    .slice(0, 16);
}
