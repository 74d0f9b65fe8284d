import type { CheckSpec } from '../../lib/checks/check.ts';

/** What the editor stores for a `precondition-check`. */
export interface CheckDefinition {
  name: string;
  /** Empty: the obvious is checked (sources present, the repository where it was). */
  checks: CheckSpec[];
  /** Duration; empty: look once. */
  waitFor: string;
  /** Duration between two looks while waiting. */
  lookEvery: string;
}
