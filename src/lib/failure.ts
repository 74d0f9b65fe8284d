/**
 * Why an attempt failed. The words are those of the failure taxonomy that was measured on restic 0.14 to
 * 0.19; each has a text that says what to do (`locales/<language>/failures.json`).
 */
export const FAILURE_CLASSES = [
  'auth',
  'config',
  'corrupt',
  'credentials-missing',
  'device-readonly',
  'device-unavailable',
  'disk-full',
  'interrupted',
  'lock-invalid',
  'locked',
  'lost',
  'network',
  'permission',
  'power-up-failed',
  'remote-auth',
  'repo-missing',
  'source-missing',
  'stalled',
  'unknown',
  'unverified',
] as const;

export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** Classes that no waiting heals: a run that fails with one gives up at once. */
export const PERMANENT_CLASSES: ReadonlySet<FailureClass> = new Set([
  'auth',
  'config',
  'corrupt',
  'credentials-missing',
  'device-readonly',
  'disk-full',
  'lock-invalid',
  'permission',
  'remote-auth',
]);
