/** What any check or group may have besides what it looks at. Durations are texts such as `10s`. */
interface CheckLimits {
  /** An answer that takes longer is `unknown`. */
  readonly timeout?: string;
  /** The answer must be yes at every look for so long before it counts as yes. */
  readonly hold?: string;
}

/** Whether "not known here" (not supported, not permitted) is taken for a yes. Not set: it stays unknown. */
interface ToleratesUnknown {
  readonly unknownIs?: 'yes' | 'no';
}

/** Several checks that give one answer. */
export interface CheckGroup extends CheckLimits {
  /** `all` hold, `any` holds, at least `count` hold, `none` holds. */
  readonly kind: 'all' | 'any' | 'at-least' | 'none';
  readonly checks: readonly CheckSpec[];
  /** Of `at-least`. */
  readonly count?: number;
  /** One after the other, and no further once the answer is certain. Not set: all at the same time. */
  readonly inOrder?: boolean;
}

/** A value that Node-RED holds. */
export interface HouseValue {
  readonly type: 'msg' | 'flow' | 'global' | 'env' | 'jsonata' | 'str' | 'num' | 'bool';
  /** A property, a variable (a context store may stand before it), an expression, or the constant itself. */
  readonly value: string;
}

/** How a state of the house is compared. */
export const OPERATORS = [
  'is',
  'is-not',
  'less',
  'at-most',
  'more',
  'at-least',
  'contains',
  'matches',
  'true',
  'false',
  'empty',
  'not-empty',
] as const;
export type Operator = (typeof OPERATORS)[number];

/** One condition as configured in `precondition-check`. */
export type CheckSpec = CheckGroup | CheckLeaf;

export type CheckLeaf = CheckLimits &
  (
    | {
        /** `path` is the root of a mounted file system that can be written to, not a folder that merely exists. */
        readonly kind: 'mount';
        readonly path: string;
        /** Such as `ext4`; without it every type is right. */
        readonly fsType?: string;
        /** The drive that must be mounted there, as under `/dev/disk/by-uuid` and `by-label`. */
        readonly uuid?: string;
        readonly label?: string;
      }
    /** `path` is a file that can be read; with `id`, and says so: proof that the right drive is there. */
    | { readonly kind: 'marker'; readonly path: string; readonly id?: string }
    /** The drive is connected: it has a link under `/dev/disk/by-<by>`. Looks at no drive and wakes none. */
    | { readonly kind: 'present'; readonly by: 'uuid' | 'label' | 'id'; readonly name: string }
    /** A small file can be written, synced and removed in the folder `path`. */
    | { readonly kind: 'writable'; readonly path: string }
    | {
        /** Enough room in the file system of `path`; whichever limits are set must all hold. */
        readonly kind: 'space';
        readonly path: string;
        /** Such as `10GB` or `500 MiB`. */
        readonly freeBytes?: string;
        readonly freePercent?: number;
        readonly freeInodes?: number;
      }
    /** The file system of `path` has met no error: not made read-only, no counted errors (ext4, btrfs). */
    | ({ readonly kind: 'health'; readonly path: string } & ToleratesUnknown)
    /** SMART says that the drive is well: the one of a `/dev/…`, or the one that holds a folder. */
    | ({ readonly kind: 'smart'; readonly path: string } & ToleratesUnknown)
    /** The plan's repository is the one that it was, where it was. */
    | { readonly kind: 'repository' }
    /** restic can open the plan's repository (`cat config`). */
    | { readonly kind: 'answers' }
    /** What is backed up is there, mounted where it should be, and not empty. No path: all of the plan's. */
    | { readonly kind: 'source'; readonly path?: string; readonly mounted?: boolean }
    /** Something listens on a TCP port. */
    | { readonly kind: 'port'; readonly host: string; readonly port: number }
    /** An address answers GET with a status such as `200` or `200-399` (not set: `200-299`). */
    | { readonly kind: 'http'; readonly url: string; readonly status?: string }
    /** The command exits 0 (no shell; arguments as given); 75 is "not now", anything else an error. */
    | { readonly kind: 'command'; readonly command: string; readonly arguments: readonly string[] }
    | {
        /** A state of the house, compared with a value. */
        readonly kind: 'state';
        readonly of: HouseValue;
        readonly operator: Operator;
        readonly than?: HouseValue;
        /** A value that is older, or whose age nobody knows, is `unknown`. */
        readonly notOlderThan?: string;
        /** Where the time of the value stands (ms or ISO 8601); not set: in the value itself, or the message's arrival. */
        readonly since?: HouseValue;
      }
    | {
        /** Local time of day from `from` up to `to` (`HH:MM`, over midnight where `to` is earlier). */
        readonly kind: 'time';
        readonly from: string;
        readonly to: string;
        /** 1 Monday to 7 Sunday, of the day on which the window begins; not set: all. */
        readonly weekdays?: readonly number[];
        /** IANA name; not set: the machine's. */
        readonly timeZone?: string;
      }
    /** On mains power, or with at least so much in the battery (percent). */
    | ({ readonly kind: 'mains'; readonly batteryAtLeast?: number } & ToleratesUnknown)
    /** The load average of the last minute is below a value, for each core. */
    | { readonly kind: 'load'; readonly below: number }
    | {
        /** Sends a Wake-on-LAN packet unless the port answers, then waits for the port. */
        readonly kind: 'wake';
        readonly mac: string;
        /** Not set: 255.255.255.255. */
        readonly broadcast?: string;
        readonly host: string;
        readonly port: number;
        /** How long the machine may take to wake; not set: 3 min. */
        readonly upTo?: string;
      }
    | {
        /** Inside Home Assistant: has the Supervisor mount a network storage again unless it is there, and waits for it. */
        readonly kind: 'reload-mount';
        readonly name: string;
        readonly upTo?: string;
      }
  );

export type CheckKind = CheckSpec['kind'];

/** Kinds of group. */
export const GROUP_KINDS: readonly CheckGroup['kind'][] = ['all', 'any', 'at-least', 'none'];

export function isGroup(spec: CheckSpec): spec is CheckGroup {
  return GROUP_KINDS.some((kind) => kind === spec.kind);
}

/** Kinds that look at the device a plan backs up to, so that it has to be switched on before. */
export const DEVICE_KINDS: ReadonlySet<CheckKind | 'sources'> = new Set([
  'mount',
  'marker',
  'present',
  'writable',
  'space',
  'health',
  'smart',
  'repository',
  'answers',
  'port',
  'http',
  'wake',
  'reload-mount',
] as const);

/** Kinds that do something about what they look for. "Check now" does not do it unasked. */
export const ACTING_KINDS: ReadonlySet<CheckKind> = new Set(['wake', 'reload-mount'] as const);

/** `unknown`: could not be told (timed out, not supported here); never counts as yes. */
export type CheckAnswer = 'yes' | 'no' | 'unknown';

/** The answer of one check, with a sentence for people in the server's language. */
export interface CheckResult {
  readonly kind: CheckKind | 'sources';
  /** What was looked at, for people: a path, `host:port`, a command. */
  readonly subject: string;
  readonly answer: CheckAnswer;
  readonly reason: string;
  readonly durationMs: number;
  /** Of a group: the answers it was made from, in the order of its checks; those that were not needed are missing. */
  readonly parts?: readonly CheckResult[];
}

/** All answers of one look. `passed` only when every answer is yes. */
export interface CheckReport {
  readonly passed: boolean;
  readonly results: readonly CheckResult[];
  /** The first reason that is not a yes; empty when passed. */
  readonly reason: string;
}
