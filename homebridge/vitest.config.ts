import { defineConfig } from 'vitest/config';

/** Suites that start Homebridge are given time; a unit test needs its minute only on a busy machine. */
const SUITES = [
  { name: 'unit', seconds: 60, globalSetup: [] },
  { name: 'package', seconds: 120, globalSetup: ['test/packed.ts'] },
  { name: 'real', seconds: 180, globalSetup: ['test/packed.ts'] },
] as const;

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: SUITES.map(({ name, seconds, globalSetup }) => ({
      extends: true,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        testTimeout: seconds * 1000,
        hookTimeout: seconds * 1000,
        globalSetup: [...globalSetup],
      },
    })),
  },
});
