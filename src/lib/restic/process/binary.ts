/** A restic that was found and told its version. */
export interface ResticBinary {
  /** Absolute. */
  readonly path: string;
  /** Such as `0.18.0`. */
  readonly version: string;
}

/**
 * Finds restic: the configured path or name, else `/config/bin/restic` (Home Assistant app), else `restic` on PATH.
 * Throws Problem `restic-missing`, `restic-not-executable` or `restic-too-old` (below 0.14).
 */
export function locateRestic(
  _configured: string | undefined,
  _env: Readonly<Record<string, string | undefined>>,
): Promise<ResticBinary> {
  throw new Error('not yet');
}

/** Is `version` at least `least`? Both such as `0.16.0`. */
export function atLeast(version: string, least: string): boolean {
  return version.localeCompare(least, 'en', { numeric: true }) >= 0;
}
