import type { KnownRepository, UpkeepFailure } from './known-repository.ts';
import { newlyKnown } from './known-repository.ts';
import type { RepositoryMemory } from './repository-memory.ts';

/** What version 0.1 remembered: one repository. */
export interface MemoryOfOne {
  readonly schema: 1;
  readonly repositoryId: string | null;
  readonly mountPoint: string | null;
  readonly lastPruneAt: string | null;
  readonly lastCheckAt: string | null;
}

/** What a file may hold. */
export type StoredMemory = RepositoryMemory | MemoryOfOne;

/** Tells a whole memory, of this version or an earlier one, from garbage. */
export function isRepositoryMemory(value: unknown): value is StoredMemory {
  if (typeof value !== 'object' || value === null) return false;
  const memory = value as Partial<Record<string, unknown>>;
  if (memory['schema'] === 1) {
    return ['repositoryId', 'mountPoint', 'lastPruneAt', 'lastCheckAt'].every((name) =>
      isTextOrNull(memory[name]),
    );
  }
  const { repositories } = memory;
  return (
    memory['schema'] === 2 &&
    typeof memory['acceptsAnother'] === 'boolean' &&
    Array.isArray(repositories) &&
    repositories.every(isKnown)
  );
}

/** The memory in the shape of this version. */
export function presentShape(stored: StoredMemory): RepositoryMemory {
  if (stored.schema === 2) return stored;
  const { repositoryId, mountPoint, lastPruneAt, lastCheckAt } = stored;
  const isNothing = repositoryId === null && lastPruneAt === null && lastCheckAt === null;
  const known = { ...newlyKnown(repositoryId, mountPoint, null), lastPruneAt, lastCheckAt };
  return { schema: 2, repositories: isNothing ? [] : [known], acceptsAnother: false };
}

function isKnown(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const known = value as Partial<Record<keyof KnownRepository, unknown>>;
  const texts = [known.repositoryId, known.mountPoint, known.since, known.lastPruneAt, known.lastCheckAt];
  return texts.every(isTextOrNull) && [known.pruneFailure, known.checkFailure].every(isFailureOrNull);
}

function isFailureOrNull(value: unknown): boolean {
  if (typeof value !== 'object') return false;
  const { at, reason, failureClass } = (value ?? { at: '', reason: '', failureClass: '' }) as Partial<
    Record<keyof UpkeepFailure, unknown>
  >;
  return [at, reason, failureClass].every((text) => typeof text === 'string');
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}
