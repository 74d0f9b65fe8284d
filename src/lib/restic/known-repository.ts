import type { FailureClass } from '../failure.ts';

/** What is done for a repository now and then, whichever plan it is done with. */
export type UpkeepStep = 'prune' | 'check';

/** Why a step of upkeep did not go well. */
export interface UpkeepFailure {
  readonly at: string;
  readonly reason: string;
  readonly failureClass: FailureClass;
}

/** What is remembered of one repository. Times are ISO 8601 UTC. */
export interface KnownRepository {
  /** `sha256:<hash of config>` of a local one; null: a remote one, which its address names. */
  readonly repositoryId: string | null;
  /** The mount point that a local one was on; null: not known. */
  readonly mountPoint: string | null;
  /** Upkeep counts from here until it was done once; null: remembered by an older version, and not seen since. */
  readonly since: string | null;
  readonly lastPruneAt: string | null;
  readonly lastCheckAt: string | null;
  /** Null when it went well since. */
  readonly pruneFailure: UpkeepFailure | null;
  readonly checkFailure: UpkeepFailure | null;
}

/** How often upkeep is wanted, ms; undefined: never. */
export interface UpkeepWish {
  readonly pruneEveryMs?: number;
  readonly checkEveryMs?: number;
}

const DAY_MS = 86_400_000;

/** A repository that is seen for the first time at `at` (ISO 8601). */
export function newlyKnown(
  repositoryId: string | null,
  mountPoint: string | null,
  at: string | null,
): KnownRepository {
  return {
    repositoryId,
    mountPoint,
    since: at,
    lastPruneAt: null,
    lastCheckAt: null,
    pruneFailure: null,
    checkFailure: null,
  };
}

/**
 * The upkeep that a repository is owed at `now` (ms), in the order in which it is to be done. Each interval counts from
 * the last time that it went well, at first from when the repository became known. What failed is tried again once a
 * day, and nothing is pruned from a repository in which a check found damage.
 */
export function owedUpkeep(known: KnownRepository, wish: UpkeepWish, now: number): UpkeepStep[] {
  const { since, lastPruneAt, lastCheckAt, pruneFailure, checkFailure } = known;
  const steps: UpkeepStep[] = [];
  const isDamaged = checkFailure?.failureClass === 'corrupt';
  if (!isDamaged && isOwed(wish.pruneEveryMs, lastPruneAt ?? since, pruneFailure, now)) steps.push('prune');
  if (isOwed(wish.checkEveryMs, lastCheckAt ?? since, checkFailure, now)) steps.push('check');
  return steps;
}

function isOwed(
  everyMs: number | undefined,
  lastAt: string | null,
  failure: UpkeepFailure | null,
  now: number,
): boolean {
  if (everyMs === undefined || lastAt === null) return false;
  const elapsed = now - Date.parse(lastAt);
  // A clock that was far ahead when it was done must not put it off for as long.
  if (elapsed < everyMs && elapsed > -DAY_MS) return false;
  return failure === null || Math.abs(now - Date.parse(failure.at)) >= DAY_MS;
}

/** The repository after a step of upkeep went well. */
export function afterUpkeep(known: KnownRepository, step: UpkeepStep, at: string): KnownRepository {
  return step === 'prune'
    ? { ...known, lastPruneAt: at, pruneFailure: null }
    : { ...known, lastCheckAt: at, checkFailure: null };
}

/** The repository after a step of upkeep failed: it stays owed. */
export function afterFailedUpkeep(
  known: KnownRepository,
  step: UpkeepStep,
  failure: UpkeepFailure,
): KnownRepository {
  return step === 'prune' ? { ...known, pruneFailure: failure } : { ...known, checkFailure: failure };
}
