import type { Clock } from '../clock.ts';
import type { Language } from '../language.ts';
import type { HouseValue } from './check.ts';
import type { RepositoryPlace } from './repository.ts';
import type { Look, Verdict } from './verdict.ts';

/** What a look needs to know besides the checks. */
export interface CheckContext {
  readonly language: Language;
  readonly clock: Clock;
  /** Aborted: what has no answer yet is `unknown`, and commands are killed. */
  readonly signal?: AbortSignal;
  /** Paths that are backed up; looked at when the list of checks is empty. */
  readonly sources: readonly string[];
  /** Looked at when the list of checks is empty. */
  readonly repository?: RepositoryPlace;
  /** Whether restic can open the plan's repository; missing where no plan is known. */
  readonly repositoryAnswers?: (look: Look) => Promise<Verdict>;
  /** What Node-RED holds; missing where there is no Node-RED. Rejects when it cannot be evaluated. */
  readonly readValue?: (value: HouseValue) => Promise<FoundValue>;
  /** Awaited before each look at the plan's device: it is switched on and mounted first. */
  readonly needDevice?: () => Promise<void>;
  /** Checks that act (wake a machine, mount again) may do so; else they only look. */
  readonly mayAct: boolean;
}

/** A value with when it came to be, ms since the epoch, where that is known. */
export interface FoundValue {
  readonly value: unknown;
  readonly sinceMs?: number;
}
