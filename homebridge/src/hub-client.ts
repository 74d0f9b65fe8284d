import {
  type CommandReply,
  commandPath,
  EVENTS_PATH,
  type HubCommand,
  type HubError,
  type HubEvent,
  isCommandReply,
  isHubError,
  readHubEvent,
  SILENCE_MS,
  TOKEN_HEADER,
} from '../../src/protocol/protocol.ts';
import { Backoff } from './backoff.ts';
import type { Clock } from './clock.ts';
import { EventStreamReader } from './event-stream.ts';
import { causeOf, HubProblem, needsPerson, problemOf } from './hub-problem.ts';
import type { HubResponse, SendToHub } from './hub-request.ts';

/** An answer has to begin within this time. */
const CONNECT_MS = 10_000;
/** HomeKit warns of a handler that takes 3 s. */
const COMMAND_MS = 2_000;
/** Delay between attempts that will fail until a person has done something. */
const SLOW_MS = 60_000;
/** A connection that held for so long was good. After several shorter ones in a row the hub is not to be hammered. */
const GOOD_AFTER_MS = 5_000;
/** An answer to a command may have so many characters. */
const LARGEST_ANSWER = 16_384;

/** What is sent with each request; read anew each time, so that a changed file counts. */
export interface Access {
  readonly token: string;
  /** Value of `Authorization`, for a user name and password before the hub. */
  readonly authorization?: string;
  readonly ca?: string;
}

export interface HubClientParts {
  /** Where Node-RED's HTTP nodes are reached, ending with a slash. */
  readonly base: URL;
  /** @throws HubProblem */
  readonly access: () => Promise<Access>;
  readonly send: SendToHub;
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
}

export interface HubListener {
  /** Events of a stream, each valid; the first of a connection is its snapshot. */
  heard(event: HubEvent): void;
  /** An attempt to connect failed, or the connection ended. */
  lost(problem: HubProblem): void;
  /** Something in a listener threw; a mistake of ours. */
  threw(error: unknown): void;
}

/** What a plan's command came to: followed, or a refusal of that plan. */
export type CommandResult =
  | { readonly ok: true; readonly reply: CommandReply }
  | { readonly ok: false; readonly error: HubError['error'] };

/** Keeps one stream of events open, whatever happens, and sends commands. */
export class HubClient {
  readonly #parts: HubClientParts;
  readonly #listener: HubListener;
  readonly #backoff: Backoff;
  readonly #end = new AbortController();
  /** Connections in a row that ended soon after their snapshot. */
  #shortLived = 0;

  constructor(parts: HubClientParts, listener: HubListener) {
    this.#parts = parts;
    this.#listener = listener;
    this.#backoff = new Backoff(parts.random);
  }

  /** Connects, and goes on connecting until {@link stop}. Resolves then; never rejects. */
  async run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const problem = await this.#stream();
      if (this.#end.signal.aborted) return;
      this.#tell(() => this.#listener.lost(problem));
      const delay = needsPerson(problem.kind) ? SLOW_MS : this.#backoff.next();
      await this.#wait(Math.max(delay, problem.waitMs));
    }
  }

  /** Ends the stream and every request. */
  stop(): void {
    this.#end.abort();
  }

  /**
   * Asks for something; answered within 2 s.
   *
   * @throws HubProblem when the hub gave no answer
   */
  async command(planId: string, command: HubCommand): Promise<CommandResult> {
    const timeout = new AbortController();
    const cancel = this.#parts.clock.after(COMMAND_MS, () => timeout.abort());
    try {
      const response = await this.#send('POST', commandPath(planId, command), timeout.signal);
      const body = await answerOf(response);
      if (response.status === 202 && isCommandReply(body)) return { ok: true, reply: body };
      const error = isHubError(body) ? body : undefined;
      if (error !== undefined && ['unknown-plan', 'not-now'].includes(error.error.code)) {
        return { ok: false, error: error.error };
      }
      throw problemOf(response.status, error, response.retryAfter);
    } catch (error) {
      if (error instanceof HubProblem) throw error;
      throw new HubProblem('unreachable', timeout.signal.aborted ? 'no answer within 2 s' : causeOf(error));
    } finally {
      cancel();
    }
  }

  /** One connection from its beginning to its end; why it ended. */
  async #stream(): Promise<HubProblem> {
    const { clock } = this.#parts;
    const watchdog = new Watchdog(clock);
    let began: number | null = null;
    try {
      watchdog.restart(CONNECT_MS);
      const response = await this.#send('GET', EVENTS_PATH, watchdog.signal, { Accept: 'text/event-stream' });
      if (response.status !== 200) {
        const body = await answerOf(response);
        return problemOf(response.status, isHubError(body) ? body : undefined, response.retryAfter);
      }
      watchdog.restart(SILENCE_MS);
      const reader = new EventStreamReader();
      for await (const piece of response.body) {
        watchdog.restart(SILENCE_MS);
        for (const { event, data } of reader.read(piece)) {
          const heard = readHubEvent(event, data);
          if (began === null && heard?.event !== 'snapshot') return notASnapshot(event, data);
          began ??= clock.now();
          if (heard !== undefined) this.#tell(() => this.#listener.heard(heard));
        }
      }
      return new HubProblem('unreachable', 'the connection ended');
    } catch (error) {
      if (error instanceof HubProblem) return error;
      return watchdog.signal.aborted
        ? new HubProblem('silent', 'nothing heard')
        : new HubProblem('unreachable', causeOf(error));
    } finally {
      watchdog.stop();
      if (began !== null) {
        this.#shortLived = clock.now() - began >= GOOD_AFTER_MS ? 0 : this.#shortLived + 1;
        this.#backoff.restart(this.#shortLived);
      }
    }
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    headers: Record<string, string> = {},
  ): Promise<HubResponse> {
    const { token, authorization, ca } = await this.#parts.access();
    return this.#parts.send({
      url: new URL(`.${path}`, this.#parts.base),
      method,
      headers: {
        ...headers,
        [TOKEN_HEADER]: token,
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
      ...(ca === undefined ? {} : { ca }),
      signal: AbortSignal.any([signal, this.#end.signal]),
    });
  }

  #wait(ms: number): Promise<void> {
    const { signal } = this.#end;
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.#parts.clock.after(ms, done);
      signal.addEventListener('abort', done);
    });
  }

  /** A listener that throws must not end the stream, let alone Homebridge. */
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#listener.threw(error);
    }
  }
}

/** Aborts its signal when it was not restarted in time. */
class Watchdog {
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #cancel: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  restart(ms: number): void {
    this.#cancel();
    this.#cancel = this.#clock.after(ms, () => this.#abort.abort());
  }

  /** Ends the connection too, if it is still there. */
  stop(): void {
    this.#cancel();
    this.#abort.abort();
  }
}

/** A stream that does not begin with a snapshot that we understand. */
function notASnapshot(event: string, data: string): HubProblem {
  const version = event === 'snapshot' ? /"protocol":\s*(\d+)/.exec(data)?.[1] : undefined;
  return version === undefined
    ? new HubProblem('no-hub', 'the answer is no stream of a hub')
    : new HubProblem('wrong-version', `the hub speaks version ${version}`);
}

/** The JSON of a short answer; undefined when it is something else. */
async function answerOf(response: HubResponse): Promise<unknown> {
  let text = '';
  for await (const piece of response.body) {
    text += piece;
    if (text.length > LARGEST_ANSWER) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
