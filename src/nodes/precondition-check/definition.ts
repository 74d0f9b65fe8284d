import type { CheckSpec } from '../../lib/checks/check.ts';

/** What the editor stores for a `precondition-check`. */
export interface CheckDefinition {
  name: string;
  /** Empty: the obvious is checked (sources present, the repository where it was). */
  checks: CheckSpec[];
  /** One after the other, and no further once one says no; else all at the same time. */
  inOrder: boolean;
  /** Duration; empty: look once. */
  waitFor: string;
  /** Duration between two looks while waiting. */
  lookEvery: string;
}
