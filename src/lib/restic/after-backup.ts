import { iso } from '../clock.ts';
import type { FailureClass } from '../failure.ts';
import type { BackupHooks, BackupRequest } from './backup-request.ts';
import type { UpkeepStep } from './known-repository.ts';
import { check, prune } from './maintenance.ts';
import type { MaintenanceResult, MaintenanceStep, MaintenanceStepResult } from './maintenance-result.ts';
import { maintenanceResult } from './maintenance-result.ts';
import type { OperationContext, OperationResult } from './operation.ts';
import { refused } from './operation.ts';
import type { ResticRepository } from './repository.ts';
import type { RepositoryMemories } from './repository-memory.ts';
import { applyRetention, wantsRetention } from './retention-run.ts';

/** After a step that failed so, the next one would fail as well, or do harm. */
const ENDS_MAINTENANCE: ReadonlySet<FailureClass | null> = new Set<FailureClass>([
  'corrupt',
  'device-readonly',
  'device-unavailable',
  'interrupted',
  'locked',
  'network',
  'stalled',
]);

/** What the maintenance after a good backup works with. */
export interface Maintenance {
  readonly request: BackupRequest;
  /** Where the backup went. */
  readonly repositoryId: string;
  readonly hooks: BackupHooks;
  readonly signal?: AbortSignal;
  /** Undefined: nothing is known to be owed. */
  readonly memories: RepositoryMemories | undefined;
}

/**
 * What follows a good backup: the plan's retention, then `prune` and `check` where the repository is owed them. The
 * caller holds the lane exclusively. A step that was stopped or failed stays owed; only the steps that are to come can
 * suffer from it. Undefined when there was nothing to do. Never rejects for what restic or the drive does.
 */
export async function maintain(
  repository: ResticRepository,
  work: Maintenance,
): Promise<MaintenanceResult | undefined> {
  const { request, hooks, signal } = work;
  const steps: MaintenanceStepResult[] = [];
  let removed = 0;
  const mayGoOn = (): boolean => {
    const last = steps.at(-1);
    if (signal?.aborted === true) return false;
    return last?.outcome !== 'failed' || !ENDS_MAINTENANCE.has(last.failureClass);
  };
  if (wantsRetention(request.retention) && mayGoOn()) {
    const forgotten = await applyRetention(repository, request, contextOf('forget', hooks, signal));
    removed = forgotten.removed;
    steps.push(stepResult('forget', forgotten.result, signal));
  }
  for (const step of mayGoOn() ? await owed(repository, work) : []) {
    if (!mayGoOn()) break;
    // One after the other: each uses the repository alone.
    // oxlint-disable-next-line no-await-in-loop
    steps.push(await upkeep(repository, step, work));
  }
  return maintenanceResult(steps, removed);
}

async function owed(
  repository: ResticRepository,
  { memories, repositoryId }: Maintenance,
): Promise<UpkeepStep[]> {
  if (memories === undefined) return [];
  try {
    return await memories.owed(repository, keptId(repository, repositoryId), repository.host.clock.now());
  } catch (error) {
    repository.host.logger.warn(repository.failureOf(error).reason);
    return [];
  }
}

async function upkeep(
  repository: ResticRepository,
  step: UpkeepStep,
  { hooks, signal, memories, repositoryId }: Maintenance,
): Promise<MaintenanceStepResult> {
  const context = contextOf(step, hooks, signal);
  let result: OperationResult;
  try {
    const { place, obstacle } = await repository.lookAtPlace();
    const seen = place === undefined ? context : { ...context, place };
    if (obstacle !== undefined) result = refused(obstacle);
    else if (step === 'prune') result = await prune(repository, seen);
    else result = await check(repository, repository.settings.checkSubset ?? '', seen);
  } catch (error) {
    result = refused(repository.failureOf(error));
  }
  const ended = stepResult(step, result, signal);
  const now = repository.host.clock.now();
  const id = keptId(repository, repositoryId);
  try {
    if (ended.outcome === 'done') await memories?.maintained(repository, id, step, now);
    if (ended.outcome === 'failed') {
      const failure = {
        at: iso(now),
        reason: ended.reason,
        failureClass: ended.failureClass ?? 'unknown',
      } as const;
      await memories?.upkeepFailed(repository, id, step, failure);
    }
  } catch (error) {
    // It will be done again with the next backup.
    repository.host.logger.warn(repository.failureOf(error).reason);
  }
  return ended;
}

/** Under which id it is remembered: a remote repository by its address alone. */
function keptId(repository: ResticRepository, repositoryId: string): string | null {
  return repository.localPath === undefined ? null : repositoryId;
}

function contextOf(
  step: MaintenanceStep,
  hooks: BackupHooks,
  signal: AbortSignal | undefined,
): OperationContext {
  return {
    hooks: {
      onStarted: (process) => hooks.onMaintenance?.(step, process),
      onProgress: (progress) => hooks.onMaintenanceProgress?.(step, progress),
    },
    ...(signal === undefined ? {} : { signal }),
  };
}

function stepResult(
  step: MaintenanceStep,
  { kind, failure }: OperationResult,
  signal: AbortSignal | undefined,
): MaintenanceStepResult {
  if (kind === 'done') return { step, outcome: 'done', failureClass: null, reason: '' };
  const reason = failure?.reason ?? '';
  // A device whose power was cut did not want this.
  const wasStopped = kind === 'cancelled' || (signal?.aborted === true && signal.reason !== 'device');
  const failureClass = failure?.class ?? null;
  return { step, outcome: wasStopped ? 'stopped' : 'failed', failureClass, reason };
}
