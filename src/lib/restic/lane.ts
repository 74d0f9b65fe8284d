import { basename, dirname, join, resolve } from 'node:path';
import { probe } from '../drive/probe.ts';

/** `shared` jobs of one lane run side by side, an `exclusive` one runs alone. restic's own words for its locks. */
export type LaneMode = 'shared' | 'exclusive';

/** A lane and how it is wanted; `copy` wants two. */
export interface LaneClaim {
  readonly key: string;
  readonly mode: LaneMode;
}

/** A wish to enter one or more lanes. */
export interface LaneRequest {
  readonly claims: readonly LaneClaim[];
  /** Aborted while waiting: the request leaves the queue. */
  readonly signal?: AbortSignal;
  /** Called when the request has to wait, and whenever its position changes. 1: it is the next. */
  readonly onQueued?: (position: number) => void;
}

/** A lane that was entered. */
export interface LaneHold {
  /** Leaves the lanes; a second call does nothing. */
  release(): void;
}

interface Waiting {
  readonly request: LaneRequest;
  readonly enter: (hold: LaneHold) => void;
  told: number;
}

/**
 * The queues in front of the repositories: one lane per repository, first come first served within it, and a limit
 * on how many jobs run at once in all lanes. A job that waits for its own lane holds up no other lane.
 */
export class Lanes {
  readonly #limit: number;
  readonly #running = new Set<LaneRequest>();
  #queue: Waiting[] = [];

  /** `limit`: jobs at once across all lanes. */
  constructor(limit = 2) {
    this.#limit = limit;
  }

  /** Resolves when the lanes are entered; with undefined when the signal was aborted before. Never rejects. */
  enter(request: LaneRequest): Promise<LaneHold | undefined> {
    const { signal } = request;
    if (signal?.aborted === true) return Promise.resolve(undefined);
    return new Promise((settle) => {
      const leaveQueue = (): void => {
        this.#queue = this.#queue.filter((other) => other !== waiting);
        settle(undefined);
        this.#advance();
      };
      const waiting: Waiting = {
        request,
        told: 0,
        enter: (hold) => {
          signal?.removeEventListener('abort', leaveQueue);
          settle(hold);
        },
      };
      signal?.addEventListener('abort', leaveQueue, { once: true });
      this.#queue.push(waiting);
      this.#advance();
    });
  }

  #advance(): void {
    const stillWaiting: Waiting[] = [];
    const entered: Waiting[] = [];
    for (const waiting of this.#queue) {
      const blocked = (other: LaneRequest): boolean => inTheWay(other, waiting.request);
      const free =
        this.#running.size < this.#limit &&
        ![...this.#running].some(blocked) &&
        !stillWaiting.some((other) => blocked(other.request));
      if (free) {
        this.#running.add(waiting.request);
        entered.push(waiting);
      } else {
        stillWaiting.push(waiting);
      }
    }
    this.#queue = stillWaiting;
    for (const waiting of entered) waiting.enter(this.#hold(waiting.request));
    this.#tellPositions();
  }

  #hold(request: LaneRequest): LaneHold {
    return {
      release: () => {
        if (this.#running.delete(request)) this.#advance();
      },
    };
  }

  #tellPositions(): void {
    const full = this.#running.size >= this.#limit;
    for (const [index, waiting] of this.#queue.entries()) {
      // With every place taken the first in the queue goes first, whatever its lane.
      const ahead = full
        ? index
        : this.#queue.slice(0, index).filter((other) => shareLane(other.request, waiting.request)).length;
      const position = ahead + 1;
      if (position === waiting.told) continue;
      waiting.told = position;
      waiting.request.onQueued?.(position);
    }
  }
}

function shareLane(a: LaneRequest, b: LaneRequest): boolean {
  return a.claims.some((mine) => b.claims.some((other) => mine.key === other.key));
}

function inTheWay(earlier: LaneRequest, later: LaneRequest): boolean {
  return earlier.claims.some((mine) =>
    later.claims.some(
      (other) => mine.key === other.key && (mine.mode === 'exclusive' || other.mode === 'exclusive'),
    ),
  );
}

/** The lanes of this process: every repository node shares them. */
export const processLanes: Lanes = new Lanes();

/** Back ends of restic that a URL can name; anything else is a path. */
const REMOTE = /^(azure|b2|gs|rclone|rest|s3|sftp|swift):/;

const REAL_PATH_TIMEOUT_MS = 10_000;

/** The absolute folder of a local repository (`/path` or `local:/path`); undefined for remote ones. */
export function localPath(url: string): string | undefined {
  if (REMOTE.test(url)) return undefined;
  return resolve(url.replace(/^local:/, ''));
}

/**
 * One name for one repository, however it is written: the real path of a local one (symbolic links resolved as
 * far as the path exists and answers), else the URL without its password and trailing slashes.
 */
export async function laneKey(url: string): Promise<string> {
  const path = localPath(url);
  return path === undefined ? canonicalUrl(url) : realPathSoFar(path);
}

function canonicalUrl(url: string): string {
  const [, scheme = '', rest = ''] = /^(\w+):(.*)$/s.exec(url) ?? [];
  const web = /^(https?:\/\/)(?:([^@/]*)@)?([^/]*)(.*)$/is.exec(rest);
  let place = rest;
  if (web !== null) {
    const [, protocol = '', login = '', host = '', path = ''] = web;
    const user = login.split(':', 1)[0] ?? '';
    place = `${protocol.toLowerCase()}${user === '' ? '' : `${user}@`}${host.toLowerCase()}${path}`;
  }
  return `${scheme}:${place.replace(/\/+$/, '')}`;
}

async function realPathSoFar(path: string): Promise<string> {
  const found = await probe({ op: 'stat', path }, REAL_PATH_TIMEOUT_MS);
  if (found.ok) return found.realPath;
  const parent = dirname(path);
  if (found.code !== 'ENOENT' || parent === path) return path;
  return join(await realPathSoFar(parent), basename(path));
}
