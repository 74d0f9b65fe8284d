import { defineConfig } from 'vitest/config';

/** Suites that start Homebridge are given time; a unit test needs its minute only on a busy machine. */
const SUITES = [
  { name: 'unit', seconds: 60 },
  { name: 'package', seconds: 120 },
  { name: 'real', seconds: 180 },
] as const;

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: SUITES.map(({ name, seconds }) => ({
      extends: true,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        testTimeout: seconds * 1000,
        hookTimeout: seconds * 1000,
      },
    })),
  },
});
