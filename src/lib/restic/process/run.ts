import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { startTicksOf } from '../../system-process.ts';
import type { Progress } from '../outcome.ts';
import type { ResticBinary } from './binary.ts';
import { OutputCollector } from './collect.ts';
import type { FeedSpec } from './feed.ts';
import { Feed } from './feed.ts';
import { isRecord } from './lines.ts';
import { ProgressTracker } from './progress.ts';
import type { ProcessResult, StopReason } from './result.ts';
import { Watch } from './watch.ts';

export type { ProcessResult, StopReason } from './result.ts';

/** One restic process to start. */
export interface ProcessSpec {
  readonly binary: ResticBinary;
  /** Without the binary; secrets never go in here. */
  readonly arguments: readonly string[];
  /** All of restic's environment (`resticEnvironment`); nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** For a local repository a folder on its drive, so that a plain unmount is refused while we run. */
  readonly workingFolder: string;
  /** Takes secrets out of a text (`redactor`). */
  readonly redact: (text: string) => string;
  /** At most once a second, and a last time when restic ends. */
  readonly onProgress?: (progress: Progress) => void;
  /** Each JSON object on stdout other than `status` (also `summary`); not redacted. */
  readonly onDocument?: (json: Record<string, unknown>) => void;
  /** Bytes of stdout to keep, for commands with one document or with text. Default 0. */
  readonly collectStdout?: number;
  /** From SIGINT to SIGKILL. Default 80 s: with a dead back end restic needs 60 s to clean up. */
  readonly graceMs?: number;
  /** Stop with `stall` after so long without growth of files and bytes and without a line that shows life. */
  readonly stallMs?: number;
  /** Local repository: is the drive well? Asked when restic retries, at most every 10 s; false stops with `device`. */
  readonly driveProbe?: () => Promise<boolean>;
  /** Local repository: is its drive still mounted where it was? Asked all the time; false stops with `device`. */
  readonly isMounted?: () => Promise<boolean>;
  /** Remote repository: stop with `network` when restic only retries for so long after its start. */
  readonly startLimitMs?: number;
  /** restic's standard input; without it there is none. */
  readonly feed?: FeedSpec;
  readonly clock: Clock;
}

/** A restic process that was started. */
export interface ResticProcess {
  /** Undefined until `started`, and for ever if the binary could not be started. */
  readonly pid: number | undefined;
  /** Field 22 of `/proc/<pid>/stat`: with `pid` it recognises the process after our own death. Linux only. */
  readonly startTicks: number | null;
  /** Settles when `pid` is known or the start failed. Never rejects. */
  readonly started: Promise<void>;
  /** Settles when restic has ended and its output is read. Never rejects. */
  readonly done: Promise<ProcessResult>;
  /** SIGINT, once; SIGKILL after the grace. A later call changes only the grace (a shorter one counts). */
  stop(reason: StopReason, options?: { readonly graceMs?: number }): void;
}

const GRACE_MS = 80_000;
/** A restic whose input broke off has nothing to wait for. */
const FEED_GRACE_MS = 20_000;

/** A child of restic (ssh, rclone) may hold our pipes open after restic's end; we do not wait longer for it. */
const PIPES_AFTER_EXIT_MS = 5000;

const nothing = (): void => {};

/** Starts restic in its own process group. Returns at once; see `started` and `done`. */
export function startRestic(spec: ProcessSpec): ResticProcess {
  return new RunningRestic(spec);
}

class RunningRestic implements ResticProcess {
  readonly started: Promise<void>;
  readonly done: Promise<ProcessResult>;
  pid: number | undefined;
  startTicks: number | null = null;
  readonly #spec: ProcessSpec;
  readonly #progress: ProgressTracker;
  readonly #watch: Watch;
  readonly #collector: OutputCollector;
  readonly #feed = new Feed();
  #stopped: StopReason | undefined;
  #interruptSent = false;
  #killSent = false;
  #exited = false;
  #killAt = Number.POSITIVE_INFINITY;
  #cancelKill = nothing;

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    this.#progress = new ProgressTracker(spec.clock, (progress) => safely(() => spec.onProgress?.(progress)));
    this.#watch = new Watch(spec, this.#progress, (reason) => this.stop(reason));
    this.#collector = new OutputCollector({
      redact: spec.redact,
      ...(spec.collectStdout === undefined ? {} : { collectStdout: spec.collectStdout }),
      listener: {
        onStatus: (line) => this.#progress.status(line),
        onTextProgress: (line) => this.#progress.text(line),
        onDocument: (json) => safely(() => spec.onDocument?.(json)),
        onRetry: () => this.#watch.retry(),
        onLife: () => this.#watch.life(),
      },
    });
    const startedAt = spec.clock.now();
    let known = nothing;
    this.started = new Promise((resolve) => {
      known = resolve;
    });
    this.done = this.#run(known)
      .catch((error: unknown) => ({ spawnError: spawnErrorOf(error) }))
      .then((end) => this.#finish(end, startedAt))
      .finally(known);
  }

  stop(reason: StopReason, options: { readonly graceMs?: number } = {}): void {
    if (this.#exited) return;
    this.#stopped ??= reason;
    this.#interrupt();
    const { clock } = this.#spec;
    const grace = options.graceMs ?? this.#spec.graceMs ?? GRACE_MS;
    if (clock.now() + grace >= this.#killAt) return;
    this.#killAt = clock.now() + grace;
    this.#cancelKill();
    this.#cancelKill = clock.after(grace, () => this.#kill());
  }

  async #run(known: () => void): Promise<ProcessEnd> {
    const { execa } = await import('execa');
    // Stopped before it began.
    if (this.#stopped !== undefined) return {};
    const { binary, environment, workingFolder, feed } = this.#spec;
    const child = execa(binary.path, [...this.#spec.arguments], {
      cwd: workingFolder,
      env: environment,
      extendEnv: false,
      stdin: feed === undefined ? 'ignore' : 'pipe',
      buffer: false,
      reject: false,
      // Its own process group: a Ctrl-C for us must not reach it, and our end must not kill it.
      detached: true,
      cleanup: false,
    });
    this.pid = child.pid;
    if (this.pid !== undefined) {
      this.startTicks = startTicksOf(this.pid);
      this.#watch.start();
    }
    this.#drain(child);
    if (feed !== undefined && child.stdin !== null && child.pid !== undefined) {
      void this.#feed.start(feed, workingFolder, child.stdin, {
        onStderr: (chunk) => this.#collector.push('stderr', chunk),
        onFailed: () => this.stop('source', { graceMs: FEED_GRACE_MS }),
      });
    }
    known();
    const end = await child;
    if (child.pid === undefined) return { spawnError: spawnErrorOf(end, workingFolder) };
    return {
      ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
      ...(end.signal === undefined ? {} : { signal: end.signal }),
    };
  }

  #drain(child: Child): void {
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Uint8Array) => {
        if (name === 'stdout') this.#watch.output();
        this.#collector.push(name, chunk);
      });
    }
    child.on('exit', () => {
      this.#exited = true;
      this.#cancelKill();
      this.#watch.end();
      this.#feed.end();
      this.#spec.clock.after(PIPES_AFTER_EXIT_MS, () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
    });
  }

  #finish(end: ProcessEnd, startedAt: number): ProcessResult {
    this.#exited = true;
    this.#cancelKill();
    this.#watch.end();
    this.#collector.end();
    this.#progress.end();
    return {
      ...this.#collector.result(),
      ...end,
      ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }),
      killed: this.#killSent && end.signal === 'SIGKILL',
      durationMs: Math.max(0, this.#spec.clock.now() - startedAt),
    };
  }

  /** restic ignores a second SIGINT, and its children may not. */
  #interrupt(): void {
    if (this.pid === undefined || this.#interruptSent) return;
    this.#interruptSent = true;
    this.#signal('SIGINT');
  }

  #kill(): void {
    if (this.pid === undefined || this.#exited) return;
    this.#killSent = true;
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.pid === undefined || this.#exited) return;
    try {
      process.kill(process.platform === 'win32' ? this.pid : -this.pid, signal);
    } catch {
      // It has ended, and its exit is on the way to us.
    }
  }
}

/** What we need of the child process. */
interface Child {
  readonly stdout: Readable;
  readonly stderr: Readable;
  on(event: 'exit', listener: () => void): unknown;
}

type ProcessEnd = Pick<ProcessResult, 'exitCode' | 'signal' | 'spawnError'>;

/** Calls what others gave us: their mistakes must not stop us reading, or restic would stand still. */
function safely(fn: () => void): void {
  try {
    fn();
  } catch {
    // The caller's own affair.
  }
}

function spawnErrorOf(
  error: unknown,
  workingFolder = '',
): { readonly code: string; readonly message: string } {
  const { code, originalMessage, message } = isRecord(error) ? error : {};
  // The words for it (execa's are a TypeError without a code) quote the text that has the NUL, which may be a password.
  if (code === 'ERR_INVALID_ARG_VALUE' || error instanceof TypeError) {
    return { code: 'ERR_INVALID_ARG_VALUE', message: 'an argument or a variable has a NUL character in it' };
  }
  // Node reports a missing working folder as if the binary were missing.
  if (typeof message === 'string' && message.includes('The "cwd" option is')) {
    return { code: 'working-folder-missing', message: `${workingFolder} is not there` };
  }
  return {
    code: typeof code === 'string' ? code : 'unknown',
    message: typeof originalMessage === 'string' ? originalMessage : String(error),
  };
}
