import { resolve } from 'node:path';
import type { TextValues } from '../problem.ts';
import { formatSize } from '../size.ts';
import { maintain } from './after-backup.ts';
import type { BackupHooks, BackupRequest, BackupResult } from './backup-request.ts';
import { repositoryIdentity } from './identity.ts';
import { vanishedLastGood } from './last-good.ts';
import type { BackupFigures, BackupOutcome, Failure, SnapshotClaim } from './outcome.ts';
import { atLeast } from './process/binary.ts';
import type { ProcessResult } from './process/run.ts';
import type { CommandOutcome, ResticRepository } from './repository.ts';
import type { RepositoryMemories } from './repository-memory.ts';
import { wantsRetention } from './retention-run.ts';
import { shrank } from './shrink.ts';
import type { Source } from './sources.ts';
import { lookAtSources, lostSource } from './sources.ts';
import type { StreamWay } from './stream.ts';
import { startsPrograms, streamTrouble, streamWay } from './stream.ts';
import { removeTags, tagIncomplete, untagged } from './tag.ts';
import { unlockAfterCancel, unlockAfterDeath } from './unlock.ts';
import { leftBeneath, lookForSnapshot, snapshotTags } from './verify.ts';

/** A backup that neither saves nor scans a file for so long hangs. */
const STALL_MS = 30 * 60_000;

/**
 * One backup and, when it was good, the plan's retention and what upkeep the repository is owed, in one hold of the
 * repository's lane. `memories`: what is known of the repository; a backup into a local one that was not accepted at
 * its place is refused. Resolves with what happened; rejects only for bugs and when a hook does. Aborting the signal
 * stops restic cleanly (or leaves the queue); `signal.reason` is `cancel`, `device` or `shutdown`.
 */
export async function runBackup(
  repository: ResticRepository,
  request: BackupRequest,
  hooks: BackupHooks = {},
  signal?: AbortSignal,
  memories?: RepositoryMemories,
): Promise<BackupResult> {
  const mayBeOwed = await memories?.mayBeOwed(repository, repository.host.clock.now()).catch(() => false);
  const isAlone =
    wantsRetention(request.retention) || mayBeOwed === true || (await isPiped(repository, request));
  const mode = isAlone ? 'exclusive' : 'shared';
  let hold = await repository.enterLane(mode, hooks, signal);
  if (hold === undefined) {
    const outcome: BackupOutcome = { kind: 'cancelled', reason: repository.text('cancelled.queued') };
    await hooks.onOutcome?.(outcome);
    return { outcome, maintenance: undefined };
  }
  try {
    // restic's working directory is on the repository's drive, so nothing may be relative.
    const absolute = { ...request, paths: request.paths.map((path) => resolve(path)) };
    let outcome = await attempt(repository, absolute, { hooks, signal, memories });
    if (outcome.kind === 'partial') {
      if (mode === 'shared') {
        // restic sets a tag only when nobody is beside it.
        hold.release();
        hold = await repository.enterLane('exclusive', hooks, signal);
      }
      outcome = await marked(repository, outcome, hold !== undefined);
    }
    await hooks.onOutcome?.(outcome);
    await lookForLastGood(repository, request, hooks, signal);
    // Entered side by side with others: what was owed only meanwhile waits for the next backup.
    if (outcome.kind !== 'succeeded' || mode === 'shared') return { outcome, maintenance: undefined };
    const { repositoryId } = outcome;
    const work = { request: absolute, repositoryId, hooks, memories };
    const maintenance = await maintain(repository, { ...work, ...(signal === undefined ? {} : { signal }) });
    return { outcome, maintenance };
  } finally {
    if (hold !== undefined) await unlockAfterCancel(repository, signal);
    hold?.release();
  }
}

/** Repeats only the look for a snapshot that could not be verified; for a caller that holds an `unverified` outcome. */
export async function verifyClaim(
  repository: ResticRepository,
  claim: SnapshotClaim,
  request: BackupRequest,
  hooks: BackupHooks = {},
  signal?: AbortSignal,
): Promise<BackupOutcome> {
  const hold = await repository.enterLane('exclusive', hooks, signal);
  if (hold === undefined) return { kind: 'cancelled', reason: repository.text('cancelled.queued') };
  try {
    const absolute = { ...request, paths: request.paths.map((path) => resolve(path)) };
    const outcome = await verify(repository, claim, absolute);
    return outcome.kind === 'partial' ? await marked(repository, outcome, true) : outcome;
  } catch (error) {
    return { kind: 'unverified', claim, failure: repository.failureOf(error) };
  } finally {
    hold.release();
  }
}

/** Tells when somebody took the last good snapshot away: before our own retention does anything. */
async function lookForLastGood(
  repository: ResticRepository,
  { planKey, lastGoods = [] }: BackupRequest,
  { onVanished }: BackupHooks,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (onVanished === undefined || signal?.aborted === true) return;
  const gone = await vanishedLastGood(repository, planKey, lastGoods, signal);
  if (gone !== undefined) onVanished(gone.snapshotId, gone.at);
}

interface AttemptContext {
  readonly hooks: BackupHooks;
  readonly signal: AbortSignal | undefined;
  readonly memories: RepositoryMemories | undefined;
}

async function attempt(
  repository: ResticRepository,
  request: BackupRequest,
  { hooks, signal, memories }: AttemptContext,
): Promise<BackupOutcome> {
  const { host } = repository;
  if (request.paths.length === 0) return failed({ class: 'config', reason: repository.text('source.none') });
  const [sources, target] = await Promise.all([lookAtFolders(request), repository.lookAtPlace()]);
  const obstacle = missingSource(repository, sources) ?? target.obstacle;
  if (obstacle !== undefined) return failed(obstacle);
  const before = target.place;
  if (before !== undefined && (await isForeign(repository, before.repositoryId, memories))) {
    const reason = repository.text('place.other', { path: before.path });
    return failed({ class: 'device-unavailable', reason });
  }

  await unlockAfterDeath(repository, {
    hooks: {},
    ...(before === undefined ? {} : { place: before }),
    ...(signal === undefined ? {} : { signal }),
  });
  const startedMs = host.clock.now();
  let ended: CommandOutcome;
  let ownTime: string | undefined;
  let way: StreamWay | undefined;
  try {
    const { version } = await repository.binary();
    if (request.stream !== undefined) {
      const found = streamWay(repository, request.stream, version);
      if ('failure' in found) return failed(found.failure);
      way = found;
    }
    // restic 0.18 and newer tell the snapshot's time in the summary; older ones are told it (whole seconds, UTC).
    if (!atLeast(version, '0.18.0')) ownTime = new Date(Math.floor(startedMs / 1000) * 1000).toISOString();
    ended = await repository.run({
      arguments: ['backup', ...backupArguments(request, ownTime, way)],
      environment: { ...(ownTime === undefined ? {} : { TZ: 'UTC' }), ...way?.environment },
      ...(way?.feed === undefined ? {} : { feed: way.feed }),
      hooks,
      stallMs: STALL_MS,
      driveSeen: before !== undefined,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    return failed(repository.failureOf(error));
  }
  const { result } = ended;
  // Like one that a person stopped, it may have left its lock.
  if (result.stopped === 'source') await unlockAfterDeath(repository, { hooks: {} });
  const brokenOff = way === undefined ? undefined : await streamTrouble(repository, way);
  let snapshotId = brokenOff === undefined && result.stopped !== 'source' ? claimedId(result) : undefined;
  if (snapshotId === undefined) {
    const outcome = endedWithout(repository, ended, brokenOff);
    const left = before === undefined ? '' : await leftBeneath(repository);
    return left === '' ? outcome : withMore(outcome, left);
  }

  hooks.onVerifying?.();
  const figures = figuresOf(result);
  const time = ownTime ?? isoOr(result.summary?.['backup_start'], startedMs);
  if (way !== undefined && way.marks.length > 0) {
    const whole = await removeTags(repository, { id: snapshotId, runId: request.runId, time }, way.marks);
    if (!whole.ok) return failed(whole.failure);
    snapshotId = whole.value;
  }
  const claimed: SnapshotClaim = {
    snapshotId,
    time,
    figures,
    exitCode: result.exitCode ?? 0,
    unreadable: result.errors.map(({ item }) => item),
    ...(before === undefined ? {} : { repositoryId: before.repositoryId }),
  };
  // In one turn, so that one probe process does both.
  const [after, early] = await Promise.all([
    lookAtFolders(request),
    before === undefined ? undefined : lookForSnapshot(repository, claimed, request, before),
  ]);
  const shortfall = whyPartial(repository, request, ended, figures, lostSource(sources, after));
  const claim = shortfall === undefined ? claimed : { ...claimed, ...shortfall };
  return verify(repository, claim, request, { startedMs, ...(early === undefined ? {} : { early }) });
}

/** A stream has no folders. */
function lookAtFolders(request: BackupRequest): Promise<Source[]> {
  return request.stream === undefined ? lookAtSources(request.paths) : Promise.resolve([]);
}

/** Will it need the repository for itself, to take the marks from a stream's snapshot? */
async function isPiped(repository: ResticRepository, request: BackupRequest): Promise<boolean> {
  if (request.stream === undefined) return false;
  // A restic that is missing is reported by the attempt itself.
  return await repository.binary().then(
    ({ version }) => !startsPrograms(version),
    () => false,
  );
}

/** Is it not one of those that were accepted at this place? */
async function isForeign(
  repository: ResticRepository,
  repositoryId: string,
  memories: RepositoryMemories | undefined,
): Promise<boolean> {
  try {
    return (await memories?.accepts(repository, repositoryId)) === false;
  } catch (error) {
    // What cannot be remembered must not keep backups from being made.
    repository.host.logger.warn(repository.failureOf(error).reason);
    return false;
  }
}

/** What was found right after the run, when this is not a later look. */
interface FirstLook {
  readonly startedMs: number;
  readonly early?: Awaited<ReturnType<typeof lookForSnapshot>>;
}

async function verify(
  repository: ResticRepository,
  claim: SnapshotClaim,
  request: BackupRequest,
  first?: FirstLook,
): Promise<BackupOutcome> {
  const { figures, exitCode } = claim;
  const look = first?.early ?? (await lookForSnapshot(repository, claim, request));
  if (look.kind === 'absent') {
    repository.host.logger.warn(look.failure.reason);
    return failed({ ...look.failure, exitCode });
  }
  if (look.kind === 'unknown') return { kind: 'unverified', claim, failure: look.failure };
  const identity =
    claim.repositoryId === undefined
      ? await repositoryIdentity(repository, first === undefined ? {} : { usedSinceMs: first.startedMs })
      : { ok: true as const, value: claim.repositoryId };
  if (!identity.ok)
    return { kind: 'unverified', claim, failure: { ...identity.failure, class: 'unverified' } };
  const found = { figures, repositoryId: identity.value };
  if (claim.partialReason === undefined) return { kind: 'succeeded', snapshot: look.snapshot, ...found };
  const { partialReason: reason, heldBack = false, unreadable } = claim;
  return { kind: 'partial', snapshot: look.snapshot, ...found, reason, heldBack, unreadable };
}

/** The outcome with its snapshot tagged as incomplete. `isAlone`: the lane is held exclusively. */
async function marked(
  repository: ResticRepository,
  partial: Extract<BackupOutcome, { kind: 'partial' }>,
  isAlone: boolean,
): Promise<BackupOutcome> {
  const { snapshot, problem } = isAlone
    ? await tagIncomplete(repository, partial.snapshot)
    : untagged(repository, partial.snapshot, repository.text('cancelled.queued'));
  const reason = [partial.reason, problem].filter((text) => text !== '').join(' ');
  return { ...partial, snapshot, reason };
}

/** Arguments of `restic backup` after the command's name. `time`: ISO 8601 UTC, whole seconds; `way`: of a stream. */
export function backupArguments(request: BackupRequest, time: string | undefined, way?: StreamWay): string[] {
  const { excludeFile = '', excludeLargerThan = '' } = request;
  return [
    '--json',
    '--host',
    request.host,
    ...[...snapshotTags(request), ...(way?.marks ?? [])].flatMap((tag) => ['--tag', tag]),
    ...request.excludes.flatMap((pattern) => ['--exclude', pattern]),
    ...(excludeFile === '' ? [] : ['--exclude-file', resolve(excludeFile)]),
    ...(request.excludeCaches ? ['--exclude-caches'] : []),
    ...(excludeLargerThan === '' ? [] : ['--exclude-larger-than', excludeLargerThan]),
    ...(request.oneFileSystem ? ['--one-file-system'] : []),
    ...(time === undefined ? [] : ['--time', time.slice(0, 19).replace('T', ' ')]),
    ...(way?.arguments ?? ['--', ...request.paths]),
  ];
}

function missingSource(repository: ResticRepository, sources: readonly Source[]): Failure | undefined {
  const source = sources.find(({ state }) => state !== 'present');
  if (source === undefined) return undefined;
  const key = source.state === 'missing' ? 'source.missing' : 'source.unknown';
  return { class: 'source-missing', reason: repository.text(key, { path: source.path }) };
}

/** A snapshot's id, or the beginning of one that restic 0.14 tells. It becomes the name of a file. */
const SNAPSHOT_ID = /^[0-9a-f]{8,64}$/;

/** The snapshot that restic says it saved: also when it was asked to stop and was just done. */
function claimedId({ exitCode, summary }: ProcessResult): string | undefined {
  const id = summary?.['snapshot_id'];
  const isId = typeof id === 'string' && SNAPSHOT_ID.test(id);
  return isId && (exitCode === 0 || exitCode === 3) ? id : undefined;
}

/** An attempt that made no snapshot. */
type Fruitless = Extract<BackupOutcome, { kind: 'failed' | 'cancelled' }>;

function withMore(outcome: Fruitless, sentence: string): BackupOutcome {
  if (outcome.kind === 'cancelled') return { ...outcome, reason: `${outcome.reason} ${sentence}` };
  const { failure } = outcome;
  return failed({ ...failure, reason: `${failure.reason} ${sentence}` });
}

function endedWithout(
  repository: ResticRepository,
  { classification, failure, result }: CommandOutcome,
  brokenOff?: Failure,
): Fruitless {
  if (classification.kind === 'cancelled')
    return { kind: 'cancelled', reason: repository.text('cancelled.running') };
  const isOurs = result.stopped !== undefined && result.stopped !== 'source';
  if (brokenOff !== undefined && !isOurs) return failed(brokenOff);
  return failed(failure ?? { class: 'unknown', reason: repository.text('backup.nothingSaved') });
}

/** Why a snapshot can only be partial, and whether a guard says so. */
type Shortfall = Required<Pick<SnapshotClaim, 'partialReason' | 'heldBack'>>;

/** Why this backup is not all that the plan wanted; undefined when it is. The gravest reason comes first. */
function whyPartial(
  repository: ResticRepository,
  request: BackupRequest,
  { classification, result }: CommandOutcome,
  figures: BackupFigures,
  lost: string | undefined,
): Shortfall | undefined {
  const { previous } = request;
  const size = { files: figures.filesTotal, bytes: figures.bytesTotal };
  const because = (key: string, heldBack: boolean, values: TextValues = {}): Shortfall => ({
    partialReason: repository.text(`partial.${key}`, values),
    heldBack,
  });
  if (classification.class === 'corrupt') return because('damage', false, { detail: classification.detail });
  if (lost !== undefined) return because('lost', true, { path: lost });
  if (previous !== undefined && shrank(size, previous, request.shrinkLimit)) {
    return because(request.stream === undefined ? 'shrank' : 'shrankStream', true, {
      files: size.files,
      size: formatSize(size.bytes),
      filesBefore: previous.files,
      sizeBefore: formatSize(previous.bytes),
      limit: request.shrinkLimit,
    });
  }
  if (request.stream !== undefined && size.bytes === 0) return because('emptyStream', true);
  if (previous === undefined && size.files === 0) return because('empty', true);
  if (classification.kind !== 'partial') return undefined;
  const skipped = result.signs.some(({ sign }) => sign === 'source-skipped');
  const unreadableOnly = !skipped && classification.class === undefined && result.errorCount > 0;
  if (unreadableOnly && request.unreadableAccepted) return undefined;
  // A source that restic left out was not there.
  if (!unreadableOnly) return because('other', skipped, { detail: classification.detail });
  return because('unreadable', false, { count: result.errorCount, first: result.errors[0]?.item ?? '' });
}

function figuresOf({ summary = {}, durationMs }: ProcessResult): BackupFigures {
  const number = (name: string): number => (typeof summary[name] === 'number' ? summary[name] : 0);
  return {
    filesNew: number('files_new'),
    filesChanged: number('files_changed'),
    filesUnmodified: number('files_unmodified'),
    filesTotal: number('total_files_processed'),
    bytesTotal: number('total_bytes_processed'),
    bytesAdded: number('data_added_packed') || number('data_added'),
    durationMs,
  };
}

function isoOr(time: unknown, otherwiseMs: number): string {
  const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return new Date(Number.isNaN(ms) ? otherwiseMs : ms).toISOString();
}

function failed(failure: Failure): Extract<BackupOutcome, { kind: 'failed' }> {
  return { kind: 'failed', failure };
}
