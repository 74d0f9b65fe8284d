import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';

/** A cache of less use than this is not worth the risk. */
const LEAST_ROOM_BYTES = 32 * 2 ** 20;

/**
 * Whether restic can keep its cache in a folder, which is created. Where the cache cannot be written restic does not go
 * on without: it takes it for a repository that cannot be read, and tries again for a quarter of an hour (restic 0.19:
 * "Load(...) returned error, retrying ... no space left on device"). Never rejects.
 */
export async function canCache(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= LEAST_ROOM_BYTES;
  } catch {
    return false;
  }
}
