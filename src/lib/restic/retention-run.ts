import type { BackupRequest } from './backup-request.ts';
import type { OperationContext, OperationResult } from './operation.ts';
import { refused, resultOf } from './operation.ts';
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
  /** Runs whose snapshots stay whatever the policy and the clocks say: that of the last good backup is among them. */
  readonly keepRunIds: readonly string[];
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
    ...request.keepRunIds.flatMap((run) => ['--keep-tag', runTag(run)]),
    ...retentionArguments(request.retention),
  ];
}

/** The retention after a good backup; the caller holds the lane. Never rejects for what restic or the drive does. */
export async function applyRetention(
  repository: ResticRepository,
  request: BackupRequest,
  { hooks, signal }: OperationContext,
): Promise<{ readonly result: OperationResult; readonly removed: number }> {
  const field = invalidRetentionField(request.retention);
  if (field !== undefined) {
    const reason = repository.text('retention.invalid', { field });
    return { result: refused({ class: 'config', reason }), removed: 0 };
  }
  try {
    const { planKey, host, retention, runId } = request;
    const ended = await repository.run({
      arguments: ['forget', ...forgetArguments({ planKey, host, retention, keepRunIds: [runId] })],
      collectStdout: DOCUMENT_BYTES,
      driveSeen: true,
      hooks,
      ...(signal === undefined ? {} : { signal }),
    });
    return { result: forgetResult(repository, ended), removed: removedBy(ended).length };
  } catch (error) {
    return { result: refused(repository.failureOf(error)), removed: 0 };
  }
}

/** How a `forget` went; `failed` when it did not remove all that it should have. */
export function forgetResult(repository: ResticRepository, ended: CommandOutcome): OperationResult {
  const result = resultOf(repository, ended, undefined);
  if (result.kind !== 'partial') return result;
  const { detail, class: failureClass = 'unknown' } = ended.classification;
  return refused({ class: failureClass, reason: repository.text('retention.refused', { detail }) });
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
