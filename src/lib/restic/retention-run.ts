import type { BackupRequest, RetentionResult } from './backup-request.ts';
import type { CommandOutcome, ResticRepository } from './repository.ts';
import { DOCUMENT_BYTES } from './repository.ts';
import type { Retention } from './retention.ts';
import { invalidRetentionField, retentionArguments } from './retention.ts';
import { planTag, runTag } from './snapshots.ts';

/** Does the policy remove anything at all? */
export function wantsRetention(retention: Retention): boolean {
  return retentionArguments(retention).length > 0;
}

/** The retention of one plan: always its tag and its host, and never without its last good run. */
export interface ForgetRequest {
  readonly planKey: string;
  readonly host: string;
  readonly retention: Retention;
  /** The run of the last good backup; its snapshot stays whatever the policy and the clocks say. */
  readonly keepRunId: string;
}

/**
 * Arguments of `restic forget` after its name. `--group-by ''` makes the plan's snapshots one group, so that a changed
 * list of paths leaves none behind.
 */
export function forgetArguments(request: ForgetRequest): string[] {
  return [
    '--json',
    '--tag',
    planTag(request.planKey),
    '--host',
    request.host,
    '--group-by',
    '',
    '--keep-tag',
    runTag(request.keepRunId),
    ...retentionArguments(request.retention),
  ];
}

/** The retention after a good backup; the caller holds the lane. Never rejects for what restic or the drive does. */
export async function applyRetention(
  repository: ResticRepository,
  request: BackupRequest,
  signal: AbortSignal | undefined,
): Promise<RetentionResult> {
  const field = invalidRetentionField(request.retention);
  if (field !== undefined) return notDone(repository.text('retention.invalid', { field }));
  try {
    const { planKey, host, retention, runId } = request;
    const ended = await repository.run({
      arguments: ['forget', ...forgetArguments({ planKey, host, retention, keepRunId: runId })],
      collectStdout: DOCUMENT_BYTES,
      driveSeen: true,
      ...(signal === undefined ? {} : { signal }),
    });
    const problem = forgetProblem(repository, ended);
    return problem === '' ? done(removedBy(ended).length) : notDone(problem);
  } catch (error) {
    return notDone(repository.failureOf(error).reason);
  }
}

/** Why a `forget` did not remove all it should have; empty when it did. */
export function forgetProblem(
  repository: ResticRepository,
  { failure, classification }: CommandOutcome,
): string {
  if (failure !== undefined) return failure.reason;
  return classification.kind === 'ok'
    ? ''
    : repository.text('retention.refused', { detail: classification.detail });
}

/** Ids of the snapshots that a `forget` removed. */
export function removedBy({ result }: CommandOutcome): string[] {
  // Nothing is printed, not even an empty list, when no snapshot matches.
  if (result.stdout.trim() === '') return [];
  try {
    const groups: unknown = JSON.parse(result.stdout);
    if (!Array.isArray(groups)) return [];
    const forgotten: { remove?: { id: string }[] | null }[] = groups;
    return forgotten.flatMap(({ remove }) => (remove ?? []).map(({ id }) => id));
  } catch {
    return [];
  }
}

function done(removed: number): RetentionResult {
  return { ok: true, step: 'forget', removed, reason: '' };
}

function notDone(reason: string): RetentionResult {
  return { ok: false, step: 'forget', removed: 0, reason };
}
