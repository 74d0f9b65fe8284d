import type { OperationContext, OperationResult } from './operation.ts';
import { inContext, refused, reportOf, resultOf } from './operation.ts';
import { isReadDataSubset } from './read-data-subset.ts';
import type { ResticRepository } from './repository.ts';
import { DOCUMENT_BYTES } from './repository.ts';
import type { Retention } from './retention.ts';
import { invalidRetentionField } from './retention.ts';
import { forgetArguments, removedBy, wantsRetention } from './retention-run.ts';
import { INCOMPLETE_TAG, listSnapshots, runTag } from './snapshots.ts';

/** Space for the report of `prune` or `check`, progress lines included (one a second). */
const REPORT_BYTES = 8 * 2 ** 20;

/** The retention of one plan, as an operation of its own. */
export interface ForgetOperation {
  readonly kind: 'forget';
  readonly planKey: string;
  readonly host: string;
  readonly retention: Retention;
  /** Run of the plan's last good backup, as far as the plan knows; that of the repository is kept as well. */
  readonly lastGoodRunId?: string;
  /** The last backup was not all that it should be, and nobody has accepted it yet. */
  readonly isHeldBack: boolean;
}

/** Payload of `forget`. */
export interface ForgetPayload {
  /** Ids of the snapshots that were removed. */
  readonly removed: readonly string[];
}

/**
 * `restic forget` for one plan. Refused without a plan, without a policy, while the last backup waits to be accepted,
 * and when there is no good backup that it would have to keep. The caller holds the lane.
 */
export async function forget(
  repository: ResticRepository,
  request: ForgetOperation,
  context: OperationContext,
): Promise<OperationResult> {
  const { planKey, host, retention } = request;
  if (planKey === '' || host === '') return refusal(repository, 'retention.noPlan');
  const field = invalidRetentionField(retention);
  if (field !== undefined) return refusal(repository, 'retention.invalid', field);
  if (!wantsRetention(retention)) return refusal(repository, 'retention.empty');
  if (request.isHeldBack) return refusal(repository, 'retention.heldBack');
  // What the plan knows of may be in another repository, where drives take turns or this one was replaced.
  const here = await lastGoodRun(repository, planKey, host, context.signal);
  if (here === undefined) return refusal(repository, 'retention.noGoodBackup');
  const keepRunIds = [...new Set([here, request.lastGoodRunId ?? here])];
  const ended = await repository.run({
    arguments: ['forget', ...forgetArguments({ planKey, host, retention, keepRunIds })],
    collectStdout: DOCUMENT_BYTES,
    ...inContext(context),
  });
  return resultOf(repository, ended, { removed: removedBy(ended) } satisfies ForgetPayload);
}

function refusal(repository: ResticRepository, key: string, field = ''): OperationResult {
  return refused({ class: 'config', reason: repository.text(key, { field }) });
}

/** The run of the newest good snapshot of the plan; undefined when there is none, or it does not tell its run. */
async function lastGoodRun(
  repository: ResticRepository,
  planKey: string,
  host: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const answer = await listSnapshots(repository, { planKey, host }, signal);
  if (!answer.ok) return undefined;
  const good = answer.value
    .filter(({ tags }) => !tags.includes(INCOMPLETE_TAG))
    .toSorted((a, b) => b.time.localeCompare(a.time));
  const prefix = runTag('');
  return good[0]?.tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length);
}

/** `restic prune`: frees the space of what no snapshot uses. Payload `{report}`: restic's words. */
export async function prune(
  repository: ResticRepository,
  context: OperationContext,
): Promise<OperationResult> {
  // Without --json: no released restic tells the progress of a prune in JSON.
  const ended = await repository.run({
    arguments: ['prune'],
    collectStdout: REPORT_BYTES,
    ...inContext(context),
  });
  return resultOf(repository, ended, { report: reportOf(repository, ended.result.stdout) });
}

/** `restic check`, with a part of the data or none. Payload `{report}`: restic's words, errors included. */
export async function check(
  repository: ResticRepository,
  readDataSubset: string,
  context: OperationContext,
): Promise<OperationResult> {
  if (readDataSubset !== '' && !isReadDataSubset(readDataSubset)) {
    const reason = repository.text('check.subset', { subset: readDataSubset });
    return refused({ class: 'config', reason });
  }
  // Without --json: with it no restic tells its progress, and below 0.18 it changes nothing.
  const ended = await repository.run({
    arguments: ['check', ...(readDataSubset === '' ? [] : [`--read-data-subset=${readDataSubset}`])],
    collectStdout: REPORT_BYTES,
    ...inContext(context),
    readsOnly: true,
  });
  const report = [reportOf(repository, ended.result.stdout), ...ended.result.stderrTail].join('\n').trim();
  return resultOf(repository, ended, { report });
}
