import { isEnvironmentReference } from './red.ts';

/** A path that means the same whatever folder Node-RED was started in, or an environment variable that holds one. */
export function isFullPath(path: string): boolean {
  return /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(path) || isEnvironmentReference(path);
}
