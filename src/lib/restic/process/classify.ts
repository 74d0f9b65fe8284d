import type { FailureClass } from '../../failure.ts';
import type { Language } from '../../language.ts';
import type { ProcessResult } from './result.ts';

/** Who holds the lock, as far as restic said. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  readonly user: string;
  readonly exclusive: boolean;
  /** restic's own words, such as `5.6s`; empty when it did not say. */
  readonly ageText: string;
}

/** How a restic process went, and if not well, why. */
export interface Classification {
  /** `partial`: the command did something, and not all of it (for a backup: the snapshot exists). */
  readonly kind: 'ok' | 'partial' | 'failed' | 'cancelled';
  /** Set when `failed`; for `partial` where the reason is more than unreadable files (`corrupt`). */
  readonly class?: FailureClass;
  /** restic said success, and its own stderr says that the repository went away: believe no snapshot id. */
  readonly ghost?: boolean;
  /** The line that decided, redacted, <= 300 characters; empty when `ok`. */
  readonly detail: string;
  readonly lock?: LockHolder;
}

/** What `classify` looks at. */
export interface ClassifyFacts {
  /** restic's command: `backup`, `forget`, `restore`, ... */
  readonly operation: string;
  readonly localRepository: boolean;
  readonly result: ProcessResult;
}

/** Classifies a finished process in the order of the measured taxonomy. Pure. */
export function classify(_facts: ClassifyFacts): Classification {
  throw new Error('not yet');
}

/** One plain sentence and what to do, in the language; '' when `ok`. */
export function failureSentence(_c: Classification, _language: Language): string {
  throw new Error('not yet');
}
