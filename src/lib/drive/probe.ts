import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Something to ask of a file system that may not answer. Paths may be relative to our working directory. */
export type ProbeRequest =
  /** What `path` is, symbolic links followed; triggers an automount. */
  | { readonly op: 'stat'; readonly path: string }
  /** Where `path` is with symbolic links followed; triggers no automount at its end. */
  | { readonly op: 'resolve'; readonly path: string }
  /** Whether anything is in the folder `path`; triggers an automount, and reads one name at most. */
  | { readonly op: 'list'; readonly path: string }
  /** The first `limit` bytes of a file. */
  | { readonly op: 'read'; readonly path: string; readonly limit: number }
  /** A small file is created, written, synced and removed in the folder `path`. */
  | { readonly op: 'write'; readonly path: string };

/** What a `stat` probe found. Numbers that may exceed 2^53 are decimal texts. */
export interface ProbeStat {
  readonly realPath: string;
  readonly type: 'file' | 'directory' | 'other';
  readonly device: string;
  /** Device of the folder that contains `realPath`; equal for `/`. */
  readonly parentDevice: string;
  readonly inode: string;
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
  readonly modifiedMs: number;
  readonly totalBytes: number;
  /** What an unprivileged process can use. */
  readonly freeBytes: number;
  /** 0: the file system has no fixed limit (btrfs, exfat). */
  readonly totalInodes: number;
  readonly freeInodes: number;
}

/** What each kind of request finds. */
export interface ProbeFindings {
  readonly stat: ProbeStat;
  readonly resolve: { readonly realPath: string };
  readonly list: { readonly empty: boolean };
  readonly read: { readonly content: Buffer };
  readonly write: object;
}

export interface ProbeFailure {
  readonly ok: false;
  /**
   * An errno code such as `ENOENT`; `TIMEOUT`: no answer in time; `TOO_MANY_ABANDONED`: not even asked, because too
   * many earlier probes still hang; `NO_ANSWER`: the probe process ended early.
   */
  readonly code: string;
  readonly message: string;
}

export type ProbeAnswer<Op extends ProbeRequest['op'] = ProbeRequest['op']> =
  | ({ readonly ok: true } & ProbeFindings[Op])
  | ProbeFailure;

/** A probe process that was killed but has not ended: the kernel holds it in a call to a dead drive. */
export interface AbandonedProbe {
  readonly pid: number | undefined;
  /** ms since the epoch. */
  readonly since: number;
  /** Paths without an answer. */
  readonly paths: readonly string[];
}

/** What the probe process sends for the request at `index` of those it was given. */
export interface ProbeReply {
  readonly index: number;
  readonly answer: ProbeAnswer;
}

/** Requests that one process works on; each has a thread of its own there, so none waits for another. */
const REQUESTS_PER_CHILD = 16;
const MOST_ABANDONED = 8;

/**
 * To start a process costs far more than to ask it (60 ms of CPU on a fast machine), and a check that waits looks again
 * within this time. A process that rests takes 22 MB.
 */
const REST_MS = 30_000;

interface Pending {
  readonly request: ProbeRequest;
  readonly timeoutMs: number;
  readonly settle: (answer: ProbeAnswer) => void;
}

/**
 * Runs file-system calls in short-lived processes, because a call to a dead drive can hang for ever and four of them
 * would stall every file and name look-up of Node-RED. Requests made in the same turn share a process, and one that
 * has answered everything is asked again if that is soon.
 */
export class Prober {
  readonly #start: () => ChildProcess;
  readonly #abandoned = new Set<AbandonedProbe>();
  #collected: Pending[] = [];
  #resting: ChildProcess | undefined;
  #cancelRest: NodeJS.Timeout | undefined;

  /** `start` makes the process that works on requests. */
  constructor(start: () => ChildProcess = startProbeProcess) {
    this.#start = start;
  }

  /** The probe processes that still hang. */
  get abandoned(): readonly AbandonedProbe[] {
    return [...this.#abandoned];
  }

  /**
   * Asks, and gives up after `timeoutMs`. Never rejects. A path on which an earlier probe still hangs is answered
   * `TIMEOUT` at once.
   */
  probe<R extends ProbeRequest>(request: R, timeoutMs: number): Promise<ProbeAnswer<R['op']>> {
    return new Promise((settle) => {
      const pending = { request: { ...request, path: resolve(request.path) }, timeoutMs, settle };
      if (this.#collected.push(pending) === 1) setImmediate(() => this.#startCollected());
    });
  }

  #startCollected(): void {
    const collected = asOne(this.#collected);
    this.#collected = [];
    const askable = collected.filter((pending) => {
      const refusal = this.#refusal(pending.request.path);
      if (refusal !== undefined) pending.settle(refusal);
      return refusal === undefined;
    });
    for (let at = 0; at < askable.length; at += REQUESTS_PER_CHILD) {
      this.#ask(askable.slice(at, at + REQUESTS_PER_CHILD));
    }
  }

  #refusal(path: string): ProbeFailure | undefined {
    for (const { paths } of this.#abandoned) {
      if (paths.includes(path)) return failure('TIMEOUT', 'an earlier probe of this path still hangs');
    }
    if (this.#abandoned.size < MOST_ABANDONED) return undefined;
    return failure('TOO_MANY_ABANDONED', `${this.#abandoned.size} earlier probes still hang`);
  }

  #ask(batch: readonly Pending[]): void {
    const open = new Set(batch);
    const timers = new Map<Pending, NodeJS.Timeout>();
    let child: ChildProcess;
    const settle = (pending: Pending, answer: ProbeAnswer): void => {
      clearTimeout(timers.get(pending));
      open.delete(pending);
      pending.settle(answer);
    };
    const settleAll = (answer: ProbeFailure): void => {
      for (const pending of open) settle(pending, answer);
    };
    try {
      child = this.#wake() ?? this.#start();
    } catch (error) {
      settleAll(failureOf(error));
      return;
    }
    const hung: string[] = [];
    const giveUp = (pending: Pending): void => {
      hung.push(pending.request.path);
      settle(pending, failure('TIMEOUT', `no answer within ${pending.timeoutMs} ms`));
      if (open.size === 0) this.#abandon(child, hung);
    };
    for (const pending of batch) timers.set(pending, setTimeout(giveUp, pending.timeoutMs, pending));
    const onMessage = ({ index, answer }: ProbeReply): void => {
      const pending = batch[index];
      if (pending === undefined || !open.has(pending)) return;
      settle(pending, answer);
      if (open.size > 0) return;
      if (hung.length > 0) {
        this.#abandon(child, hung);
        return;
      }
      child.off('message', onMessage).off('error', onError).off('exit', onExit);
      this.#rest(child);
    };
    const onError = (error: Error): void => settleAll(failureOf(error));
    const onExit = (): void => settleAll(failure('NO_ANSWER', 'the probe process ended without an answer'));
    child.on('message', onMessage).once('error', onError).once('exit', onExit);
    child.send(
      batch.map((pending) => pending.request),
      (error) => {
        if (error !== null) settleAll(failureOf(error));
      },
    );
  }

  /** Keeps a process that has answered everything for a while; it does not keep us alive. */
  #rest(child: ChildProcess): void {
    if (this.#resting !== undefined || !child.connected) {
      if (child.connected) child.disconnect();
      return;
    }
    this.#resting = child;
    child.unref();
    child.channel?.unref();
    child.on('error', ignore);
    this.#cancelRest = setTimeout(() => this.#wake()?.disconnect(), REST_MS).unref();
  }

  /** The process that rests, if there is one and it is well; it rests no more. */
  #wake(): ChildProcess | undefined {
    const child = this.#resting;
    this.#resting = undefined;
    clearTimeout(this.#cancelRest);
    if (child?.connected !== true) return undefined;
    child.off('error', ignore);
    child.ref();
    child.channel?.ref();
    return child;
  }

  /** Kills a process that hangs, and counts it until the kernel lets go of it. */
  #abandon(child: ChildProcess, paths: readonly string[]): void {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const entry: AbandonedProbe = { pid: child.pid, since: Date.now(), paths };
    this.#abandoned.add(entry);
    child.once('exit', () => this.#abandoned.delete(entry));
    child.kill('SIGKILL');
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/** The prober of this process: what hangs is counted once, whoever asked. */
export const prober: Prober = new Prober();

/** Asks the prober of this process; see `Prober.probe`. */
export function probe<R extends ProbeRequest>(request: R, timeoutMs: number): Promise<ProbeAnswer<R['op']>> {
  return prober.probe(request, timeoutMs);
}

/** Starts the process that answers requests until it is disconnected. */
export function startProbeProcess(): ChildProcess {
  // `.ts` when our sources are run directly (tests), `.js` when built.
  const script = fileURLToPath(new URL(`./probe-child${extname(import.meta.url)}`, import.meta.url));
  return fork(script, [], {
    // Never a folder of the drive: it could not be unmounted.
    cwd: '/',
    env: { ...process.env, NODE_OPTIONS: '', UV_THREADPOOL_SIZE: String(REQUESTS_PER_CHILD * 2) },
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/** One question for all who ask to see the same in the same turn: plans share drives, and to start processes takes time. */
function asOne(collected: readonly Pending[]): Pending[] {
  const alike = new Map<string, Pending[]>();
  for (const [at, pending] of collected.entries()) {
    const { request, timeoutMs } = pending;
    const isLook = request.op === 'stat' || request.op === 'read';
    const question = isLook ? JSON.stringify([request, timeoutMs]) : String(at);
    alike.set(question, [...(alike.get(question) ?? []), pending]);
  }
  return [...alike.values()].flatMap((same) => {
    const settle = (answer: ProbeAnswer): void => same.forEach((pending) => pending.settle(answer));
    return same.slice(0, 1).map((first) => ({ ...first, settle }));
  });
}

/** A process that ends while it rests is simply not asked again. */
const ignore = (): void => {};

function failure(code: string, message: string): ProbeFailure {
  return { ok: false, code, message };
}

function failureOf(error: unknown): ProbeFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
  return failure(code, error instanceof Error ? error.message : String(error));
}
