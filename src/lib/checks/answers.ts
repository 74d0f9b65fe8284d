import type { FailureClass } from '../failure.ts';
import { aborted, limited } from '../limit.ts';
import type { Failure } from '../restic/outcome.ts';
import type { ResticRepository } from '../restic/repository.ts';
import type { CheckAnswer } from './check.ts';
import { endpointSubject, repositoryEndpoint } from './repository-endpoint.ts';
import type { Look, Verdict } from './verdict.ts';
import { seconds, verdict } from './verdict.ts';

/**
 * What each class of failure says about whether the repository can be opened; the others (a missing restic, a wrong
 * option) say nothing about it.
 */
const ANSWERS: Partial<Readonly<Record<FailureClass, CheckAnswer>>> = {
  auth: 'no',
  corrupt: 'no',
  'credentials-missing': 'no',
  'device-unavailable': 'no',
  locked: 'no',
  network: 'no',
  permission: 'no',
  'remote-auth': 'no',
  'repo-missing': 'no',
};

/**
 * Whether restic can open a repository, for `CheckContext`: `restic cat config` in the repository's shared lane, within
 * the time limit of the look, the wait for the lane included. Never rejects for what restic or the drive does.
 */
export function repositoryAnswers(repository: ResticRepository): (look: Look) => Promise<Verdict> {
  const place = endpointSubject(repositoryEndpoint(repository.settings.url));
  return async (look) => {
    const signal = limited(look);
    const timeout = (key: string): Verdict =>
      verdict('unknown', look, `answers.${key}`, { place, seconds: seconds(look) });
    const hold = await repository.enterLane('shared', {}, signal);
    if (hold === undefined) return timeout('busy');
    const opened = open(repository, look, signal).finally(() => hold.release());
    const failure = await Promise.race([opened, aborted(signal).then(() => 'timeout' as const)]);
    if (failure === 'timeout') {
      void opened.catch(() => {});
      return timeout('timeout');
    }
    if (failure === undefined) return verdict('yes', look, 'answers.yes', { place });
    if (failure.class === 'repo-missing') return verdict('no', look, 'answers.missing', { place });
    if (failure.class === 'stalled') return timeout('timeout');
    return { answer: ANSWERS[failure.class] ?? 'unknown', reason: failure.reason };
  };
}

/** Ends soon after the limit: what only reads and takes no lock may be killed after a short grace. */
async function open(
  repository: ResticRepository,
  { timeoutMs, signal }: Look,
  limit: AbortSignal,
): Promise<Failure | undefined> {
  const { place, obstacle } = await repository.lookAtPlace();
  if (obstacle !== undefined) return obstacle;
  // Nobody waits any more.
  if (limit.aborted) return undefined;
  try {
    const { failure } = await repository.run({
      arguments: ['cat', '--no-lock', 'config'],
      readsOnly: true,
      driveSeen: place !== undefined,
      timeLimitMs: timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
    return failure;
  } catch (error) {
    return repository.failureOf(error);
  }
}
