/** Files and bytes of a backup. */
export interface SourceSize {
  readonly files: number;
  readonly bytes: number;
}

/** A source that loses more than so many percent at once has probably not been there as a whole. */
export const SHRINK_LIMIT = 50;

/** Has the source lost more than `limit` percent of its files or bytes since the last good backup? */
export function shrank(now: SourceSize, previous: SourceSize, limit: number): boolean {
  const left = (100 - limit) / 100;
  return now.files < previous.files * left || now.bytes < previous.bytes * left;
}
