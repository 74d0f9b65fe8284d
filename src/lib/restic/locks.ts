import type { Clock } from '../clock.ts';
import type { ProcessNow, RecordedProcess } from '../system-process.ts';
import type { NotedStart } from './left-behind.ts';
import type { Command, ResticRepository } from './repository.ts';
import type { Answer } from './snapshots.ts';

/** A lock that is in a repository. */
export interface RepositoryLock {
  readonly id: string;
  /** ISO 8601 UTC; living processes renew it every 5 minutes. */
  readonly time: string;
  readonly exclusive: boolean;
  readonly host: string;
  readonly user: string;
  readonly pid: number;
}

/** More locks than this are not looked into. */
const MOST_LOCKS = 20;
const LIST_BYTES = 1_048_576;

/** The locks in a repository. One restic process, and one more for each lock (at most 20). Never rejects. */
export async function listLocks(
  repository: ResticRepository,
  base: Pick<Command, 'signal' | 'timeLimitMs' | 'driveSeen'> = {},
): Promise<Answer<RepositoryLock[]>> {
  const ask = (...words: [string, ...string[]]): ReturnType<ResticRepository['run']> =>
    repository.run({ ...base, arguments: words, collectStdout: LIST_BYTES, readsOnly: true });
  try {
    const listed = await ask('list', '--no-lock', '-q', 'locks');
    if (listed.failure !== undefined) return { ok: false, failure: listed.failure };
    const ids = [...listed.result.stdout.matchAll(/^[0-9a-f]{64}$/gm)].map(([id]) => id);
    const locks: RepositoryLock[] = [];
    for (const id of ids.slice(0, MOST_LOCKS)) {
      const { result } = await ask('cat', '--no-lock', 'lock', id);
      const lock = readLock(id, result.stdout);
      // One that is gone by now is no lock.
      if (lock !== undefined) locks.push(lock);
    }
    return { ok: true, value: locks };
  } catch (error) {
    return { ok: false, failure: repository.failureOf(error) };
  }
}

interface LockJson {
  readonly time: string;
  readonly exclusive?: boolean;
  readonly hostname?: string;
  readonly username?: string;
  readonly pid?: number;
}

function readLock(id: string, stdout: string): RepositoryLock | undefined {
  try {
    const json: LockJson = JSON.parse(stdout.slice(stdout.indexOf('{')));
    const { time, exclusive, hostname: host = '', username: user = '', pid = 0 } = json;
    return { id, time: new Date(time).toISOString(), exclusive: exclusive === true, host, user, pid };
  } catch {
    return undefined;
  }
}

/**
 * Whether a lock may be removed, and if not, why. `dead`: a process of ours that has ended, one of this host that is gone
 * and locked just after a start of ours that nobody could follow, or one that is gone and has not renewed its lock for
 * half an hour. `young`: its process is not to be seen here, but it may be in
 * another container of the same name.
 */
export type LockVerdict = 'dead' | 'other-host' | 'alive' | 'young';

/** restic itself takes a lock that was not renewed for so long for stale. */
export const STALE_LOCK_MS: number = 30 * 60_000;

/** A restic that was started has its first lock by then, and renews it after that. */
const LOCKS_WITHIN_MS = 5 * 60_000;

/** What the verdict on a lock goes by. */
export interface LockFacts {
  readonly lock: RepositoryLock;
  readonly hostName: string;
  /** Every restic that we remember to have started. */
  readonly own: readonly RecordedProcess[];
  /** Restics of which nobody could note the process, because we died. */
  readonly lostStarts: readonly NotedStart[];
  /** What its process number is now, on this machine. */
  readonly now: ProcessNow;
  readonly clock: Clock;
}

/** Judges one lock, without sending any signal. `restic unlock` would signal whoever has the number now. */
export function judgeLock({ lock, hostName, own, lostStarts, now, clock }: LockFacts): LockVerdict {
  if (lock.host !== hostName) return 'other-host';
  const mine = own.findLast(({ pid }) => pid === lock.pid);
  // Also a restic that is not ours: the lock may be its own, whoever had its number before.
  const gone = now.state === 'absent' || (now.name !== '' && !now.name.startsWith('restic'));
  if (!gone) return 'alive';
  if (mine !== undefined) return 'dead';
  const lockedAt = Date.parse(lock.time);
  const isOfLostStart = lostStarts.some(({ at }) => lockedAt >= at && lockedAt - at < LOCKS_WITHIN_MS);
  if (isOfLostStart) return 'dead';
  return clock.now() - lockedAt > STALE_LOCK_MS ? 'dead' : 'young';
}
