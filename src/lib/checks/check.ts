/** One condition as configured in `precondition-check`. Durations are texts such as `10s`. */
export type CheckSpec =
  /** `path` is the root of a mounted file system, not a folder that merely exists. */
  | { readonly kind: 'mount'; readonly path: string; readonly timeout?: string }
  /** `path` is a file that can be read: proof that the right drive is there. */
  | { readonly kind: 'marker'; readonly path: string; readonly timeout?: string }
  /** A small file can be written, synced and removed in the folder `path`. */
  | { readonly kind: 'writable'; readonly path: string; readonly timeout?: string }
  /** Enough room in the file system of `path`; whichever limits are set must all hold. */
  | {
      readonly kind: 'space';
      readonly path: string;
      /** Such as `10GB` or `500 MiB`. */
      readonly freeBytes?: string;
      readonly freePercent?: number;
      readonly freeInodes?: number;
      readonly timeout?: string;
    }
  /** Something listens on a TCP port. */
  | { readonly kind: 'port'; readonly host: string; readonly port: number; readonly timeout?: string }
  /** The command exits 0 (no shell; arguments as given). */
  | {
      readonly kind: 'command';
      readonly command: string;
      readonly arguments: readonly string[];
      readonly timeout?: string;
    }
  /** All of these hold. Other ways of combining come later and sit beside this one. */
  | { readonly kind: 'all'; readonly checks: readonly CheckSpec[] };

/** `unknown`: could not be told (timed out, not supported here); never counts as yes. */
export type CheckAnswer = 'yes' | 'no' | 'unknown';

/** The answer of one check, with a sentence for people in the server's language. */
export interface CheckResult {
  readonly kind: CheckSpec['kind'] | 'sources' | 'repository';
  /** What was looked at, for people: a path, `host:port`, a command. */
  readonly subject: string;
  readonly answer: CheckAnswer;
  readonly reason: string;
  readonly durationMs: number;
  /** Of a combined check: the answers it was made from. */
  readonly parts?: readonly CheckResult[];
}

/** All answers of one look. `passed` only when every answer is yes. */
export interface CheckReport {
  readonly passed: boolean;
  readonly results: readonly CheckResult[];
  /** The first reason that is not a yes; empty when passed. */
  readonly reason: string;
}
