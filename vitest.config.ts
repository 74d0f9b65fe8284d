import { defineConfig } from 'vitest/config';

/** How long a test may take on a machine that is busy with other things as well; a test that waits for an event awaits it. */
const SUITES = [
  { name: 'unit', folder: 'test/unit', seconds: 60, retry: 0 },
  { name: 'node', folder: 'test/node', seconds: 120, retry: 0 },
  { name: 'runtime', folder: 'test/runtime', seconds: 240, retry: 0 },
  // The editor threw once for a reason that was not found; to be taken away when it is.
  { name: 'browser', folder: 'test/editor', seconds: 240, retry: 1 },
  { name: 'package', folder: 'test/package', seconds: 120, retry: 0 },
  { name: 'faults', folder: 'test/faults', seconds: 600, retry: 0 },
  { name: 'homeassistant', folder: 'test/homeassistant', seconds: 300, retry: 0 },
] as const;

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: SUITES.map(({ name, folder, seconds, retry }) => ({
      extends: true,
      test: {
        name,
        include: [`${folder}/**/*.test.ts`],
        testTimeout: seconds * 1000,
        hookTimeout: seconds * 1000,
        retry,
      },
    })),
  },
});
