import type { MountEntry } from '../drive/mountinfo.ts';
import { mountOf, readMounts } from '../drive/mountinfo.ts';
import type { TextValues } from '../problem.ts';
import type { CommandEnd } from '../user-command.ts';
import { runUserCommand } from '../user-command.ts';
import { allowedEnvironment } from './process/environment.ts';
import type { ResticRepository } from './repository.ts';

/** Whether a drive is now as it was wanted, or in one sentence why not. */
export type DriveStep = { readonly done: true } | { readonly done: false; readonly reason: string };

/** How a drive command runs. */
export interface DriveStepOptions {
  /** Aborted: the queue is left, or the command is killed. */
  readonly signal?: AbortSignal;
  /** The caller holds the repository's lane, exclusively. */
  readonly laneHeld?: boolean;
  /** ms; default 2 minutes. */
  readonly timeLimitMs?: number;
}

const TIME_LIMIT_MS = 2 * 60_000;

const DONE: DriveStep = { done: true };

/**
 * Runs the repository's mount command in its lane. Done at once when a local repository can be read already (that is
 * looked at before the lane is entered too, where another backup may run for hours), and when there is no command.
 * Whether the right drive was mounted is not judged here. Never rejects.
 */
export async function mountDrive(
  repository: ResticRepository,
  options: DriveStepOptions = {},
): Promise<DriveStep> {
  const { mountCommand } = repository.settings;
  if (mountCommand === undefined || (await isReadable(repository))) return DONE;
  return inLane(repository, options, async () => {
    // Whoever had the lane before may have mounted it.
    if (options.laneHeld !== true && (await isReadable(repository))) return DONE;
    return run(repository, mountCommand, options);
  });
}

/**
 * Runs the repository's unmount command, alone in its lane, so that no restic of ours is using the drive. Done without
 * it when nothing is mounted there any more. A command that ended well and left the drive mounted is not done: its
 * power must not be cut. Without a command: not done. Never rejects.
 */
export async function unmountDrive(
  repository: ResticRepository,
  options: DriveStepOptions = {},
): Promise<DriveStep> {
  const { unmountCommand } = repository.settings;
  if (unmountCommand === undefined) return notDone(repository, 'drive.noUnmountCommand');
  return inLane(repository, options, async () => {
    const before = await mountOfDrive(repository);
    if (before === 'none') return DONE;
    const step = await run(repository, unmountCommand, options);
    const after = await mountOfDrive(repository);
    if (before === undefined || after === undefined) return step;
    if (after === 'none' || after.mountPoint !== before.mountPoint) return DONE;
    return step.done ? notDone(repository, 'drive.stillMounted', { path: before.mountPoint }) : step;
  });
}

async function inLane(
  repository: ResticRepository,
  options: DriveStepOptions,
  work: () => Promise<DriveStep>,
): Promise<DriveStep> {
  if (options.laneHeld === true) return work();
  const hold = await repository.enterLane('exclusive', {}, options.signal);
  if (hold === undefined) return notDone(repository, 'drive.cancelled');
  try {
    return await work();
  } finally {
    hold.release();
  }
}

async function isReadable(repository: ResticRepository): Promise<boolean> {
  const { place } = await repository.lookAtPlace();
  return place !== undefined;
}

/**
 * The mount of a local repository, without a touch of the drive (an automount would mount it again). `none`: only the
 * system's own root, or an automount that has nothing mounted; undefined: a remote repository, or no mountinfo.
 */
async function mountOfDrive(repository: ResticRepository): Promise<MountEntry | 'none' | undefined> {
  if (repository.localPath === undefined) return undefined;
  const mount = mountOf(await repository.laneKey(), await readMounts());
  return mount !== undefined && (mount.mountPoint === '/' || mount.fsType === 'autofs') ? 'none' : mount;
}

async function run(
  repository: ResticRepository,
  command: readonly [string, ...string[]],
  { signal, timeLimitMs = TIME_LIMIT_MS }: DriveStepOptions,
): Promise<DriveStep> {
  const end = await runUserCommand({
    command,
    environment: allowedEnvironment(repository.host.env),
    workingFolder: '/',
    timeoutMs: timeLimitMs,
    ...(signal === undefined ? {} : { signal }),
  });
  return stepOf(repository, command[0], end, timeLimitMs);
}

function stepOf(
  repository: ResticRepository,
  command: string,
  end: CommandEnd,
  timeLimitMs: number,
): DriveStep {
  const seconds = Math.round(timeLimitMs / 1000);
  switch (end.kind) {
    case 'exited': {
      if (end.exitCode === 0) return DONE;
      const line = repository.redact(end.line);
      const key = line === '' ? 'drive.exited' : 'drive.said';
      return notDone(repository, key, { command, code: end.exitCode, line });
    }
    case 'killed':
      return notDone(repository, 'drive.killed', { command, signal: end.signal });
    case 'not-started':
      return notDone(repository, end.code === 'ENOENT' ? 'drive.absent' : 'drive.notStarted', {
        command,
        code: end.code,
      });
    case 'aborted':
      return notDone(repository, 'drive.cancelled');
    case 'too-long':
      return notDone(repository, end.stopped ? 'drive.tooLong' : 'drive.unstoppable', { command, seconds });
    case 'hanging':
      return notDone(repository, 'drive.hanging', { command });
  }
}

function notDone(repository: ResticRepository, key: string, values: TextValues = {}): DriveStep {
  return { done: false, reason: repository.text(key, values) };
}
