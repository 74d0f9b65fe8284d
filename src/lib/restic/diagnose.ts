import { mountOf, readMounts } from '../drive/mountinfo.ts';
import type { FailureClass } from '../failure.ts';
import { Problem } from '../problem.ts';
import { nearestFolder } from './create.ts';
import type { RepositoryLock } from './locks.ts';
import { listLocks } from './locks.ts';
import type { Failure } from './outcome.ts';
import type { Command, ResticRepository } from './repository.ts';

export type DiagnosisCode =
  | 'reachable'
  | 'locked'
  | 'not-a-repository'
  | 'not-mounted'
  | 'wrong-password'
  | 'credentials-missing'
  | 'restic-missing'
  | 'restic-too-old'
  | 'unreachable'
  | 'access-denied'
  | 'damaged'
  | 'failed';

/** What a look at a repository found, in words. */
export interface Diagnosis {
  readonly code: DiagnosisCode;
  /** In the host's language; without secrets. */
  readonly sentences: readonly string[];
  /** Of restic, where it was found. */
  readonly version?: string;
  /** Empty unless `locked`. */
  readonly locks: readonly RepositoryLock[];
  /** Is a new repository what this place wants? */
  readonly canCreate: boolean;
}

/** All of a diagnosis takes no longer than this for each restic process. */
const TIME_LIMIT_MS = 60_000;

const CODES: Partial<Readonly<Record<FailureClass, DiagnosisCode>>> = {
  auth: 'wrong-password',
  corrupt: 'damaged',
  'credentials-missing': 'credentials-missing',
  'device-unavailable': 'unreachable',
  network: 'unreachable',
  permission: 'access-denied',
  'remote-auth': 'access-denied',
  'repo-missing': 'not-a-repository',
  stalled: 'unreachable',
};

const PROBLEM_CODES: Readonly<Record<string, DiagnosisCode>> = {
  'credentials-missing': 'credentials-missing',
  'restic-missing': 'restic-missing',
  'restic-not-executable': 'restic-missing',
  'restic-too-old': 'restic-too-old',
};

/**
 * Looks at a repository for a person: is it there, does the password open it, who locks it. Changes nothing, takes no
 * lane and no lock, so that it works while a backup runs. Never rejects for what restic or the drive does.
 */
export async function diagnose(repository: ResticRepository, signal?: AbortSignal): Promise<Diagnosis> {
  const base = { timeLimitMs: TIME_LIMIT_MS, ...(signal === undefined ? {} : { signal }) };
  let version: string | undefined;
  try {
    ({ version } = await repository.binary());
    return { ...(await look(repository, base)), version };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const found = diagnosis(
      PROBLEM_CODES[error.code] ?? 'failed',
      error.in(repository.host.language).message,
    );
    return version === undefined ? found : { ...found, version };
  }
}

async function look(
  repository: ResticRepository,
  base: Pick<Command, 'timeLimitMs' | 'signal'>,
): Promise<Diagnosis> {
  const { place, obstacle } = await repository.lookAtPlace();
  if (obstacle !== undefined) return missing(repository, obstacle);
  const driveSeen = place !== undefined;
  const opened = await repository.run({
    ...base,
    driveSeen,
    arguments: ['cat', '--no-lock', 'config'],
    readsOnly: true,
  });
  const failure = opened.failure;
  if (failure?.class === 'repo-missing') return missing(repository, failure);
  if (failure !== undefined) return diagnosis(CODES[failure.class] ?? 'failed', failure.reason);
  const answer = await listLocks(repository, { ...base, driveSeen });
  const reachable = repository.text('diagnose.reachable');
  if (!answer.ok) return diagnosis('failed', reachable, answer.failure.reason);
  const locks = answer.value;
  if (locks.length === 0) return diagnosis('reachable', reachable);
  const sentences = locks.map((lock) => {
    const key = lock.exclusive ? 'diagnose.lockedExclusively' : 'diagnose.locked';
    return repository.text(key, { host: lock.host, user: lock.user, pid: lock.pid, since: lock.time });
  });
  return { ...diagnosis('locked', reachable, ...sentences), locks };
}

/** Folders under which systems mount drives. */
const MOUNT_FOLDERS = /^\/(media|mnt|run\/media|Volumes|share|srv)\//;

/** No repository is there: because its drive is not, or because none was created yet? */
async function missing(repository: ResticRepository, { reason }: Failure): Promise<Diagnosis> {
  const { localPath: path } = repository;
  if (path === undefined) return { ...diagnosis('not-a-repository', reason), canCreate: true };
  const nearest = await nearestFolder(path);
  if (nearest === undefined) return diagnosis('unreachable', repository.text('place.unknown', { path }));
  const onSystemDisk = mountOf(nearest.realPath, await readMounts())?.mountPoint === '/';
  if (onSystemDisk && MOUNT_FOLDERS.test(path)) {
    return diagnosis('not-mounted', repository.text('diagnose.notMounted', { path }));
  }
  return {
    ...diagnosis('not-a-repository', repository.text('diagnose.notARepository', { path })),
    canCreate: true,
  };
}

function diagnosis(code: DiagnosisCode, ...sentences: string[]): Diagnosis {
  return { code, sentences, locks: [], canCreate: false };
}
