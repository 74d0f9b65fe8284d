import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { mountOf, readMounts } from '../drive/mountinfo.ts';
import { probe } from '../drive/probe.ts';
import type { Language } from '../language.ts';
import { translateBriefly } from '../language.ts';
import type { TextValues } from '../problem.ts';
import { Problem } from '../problem.ts';
import type { RecordedProcess } from '../system-process.ts';
import { processesIn } from '../system-process.ts';
import { canCache } from './cache-room.ts';
import type { LaneHold, LaneMode, Lanes } from './lane.ts';
import { laneKey, localPath, processLanes } from './lane.ts';
import { LeftBehind } from './left-behind.ts';
import type { Failure, Progress } from './outcome.ts';
import { rememberProcess } from './own-processes.ts';
import type { Place } from './place.ts';
import { place } from './place.ts';
import type { ResticBinary } from './process/binary.ts';
import { atLeast, locateRestic } from './process/binary.ts';
import type { Classification } from './process/classify.ts';
import { classify, failureSentence } from './process/classify.ts';
import { resticEnvironment } from './process/environment.ts';
import type { FeedSpec } from './process/feed.ts';
import { redactor } from './process/redact.ts';
import type { ProcessResult, StopReason } from './process/run.ts';
import type { RepositorySettings } from './repository-settings.ts';

/** What a repository needs from the program it lives in. */
export interface RepositoryHost {
  /** Normally `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A folder of ours; caches live under it. Created when missing. */
  readonly dataFolder: string;
  readonly language: Language;
  readonly clock: Clock;
  readonly logger: RepositoryLogger;
}

/** Where a repository writes what a person may want to know later; texts are redacted and in the host's language. */
export interface RepositoryLogger {
  warn(text: string): void;
}

/** What a caller hears while something runs in a repository's lane. */
export interface RunHooks {
  /** The lane is not free; 1: next. */
  readonly onQueued?: (position: number) => void;
  readonly onStarted?: (process: RecordedProcess) => void;
  readonly onProgress?: (progress: Progress) => void;
}

/** One restic command on a repository. */
export interface Command {
  /** restic's command and its arguments; options of the repository are added. */
  readonly arguments: readonly [command: string, ...rest: readonly string[]];
  readonly hooks?: RunHooks;
  /** Aborted: SIGINT and a grace. `signal.reason` may be `cancel` (default), `device` or `shutdown`. */
  readonly signal?: AbortSignal;
  /** Bytes of stdout to keep. */
  readonly collectStdout?: number;
  readonly onDocument?: (json: Record<string, unknown>) => void;
  /** Variables beside those of the repository. */
  readonly environment?: Readonly<Record<string, string>>;
  /** All variables, where two repositories meet (`copyEnvironment`). */
  readonly wholeEnvironment?: (cacheFolder: string) => Record<string, string>;
  /** What restic reads from its standard input. */
  readonly feed?: FeedSpec;
  /** Stopped after so long without a sign of progress. */
  readonly stallMs?: number;
  /** Stopped after so long, whatever it does. */
  readonly timeLimitMs?: number;
  /** The caller has just seen the repository on its drive: no further look is needed before the start. */
  readonly driveSeen?: boolean;
  /** Does this command only read? Then a drive that cannot be written is no reason to stop it. */
  readonly readsOnly?: boolean;
}

/** How a command went; `failure` is set unless it went well or partly well. */
export interface CommandOutcome {
  readonly result: ProcessResult;
  readonly classification: Classification;
  readonly failure?: Failure;
}

/** Enough for the lists of very large repositories (about 1 KB a snapshot). */
export const DOCUMENT_BYTES: number = 64 * 2 ** 20;

/** restic 0.18 and newer try for 15 minutes to reach a server that is down. */
const START_LIMIT_MS = 60_000;
const DRIVE_PROBE_TIMEOUT_MS = 5000;

/** A configured repository: everything that runs restic on it goes through here. */
export class ResticRepository {
  readonly settings: RepositorySettings;
  readonly host: RepositoryHost;
  /** Folder of a local repository. */
  readonly localPath: string | undefined;
  /** Takes the repository's secrets out of a text. */
  readonly redact: (text: string) => string;
  readonly #lanes: Lanes;
  #laneKey: Promise<string> | undefined;
  #toldNoCache = false;

  constructor(settings: RepositorySettings, host: RepositoryHost, lanes: Lanes = processLanes) {
    this.settings = settings;
    this.host = host;
    this.localPath = localPath(settings.url);
    this.redact = redactor(settings.secrets, settings.url);
    this.#lanes = lanes;
  }

  /** What names its lane; equal for two nodes that mean the same repository. */
  laneKey(): Promise<string> {
    this.#laneKey ??= laneKey(this.settings.url);
    return this.#laneKey;
  }

  /** restic on this machine. Throws what `locateRestic` throws. */
  binary(): Promise<ResticBinary> {
    return locateRestic(this.settings.binary, this.host.env);
  }

  /** Waits for the lane (and for those of `others`); undefined when the signal was aborted before. */
  async enterLane(
    mode: LaneMode,
    hooks: RunHooks,
    signal?: AbortSignal,
    others: readonly ResticRepository[] = [],
  ): Promise<LaneHold | undefined> {
    const keys = await Promise.all([this, ...others].map((repository) => repository.laneKey()));
    return this.#lanes.enter({
      claims: keys.map((key) => ({ key, mode })),
      ...(signal === undefined ? {} : { signal }),
      ...(hooks.onQueued === undefined ? {} : { onQueued: hooks.onQueued }),
    });
  }

  /**
   * Runs restic once, in no lane: callers hold the lane where it matters. Never rejects for what restic or the drive
   * does; throws Problem when restic cannot be run at all (see `failureOf`).
   */
  async run(command: Command): Promise<CommandOutcome> {
    const binary = await this.binary();
    const cacheFolder = await this.cacheFolder();
    const hasCache = await canCache(cacheFolder);
    if (!hasCache) this.#tellNoCache(cacheFolder);
    const environment =
      command.wholeEnvironment?.(cacheFolder) ??
      resticEnvironment(this.settings, { env: this.host.env, cacheFolder });
    const { hooks = {}, signal } = command;
    const mayLock = !command.arguments.includes('--no-lock');
    const notes = mayLock ? await this.leftBehind() : undefined;
    // Loaded with the first run, not with Node-RED.
    const { startRestic } = await import('./process/run.ts');
    const isMounted = this.localPath === undefined ? undefined : await this.#mountWatch();
    const workingFolder = await this.#workingFolder(
      hasCache ? cacheFolder : tmpdir(),
      command.driveSeen === true,
    );
    const start = notes?.noteStart(this.host.clock.now());
    const process = startRestic({
      binary,
      arguments: this.#argumentsOf(command, binary, hasCache),
      environment: { ...environment, ...command.environment },
      workingFolder,
      redact: this.redact,
      clock: this.host.clock,
      ...(command.feed === undefined ? {} : { feed: command.feed }),
      ...(hooks.onProgress === undefined ? {} : { onProgress: hooks.onProgress }),
      ...(command.onDocument === undefined ? {} : { onDocument: command.onDocument }),
      ...(command.collectStdout === undefined ? {} : { collectStdout: command.collectStdout }),
      // restic says nothing while it waits for a lock.
      ...(command.stallMs === undefined
        ? {}
        : { stallMs: command.stallMs + (this.settings.retryLockMs ?? 0) }),
      ...(isMounted === undefined
        ? { startLimitMs: START_LIMIT_MS }
        : { driveProbe: () => this.#driveAnswers(command.readsOnly === true), isMounted }),
    });
    const stop = (): void => process.stop(stopReason(signal));
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    const clearLimit =
      command.timeLimitMs === undefined
        ? undefined
        : this.host.clock.after(command.timeLimitMs, () => process.stop('stall', { graceMs: 5000 }));
    try {
      await process.started;
      const { pid, startTicks } = process;
      if (pid !== undefined) {
        rememberProcess({ pid, startTicks });
        if (start !== undefined) notes?.note({ pid, startTicks }, start);
        hooks.onStarted?.({ pid, startTicks });
      } else if (start !== undefined) notes?.dropStart(start);
      const outcome = this.#outcomeOf(command.arguments[0], await process.done);
      if (pid !== undefined && outcome.failure === undefined) notes?.drop({ pid, startTicks });
      return outcome;
    } finally {
      signal?.removeEventListener('abort', stop);
      clearLimit?.();
    }
  }

  /** What a Problem on the way to restic means for an attempt. Anything else is a bug and is thrown on. */
  failureOf(error: unknown): Failure {
    if (!(error instanceof Problem)) throw error;
    return {
      class: error.code === 'credentials-missing' ? 'credentials-missing' : 'config',
      reason: error.in(this.host.language).message,
    };
  }

  /**
   * Looks at the place of a local repository before restic is started: on a drive that is not there it would hang,
   * or find nothing. Both are undefined for a remote one.
   */
  async lookAtPlace(): Promise<{ readonly place?: Place; readonly obstacle?: Failure }> {
    const path = this.localPath;
    if (path === undefined) return {};
    const look = await place(path);
    switch (look.found) {
      case 'repository':
        return { place: look.place };
      case 'no-repository':
        return { obstacle: { class: 'repo-missing', reason: this.text('place.missing', { path }) } };
      case 'nothing':
        return { obstacle: { class: 'device-unavailable', reason: this.text('place.nothing', { path }) } };
      default:
        return { obstacle: { class: 'device-unavailable', reason: this.text('place.unknown', { path }) } };
    }
  }

  /** A text of ours in the host's language. */
  text(key: string, values: TextValues = {}): string {
    return translateBriefly(this.host.language, `restic:${key}`, values);
  }

  /** The folder for restic's cache. Each repository has its own, so that its one entry tells the id. */
  async cacheFolder(): Promise<string> {
    return this.settings.cacheFolder ?? join(this.host.dataFolder, 'cache', await this.#name());
  }

  #tellNoCache(path: string): void {
    if (!this.#toldNoCache) this.host.logger.warn(this.text('cache.none', { path }));
    this.#toldNoCache = true;
  }

  /** Its restics that have not ended well. Beside the caches: on another machine they would mean other processes. */
  async leftBehind(): Promise<LeftBehind> {
    return new LeftBehind(join(this.host.dataFolder, 'restics', await this.#name()));
  }

  /** Living restics that work where those on this repository do: ours, and perhaps others. */
  async restics(): Promise<RecordedProcess[]> {
    const folder = this.localPath === undefined ? await this.cacheFolder() : await this.laneKey();
    return processesIn(folder, 'restic');
  }

  /** A file name that stands for its lane. */
  async #name(): Promise<string> {
    const key = await this.laneKey();
    return createHash('sha256').update(key).digest('hex').slice(0, 16);
  }

  #argumentsOf(command: Command, binary: ResticBinary, hasCache: boolean): string[] {
    const [name, ...rest] = command.arguments;
    const { uploadLimit, downloadLimit, options, retryLockMs } = this.settings;
    const common = options.flatMap((option) => ['-o', option]);
    if (!hasCache) common.push('--no-cache');
    if (uploadLimit !== undefined) common.push('--limit-upload', String(uploadLimit));
    if (downloadLimit !== undefined) common.push('--limit-download', String(downloadLimit));
    if (retryLockMs !== undefined && retryLockMs > 0 && atLeast(binary.version, '0.16.0')) {
      common.push('--retry-lock', `${Math.ceil(retryLockMs / 1000)}s`);
    }
    return [name, ...common, ...rest];
  }

  /** On the drive, so that a plain unmount answers "target is busy" while restic runs. */
  async #workingFolder(elsewhere: string, driveSeen: boolean): Promise<string> {
    if (this.localPath === undefined) return elsewhere;
    if (driveSeen) return this.localPath;
    const found = await probe({ op: 'stat', path: this.localPath }, DRIVE_PROBE_TIMEOUT_MS);
    return found.ok && found.type === 'directory' ? this.localPath : elsewhere;
  }

  /** Tells, as often as asked, whether the repository's folder is still on the mount where it is now. */
  async #mountWatch(): Promise<() => Promise<boolean>> {
    const folder = await this.laneKey();
    const mountNow = async (): Promise<string | undefined> => {
      const mount = mountOf(folder, await readMounts());
      return mount && `${mount.id} ${mount.mountPoint}`;
    };
    const before = await mountNow();
    return async () => (await mountNow()) === before;
  }

  async #driveAnswers(readsOnly: boolean): Promise<boolean> {
    const path = this.localPath ?? '';
    const [config, written] = await Promise.all([
      probe({ op: 'read', path: join(path, 'config'), limit: 1 }, DRIVE_PROBE_TIMEOUT_MS),
      readsOnly ? { ok: true } : probe({ op: 'write', path }, DRIVE_PROBE_TIMEOUT_MS),
    ]);
    return config.ok && written.ok;
  }

  #outcomeOf(operation: string, result: ProcessResult): CommandOutcome {
    const classification = classify({ operation, localRepository: this.localPath !== undefined, result });
    if (classification.kind === 'ok' || classification.kind === 'partial') return { result, classification };
    return {
      result,
      classification,
      failure: {
        class: classification.class ?? (classification.kind === 'cancelled' ? 'interrupted' : 'unknown'),
        reason: failureSentence(classification, this.host.language),
        ...(result.exitCode === undefined ? {} : { exitCode: result.exitCode }),
        ...(result.signal === undefined ? {} : { signal: result.signal }),
      },
    };
  }
}

function stopReason(signal: AbortSignal | undefined): StopReason {
  const reason: unknown = signal?.reason;
  return reason === 'shutdown' || reason === 'device' ? reason : 'cancel';
}
