import { unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pause } from '../clock.ts';
import { probe } from '../drive/probe.ts';
import type { ProcessNow, RecordedProcess } from '../system-process.ts';
import { isAlive, processNow } from '../system-process.ts';
import type { LockVerdict, RepositoryLock } from './locks.ts';
import { judgeLock, listLocks, STALE_LOCK_MS } from './locks.ts';
import type { OperationContext, OperationResult } from './operation.ts';
import { inContext, refused } from './operation.ts';
import { rememberedProcesses } from './own-processes.ts';
import type { ResticRepository } from './repository.ts';

/** Payload of `unlock`. */
export interface UnlockPayload {
  readonly removed: readonly RepositoryLock[];
  /** With a sentence why. */
  readonly left: readonly { readonly lock: RepositoryLock; readonly reason: string }[];
}

const LOCKS_TIMEOUT_MS = 10_000;
/** How often a restic that outlived its Node-RED is looked at. */
const LOOK_FOR_SURVIVOR_MS = 1000;
/** It ends with its next word to us; one that hangs so long is left to whoever meets its lock. */
const WAIT_FOR_SURVIVOR_MS = 120_000;

interface Judged {
  readonly lock: RepositoryLock;
  readonly now: ProcessNow;
  readonly verdict: LockVerdict;
}

/**
 * Removes the locks of our own dead processes, and no others; tells what was left and why. In a local repository the
 * lock's file is removed. In a remote one only `restic unlock` can do it, which signals process numbers and takes every
 * old lock: it is used only when it would do exactly what we want. `unnoted`: restics of ours of which there is no note. The caller
 * holds the lane.
 */
export async function unlock(
  repository: ResticRepository,
  context: OperationContext,
  unnoted: readonly RecordedProcess[] = [],
): Promise<OperationResult> {
  const notes = await repository.leftBehind();
  const noted = notes.all();
  const lostStarts = notes.lostStarts();
  // Looked at before the locks: one that ends now may still take one.
  const ended = noted.filter((process) => !isAlive(process));
  const mayLive = lostStarts.length > 0 && (await survivors(repository)).length > 0;
  const forget = (): void => {
    for (const process of ended) notes.drop(process);
    if (!mayLive) for (const start of lostStarts) notes.dropStart(start);
  };
  const answer = await listLocks(repository, inContext(context));
  if (!answer.ok) return refused(answer.failure);
  const { clock } = repository.host;
  const own = [...unnoted, ...noted, ...rememberedProcesses()];
  const hostName = hostname();
  const judged = await Promise.all(
    answer.value.map(async (lock): Promise<Judged> => {
      const now = processNow(lock.pid);
      return { lock, now, verdict: judgeLock({ lock, hostName, own, lostStarts, now, clock }) };
    }),
  );
  const dead = judged.filter(({ verdict }) => verdict === 'dead').map(({ lock }) => lock);
  const kept = judged.filter(({ verdict }) => verdict !== 'dead');
  const left = kept.map(({ lock, verdict }) => ({ lock, reason: whyLeft(repository, lock, verdict) }));
  if (dead.length === 0) {
    forget();
    return { kind: 'done', payload: { removed: [], left } satisfies UnlockPayload };
  }
  const { localPath } = repository;
  const attempt =
    localPath === undefined
      ? await unlockRemotely(repository, judged, context)
      : await removeFiles(repository, localPath, dead);
  const removed = dead.filter(({ id }) => attempt.removed.includes(id));
  for (const { pid, time } of removed)
    repository.host.logger.warn(repository.text('unlock.removed', { pid, time }));
  const stuck = dead
    .filter((lock) => !removed.includes(lock))
    .map((lock) => ({ lock, reason: attempt.problem }));
  const payload: UnlockPayload = { removed, left: [...left, ...stuck] };
  if (stuck.length === 0) {
    forget();
    return { kind: 'done', payload };
  }
  return { kind: 'failed', payload, failure: { class: 'locked', reason: attempt.problem } };
}

/**
 * Before something locks the repository: removes what restics of ours left behind that died, with us or without us. Waits
 * for one that outlived its Node-RED. The caller holds the lane.
 */
export async function unlockAfterDeath(
  repository: ResticRepository,
  context: OperationContext,
): Promise<void> {
  const notes = await repository.leftBehind();
  const lostStarts = notes.lostStarts();
  const left = notes.all().filter((process) => !isOfThisLife(process) || !isAlive(process));
  const unknown = lostStarts.length === 0 ? [] : await survivors(repository);
  await untilGone(repository, [...left, ...unknown], context.signal);
  const { localPath } = repository;
  const isLocked = localPath === undefined ? left.length + lostStarts.length > 0 : await hasLocks(localPath);
  if (isLocked) {
    await unlock(repository, context, unknown);
    return;
  }
  for (const process of left) if (!isAlive(process)) notes.drop(process);
  if (!unknown.some(isAlive)) for (const start of lostStarts) notes.dropStart(start);
}

/** Restics on this repository that are alive and were not started by us, as far as can be seen. */
async function survivors(repository: ResticRepository): Promise<RecordedProcess[]> {
  return (await repository.restics()).filter((process) => !isOfThisLife(process));
}

function isOfThisLife({ pid, startTicks }: RecordedProcess): boolean {
  return rememberedProcesses().some((own) => own.pid === pid && own.startTicks === startTicks);
}

/**
 * Whether there are locks in a local repository. A restic that ended well may have left one too: where a drive loses its
 * power before its last writes are flushed, a lock that was removed is there again.
 */
async function hasLocks(folder: string): Promise<boolean> {
  const locks = await probe({ op: 'list', path: join(folder, 'locks') }, LOCKS_TIMEOUT_MS);
  return !locks.ok || !locks.empty;
}

/**
 * After a person stopped a restic: one that is stopped in the 200 ms in which it looks whether others locked too leaves
 * its own lock (seen with 0.14). The caller holds the lane.
 */
export async function unlockAfterCancel(
  repository: ResticRepository,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isAway = signal?.reason === 'shutdown' || signal?.reason === 'device';
  if (signal?.aborted === true && !isAway) await unlockAfterDeath(repository, { hooks: {} });
}

async function untilGone(
  repository: ResticRepository,
  processes: readonly RecordedProcess[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { clock } = repository.host;
  const until = clock.now() + WAIT_FOR_SURVIVOR_MS;
  while (processes.some(isAlive) && clock.now() < until) {
    if (!(await pause(LOOK_FOR_SURVIVOR_MS, clock, signal))) return;
  }
}

/** Ids of the locks that are gone, and why the others are not. */
interface Removal {
  readonly removed: readonly string[];
  readonly problem: string;
}

async function removeFiles(
  repository: ResticRepository,
  path: string,
  locks: readonly RepositoryLock[],
): Promise<Removal> {
  const removed: string[] = [];
  try {
    for (const { id } of locks) {
      await unlink(join(path, 'locks', id));
      removed.push(id);
    }
    return { removed, problem: '' };
  } catch (error) {
    return { removed, problem: repository.text('unlock.notRemoved', { detail: String(error) }) };
  }
}

async function unlockRemotely(
  repository: ResticRepository,
  judged: readonly Judged[],
  context: OperationContext,
): Promise<Removal> {
  const { clock } = repository.host;
  const harmless = judged.every(({ lock, now, verdict }) => {
    // restic sends SIGHUP to this number to see whether it lives.
    if (verdict === 'dead') return now.state === 'absent';
    return verdict === 'other-host' && clock.now() - Date.parse(lock.time) < STALE_LOCK_MS;
  });
  if (!harmless) return { removed: [], problem: repository.text('unlock.unsafe') };
  const { failure } = await repository.run({ arguments: ['unlock'], ...inContext(context) });
  if (failure !== undefined) return { removed: [], problem: failure.reason };
  // restic 0.14 says that it removed locks even when it did not.
  const answer = await listLocks(repository, inContext(context));
  if (!answer.ok) return { removed: [], problem: answer.failure.reason };
  const there = answer.value.map(({ id }) => id);
  const removed = judged.map(({ lock }) => lock.id).filter((id) => !there.includes(id));
  return { removed, problem: repository.text('unlock.notRemoved', { detail: there.join(', ') }) };
}

function whyLeft(repository: ResticRepository, lock: RepositoryLock, verdict: LockVerdict): string {
  const until = new Date(Date.parse(lock.time) + STALE_LOCK_MS).toISOString();
  return repository.text(`unlock.left.${verdict}`, {
    host: lock.host,
    pid: lock.pid,
    user: lock.user,
    until,
  });
}
