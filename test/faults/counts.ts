import { appendFileSync } from 'node:fs';
import type { RunnerTestCase } from 'vitest';

/** Number of a promise in docs/reliability.md. */
export type PromiseNumber = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/**
 * Tells `npm run test:faults` how many cases of a promise were tried, and in how many it was broken. `what`: a few words
 * for a person. Call it also when the test then fails. Under another runner nothing happens.
 */
export function count(promise: PromiseNumber, what: string, cases: number, violations: number): void {
  append({ promise, what, cases, violations });
}

/** A test has failed by what it saw. One that only ran out of time proves nothing, and has a second try. */
export function isBroken({ result }: Readonly<RunnerTestCase>): boolean {
  const errors = result?.errors ?? [];
  return result?.state === 'fail' && !errors.every(({ message }) => message.includes('timed out in'));
}

/** Has `npm run test:faults` print a line near its end. */
export function note(line: string): void {
  append({ note: line });
}

function append(value: object): void {
  const file = process.env['LASTGOOD_FAULT_COUNTS'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(value)}\n`);
}
