import type { HubError } from '../../src/protocol/protocol.ts';

/**
 * Why there is no word from the hub.
 * - `unreachable`: no connection, or it broke
 * - `silent`: the connection stands and nothing comes, not even a heartbeat
 * - `no-hub`: something answers at the address, and it is no hub (Node-RED without one, or another path)
 * - `wrong-token`: the hub does not know the token
 * - `not-let-in`: something before the hub wants a user name and password
 * - `wrong-version`: the hub speaks another version of the protocol
 * - `busy`: the hub asks us to come later
 * - `no-token`: the token or certificate file cannot be read
 * - `broken`: the hub answers with an error of its own
 */
export type ProblemKind =
  | 'unreachable'
  | 'silent'
  | 'no-hub'
  | 'wrong-token'
  | 'not-let-in'
  | 'wrong-version'
  | 'busy'
  | 'no-token'
  | 'broken';

/** Why the hub gives no answer, or the answer no. */
export class HubProblem extends Error {
  readonly kind: ProblemKind;
  /** Milliseconds the hub asks us to wait; 0 when it does not. */
  readonly waitMs: number;

  /** @param detail for the log: a cause in English, without addresses or secrets; may be empty */
  constructor(kind: ProblemKind, detail: string, waitMs = 0) {
    super(detail);
    this.name = 'HubProblem';
    this.kind = kind;
    this.waitMs = waitMs;
  }
}

/** Problems that only a person can solve: tried again slowly, so that the hub does not take us for an attacker. */
export function needsPerson(kind: ProblemKind): boolean {
  return kind === 'wrong-token' || kind === 'not-let-in' || kind === 'wrong-version' || kind === 'no-token';
}

/**
 * The problem that an answer other than 2xx tells of, apart from one plan's refusals.
 *
 * @param error the hub's own words; undefined when the body was not a hub's
 */
export function problemOf(
  status: number,
  error: HubError | undefined,
  retryAfter: number | null,
): HubProblem {
  const detail = error?.error.message ?? `HTTP ${status}`;
  const waitMs = (retryAfter ?? 0) * 1000;
  if (status === 401 || status === 403) {
    return new HubProblem(error === undefined ? 'not-let-in' : 'wrong-token', detail, waitMs);
  }
  if (status === 406 && error !== undefined) return new HubProblem('wrong-version', detail);
  if (status === 429 || status === 503) return new HubProblem('busy', detail, waitMs);
  if (status >= 500) return new HubProblem('broken', detail, waitMs);
  return new HubProblem('no-hub', detail);
}

/** What made a request fail, in a word or two: an error code of the system where there is one. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}
