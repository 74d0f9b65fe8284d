import { defineConfig } from 'vitest/config';

/**
 * The unit tests that Stryker runs against each mutant: those of the code that decides. Without the model, whose
 * thousands of lives take a minute each time, and without what starts processes.
 */
const TESTS = [
  'record-*',
  'registry',
  'owed',
  'schedule',
  'retry-policy',
  'recovery',
  'commands',
  'lease',
  'drives',
  'device',
  'device-sense',
  'plan-decisions',
  'power-up',
  'transitions',
  'state-shape',
  'restic-classify',
];

export default defineConfig({
  test: {
    include: TESTS.map((name) => `test/unit/${name}.test.ts`),
    // They share no state, and a process for each file would cost more than the tests.
    isolate: false,
    testTimeout: 10_000,
    hookTimeout: 10_000,
  },
});
