import type { OperationContext, OperationResult } from './operation.ts';
import { inContext, refused, reportOf, resultOf } from './operation.ts';
import { copyEnvironment } from './process/environment.ts';
import type { ResticRepository } from './repository.ts';
import type { SnapshotFilter } from './snapshots.ts';
import { filterArguments } from './snapshots.ts';

/** Snapshots from another repository into this one. */
export interface CopyOperation {
  readonly kind: 'copy';
  readonly from: ResticRepository;
  /** Which; without ids all that match. Snapshots that are there already are skipped by restic. */
  readonly filter: SnapshotFilter;
}

/** Payload of `copy`. */
export interface CopyPayload {
  /** Those that were there before are not counted. */
  readonly copied: number;
  readonly report: string;
}

const REPORT_BYTES = 8 * 2 ** 20;

/** `restic copy` into `to`. The caller holds both lanes. */
export async function copy(
  to: ResticRepository,
  { from, filter }: CopyOperation,
  context: OperationContext,
): Promise<OperationResult> {
  const { obstacle } = await from.lookAtPlace();
  if (obstacle !== undefined) return refused(obstacle);
  const ended = await to.run({
    arguments: ['copy', ...filterArguments(filter), '--', ...(filter.ids ?? [])],
    wholeEnvironment: (cacheFolder) =>
      copyEnvironment(to.settings, from.settings, { env: to.host.env, cacheFolder }),
    collectStdout: REPORT_BYTES,
    ...inContext(context),
  });
  const report = from.redact(reportOf(to, ended.result.stdout));
  const payload: CopyPayload = {
    copied: [...report.matchAll(/^snapshot [0-9a-f]+ saved/gm)].length,
    report,
  };
  return resultOf(to, ended, payload);
}
