// The protocol between a backup-hub and its clients, such as the Homebridge plugin. Both packages compile this one file,
// so it imports nothing. Fields may be added within a version; to change or remove one takes a new version.

/** Version of all below, in paths (`v1`) and in the snapshot. */
export const PROTOCOL_VERSION = 1;

/** Path of the events, under the address at which Node-RED's editor is reached. */
export const EVENTS_PATH: string = `/lastgood/v${PROTOCOL_VERSION}/events`;

/** Carries the token. A header of its own, so that Basic authentication of a proxy may stand beside it. */
export const TOKEN_HEADER = 'Lastgood-Token';

/** A hub takes no token shorter than this many characters. */
export const SHORTEST_TOKEN = 32;

/** The hub sends at least a comment so often; ms. */
export const HEARTBEAT_MS = 15_000;

/** A client that has heard nothing for so long gives the connection up; ms. */
export const SILENCE_MS = 45_000;

/** The body of a command may have so many bytes. */
export const LARGEST_BODY = 1024;

/** What a client may ask of a plan. */
export const HUB_COMMANDS = ['run', 'cancel', 'pause', 'resume'] as const;
export type HubCommand = (typeof HUB_COMMANDS)[number];

/** Path of a command; `POST`, without a body or with `{}`, `pause` also with {@link PauseBody}. */
export function commandPath(id: string, command: HubCommand): string {
  return `/lastgood/v${PROTOCOL_VERSION}/plans/${encodeURIComponent(id)}/${command}`;
}

/** Body of `pause`. */
export interface PauseBody {
  /** Such as `12h` or `7d`; the default is 7 days. */
  readonly for?: string;
}

/**
 * What a plan is doing, in one word.
 * - `idle`: nothing is going on, the next backup has its time or its event
 * - `checking`: a run has begun, its preconditions are looked at
 * - `running`: restic works, or has its turn next
 * - `waiting`: a run waits because a precondition said no, such as a drive that is not there; nothing failed
 * - `retrying`: a run waits for its next attempt after a failed one
 * - `failed`: the last run ended without a good backup because of a failure; the next one has its time
 * - `paused`: starts nothing until the pause ends; a restic that runs goes on, and then the word is `running`
 */
export const PLAN_WORDS = ['idle', 'checking', 'running', 'waiting', 'retrying', 'failed', 'paused'] as const;
export type PlanWord = (typeof PLAN_WORDS)[number];

/**
 * What everybody may know of a plan: no path, no address, no secret. Times are ISO 8601 UTC, null where there is none.
 */
export interface PlanStatus {
  /** The plan's key, `[a-z0-9-]`; never changes, whatever the name does. */
  readonly id: string;
  readonly name: string;
  readonly state: PlanWord;
  /** The word is `running`. */
  readonly running: boolean;
  /** The last run ended because of a failure, and there was no good backup since; stays while the next run is made. */
  readonly failed: boolean;
  /** Class of the failure that `failed` or `retrying` is about, such as `disk-full`; `partial`: incomplete. */
  readonly failure: string | null;
  /** A good backup has been owed for longer than a plan of this cadence may be late. */
  readonly overdue: boolean;
  /** When it becomes or became overdue; null: nothing is owed, for only an event starts it. */
  readonly overdueAt: string | null;
  readonly paused: boolean;
  /** End of the pause; null also for a pause without one. */
  readonly pausedUntil: string | null;
  /** When the next good backup is or was owed. */
  readonly dueAt: string | null;
  /** When something starts by itself next. */
  readonly nextAttemptAt: string | null;
  readonly lastSuccessAt: string | null;
  readonly lastAttemptAt: string | null;
  /** Number of the present attempt of a run, from 1; 0 while there is no run. */
  readonly attempt: number;
  /** 0 to 1 while restic tells it, else null. */
  readonly progress: number | null;
  /** One sentence for people, in the language of the Node-RED server. */
  readonly reason: string;
}

/** Event `snapshot`: the first of each stream. It has all plans, also those that cannot be run: what is missing is gone. */
export interface HubSnapshot {
  readonly protocol: typeof PROTOCOL_VERSION;
  /** Names the hub, and stays the same. */
  readonly hubId: string;
  readonly plans: readonly PlanStatus[];
}

/** Event `removed`: the plan was deleted. */
export interface PlanRemoved {
  readonly id: string;
}

/** What the stream says, by the name of the event. */
export type HubEvent =
  | { readonly event: 'snapshot'; readonly data: HubSnapshot }
  | { readonly event: 'plan'; readonly data: PlanStatus }
  | { readonly event: 'removed'; readonly data: PlanRemoved };

/** Answer 202 to a command. */
export interface CommandReply {
  readonly id: string;
  readonly command: HubCommand;
  /** `already`: it was so before, and nothing changed: running, not running or not paused. */
  readonly result: 'accepted' | 'already';
  /** One sentence for people. */
  readonly message: string;
}

/** What can go wrong, with its HTTP status. */
export const HUB_ERRORS = {
  /** The body is no JSON object, or has a field or value that the command does not know. */
  'bad-body': 400,
  'wrong-token': 401,
  'unknown-path': 404,
  'unknown-plan': 404,
  /** The header `Allow` names the right one. */
  'wrong-method': 405,
  /** The path names a version that this hub does not speak. */
  'wrong-version': 406,
  /** Understood and refused; the message says why. */
  'not-now': 409,
  'body-too-large': 413,
  /** A body that is not declared as `application/json`. */
  'wrong-content-type': 415,
  /** Too many wrong tokens or commands; the header `Retry-After` says for how many seconds. */
  'too-many-requests': 429,
  internal: 500,
  /** Node-RED starts, or its flows are being deployed; the header `Retry-After` says when to come again. */
  'not-ready': 503,
  /** As many streams are open as the hub keeps; the header `Retry-After` says when to come again. */
  'too-many-streams': 503,
} as const;
export type HubErrorCode = keyof typeof HUB_ERRORS;

/** Body of every answer that is no success. */
export interface HubError {
  readonly error: { readonly code: HubErrorCode; readonly message: string };
}

/** What a message of a stream says; undefined when it is unknown or not of this version. */
export function readHubEvent(event: string, data: string): HubEvent | undefined {
  const value = parsed(data);
  if (event === 'snapshot' && isHubSnapshot(value)) return { event, data: value };
  if (event === 'plan' && isPlanStatus(value)) return { event, data: value };
  if (event === 'removed' && isPlanRemoved(value)) return { event, data: value };
  return undefined;
}

/** Is it a plan's status, as this version knows it? More fields than these are no harm. */
export function isPlanStatus(value: unknown): value is PlanStatus {
  return (
    isObject(value) &&
    isPlanId(value['id']) &&
    isText(value['name']) &&
    PLAN_WORDS.some((word) => word === value['state']) &&
    ['running', 'failed', 'overdue', 'paused'].every((name) => typeof value[name] === 'boolean') &&
    (value['failure'] === null || isText(value['failure'])) &&
    ['overdueAt', 'pausedUntil', 'dueAt', 'nextAttemptAt', 'lastSuccessAt', 'lastAttemptAt'].every((name) =>
      isTimeOrNull(value[name]),
    ) &&
    isCount(value['attempt']) &&
    (value['progress'] === null || isShare(value['progress'])) &&
    isText(value['reason'])
  );
}

/** Is it the snapshot of a hub that speaks this version? */
export function isHubSnapshot(value: unknown): value is HubSnapshot {
  return (
    isObject(value) &&
    value['protocol'] === PROTOCOL_VERSION &&
    isText(value['hubId']) &&
    Array.isArray(value['plans']) &&
    value['plans'].every(isPlanStatus)
  );
}

/** Does it say which plan was deleted? */
export function isPlanRemoved(value: unknown): value is PlanRemoved {
  return isObject(value) && isPlanId(value['id']);
}

/** Is it the answer to a command that was followed? */
export function isCommandReply(value: unknown): value is CommandReply {
  return (
    isObject(value) &&
    isPlanId(value['id']) &&
    HUB_COMMANDS.some((command) => command === value['command']) &&
    (value['result'] === 'accepted' || value['result'] === 'already') &&
    isText(value['message'])
  );
}

/** Is it a hub's error? Anything else comes from a proxy in between, or from Node-RED without a hub. */
export function isHubError(value: unknown): value is HubError {
  if (!isObject(value) || !isObject(value['error'])) return false;
  const { code, message } = value['error'];
  return isText(code) && Object.hasOwn(HUB_ERRORS, code) && isText(message);
}

/**
 * Share of the age that the last good backup may have before the plan is overdue that is left: 1 just after it, 0 from
 * then on and where there never was one; null where nothing is ever owed.
 *
 * @param now ms since the epoch
 */
export function freshness(
  status: Pick<PlanStatus, 'lastSuccessAt' | 'overdueAt'>,
  now: number,
): number | null {
  if (status.overdueAt === null) return null;
  if (status.lastSuccessAt === null) return 0;
  const until = Date.parse(status.overdueAt);
  const allowed = until - Date.parse(status.lastSuccessAt);
  return allowed <= 0 ? 0 : Math.min(1, Math.max(0, (until - now) / allowed));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isPlanId(value: unknown): value is string {
  return isText(value) && /^[a-z0-9-]+$/.test(value);
}

function isTimeOrNull(value: unknown): boolean {
  return (
    value === null ||
    (isText(value) && /^\d{4}-\d\d-\d\dT.*Z$/.test(value) && !Number.isNaN(Date.parse(value)))
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isShare(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}
