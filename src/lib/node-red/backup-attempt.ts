import type { Job } from '../job.ts';
import type { Carried, Ticket } from '../message.ts';
import type { ClaimedAttempt } from '../plan/attempts.ts';
import type { PlanRecord } from '../plan/record.ts';
import { hearTestimony } from '../plan/recovery.ts';
import type { PlanSettings } from '../plan/settings.ts';
import { acceptanceMarked } from '../plan/transitions.ts';
import type { BackupHooks, BackupRequest } from '../restic/backup-request.ts';
import type { LastGood } from '../restic/last-good.ts';
import type { MaintenanceResult, MaintenanceStep } from '../restic/maintenance-result.ts';
import type { BackupOutcome, Progress } from '../restic/outcome.ts';
import type { ResticRepository } from '../restic/repository.ts';
import type { RepositoryMemories } from '../restic/repository-memory.ts';

/** What a restic-run node wants to know while it backs up. */
export interface AttemptWatcher {
  queued(position: number): void;
  progressed(progress: Progress, message: Carried): void;
  /** The backup is good, and what follows it goes on; `progress` where restic tells it. */
  maintaining(step: MaintenanceStep, progress?: Progress): void;
  ended(outcome: BackupOutcome, message: Carried): Promise<void>;
}

/** What restic is asked to save for a run of a plan. */
export function backupRequest(settings: PlanSettings, attempt?: ClaimedAttempt): BackupRequest {
  const { excludeFile, excludeLargerThan, ...contents } = settings.contents;
  const figures = attempt?.lastSuccess?.figures;
  return {
    ...contents,
    ...(excludeFile === '' ? {} : { excludeFile }),
    ...(excludeLargerThan === '' ? {} : { excludeLargerThan }),
    planKey: settings.key,
    runId: attempt?.runId ?? '',
    unreadableAccepted: settings.unreadableAccepted,
    shrinkLimit: settings.shrinkLimit,
    retention: settings.retention,
    ...(figures == null ? {} : { previous: { files: figures.filesTotal, bytes: figures.bytesTotal } }),
  };
}

/** Everything a running restic depends on; a change of it means that the restic is not the one that is wanted. */
export function backupFingerprint(repository: ResticRepository, settings: PlanSettings): string {
  const { id: _id, name: _name, ...what } = repository.settings;
  return JSON.stringify([what, backupRequest(settings)]);
}

/**
 * Makes one attempt of a plan: backup, verification, retention, or only the verification that is still owed. The
 * record hears of every step as it happens; the message leaves when all is over. When Node-RED itself is being
 * stopped, no message leaves any more: the next start goes on from the record.
 */
export async function makeAttempt(
  job: Job,
  record: PlanRecord,
  ticket: Ticket,
  attempt: ClaimedAttempt,
  repository: ResticRepository,
  watcher: AttemptWatcher,
  memories: RepositoryMemories,
): Promise<void> {
  const hooks: BackupHooks = {
    onQueued: (position) => watcher.queued(position),
    onStarted: (process) => void record.attempts.started(ticket, process),
    onProgress: (progress) => {
      const message = record.attempts.progressed(ticket, progress);
      if (message !== undefined) watcher.progressed(progress, message);
    },
    onVerifying: () => void record.attempts.verifying(ticket),
    onOutcome: async (outcome) => {
      // A backup that was good before the stop reached it is good; one that was stopped is not the user's cancel.
      if (job.stopped === 'shutdown' && outcome.kind === 'cancelled') return;
      await record.attempts.report(ticket, asStopped(job, outcome, record));
    },
    onVanished: (snapshotId, at) => record.attempts.lastGoodVanished(snapshotId, at),
    onMaintenance: (step, process) => {
      watcher.maintaining(step);
      void record.attempts.maintaining(ticket, step, process);
    },
    onMaintenanceProgress: (step, progress) => watcher.maintaining(step, progress),
  };
  await record.attempts.needsDevice(ticket, job.signal);
  await hearTestimony(record);
  await settleAcceptances(record, repository, hooks, job.signal);
  // Not before: a snapshot whose tag was taken away has another id.
  const request = { ...backupRequest(attempt.settings, attempt), lastGoods: lastGoodsOf(record) };
  // Loaded with the first backup, not with Node-RED.
  const { runBackup, verifyClaim } = await import('../restic/backup.ts');
  let outcome: BackupOutcome;
  let maintenance: MaintenanceResult | undefined;
  if (attempt.claim === null) {
    ({ outcome, maintenance } = await runBackup(repository, request, hooks, job.signal, memories));
  } else {
    outcome = await verifyClaim(repository, attempt.claim, request, hooks, job.signal);
    await hooks.onOutcome?.(outcome);
  }
  if (job.stopped === 'shutdown') return;
  outcome = asStopped(job, outcome, record);
  const message = await record.attempts.complete(ticket, outcome, maintenance);
  if (message !== undefined) await watcher.ended(outcome, message);
}

function lastGoodsOf({ state }: PlanRecord): LastGood[] {
  return state.drives.map(({ repositoryId, lastSnapshotId: snapshotId, lastSuccessAt: at }) => ({
    repositoryId,
    snapshotId,
    at,
  }));
}

/** Snapshots that a person accepted since the last attempt lose their tag, before anything goes by it. */
async function settleAcceptances(
  record: PlanRecord,
  repository: ResticRepository,
  { onStarted, onQueued }: BackupHooks,
  signal: AbortSignal,
): Promise<void> {
  const owed = record.state.acceptedOwed ?? [];
  if (owed.length === 0) return;
  const { markAccepted } = await import('../restic/acceptance.ts');
  const hooks = {
    ...(onStarted === undefined ? {} : { onStarted }),
    ...(onQueued === undefined ? {} : { onQueued }),
  };
  for (const accepted of owed) {
    const { run: runId, repositoryId } = accepted;
    const which = { planKey: record.key, host: record.settings.contents.host, runId, repositoryId };
    // One after the other: each uses the repository alone.
    // oxlint-disable-next-line no-await-in-loop
    const marked = await markAccepted(repository, which, hooks, signal);
    // oxlint-disable-next-line no-await-in-loop
    if (marked !== false) await record.put(acceptanceMarked(record.state, accepted, marked.snapshotId));
  }
}

/** A backup that was stopped because its plan was edited is not one that a person cancelled: it is attempted again. */
function asStopped(job: Job, outcome: BackupOutcome, record: PlanRecord): BackupOutcome {
  if (outcome.kind !== 'cancelled') return outcome;
  if (job.stopped === 'device') {
    return {
      kind: 'failed',
      failure: { class: 'device-unavailable', reason: record.sentences.say('powerCut') },
    };
  }
  if (job.stopped === 'changed') {
    // Without its plan nobody would make the next attempt.
    if (!record.isOpen) return { kind: 'cancelled', reason: record.sentences.say('cancelled.removed') };
    return { kind: 'failed', failure: { class: 'interrupted', reason: record.sentences.say('changed') } };
  }
  return { kind: 'cancelled', reason: record.sentences.say('cancelled.person') };
}
