import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResticRepository } from './repository.ts';
import type { Answer } from './snapshots.ts';

/** Space for `cat config`, which has about 150 bytes. */
const CONFIG_BYTES = 65_536;

/**
 * The id of a repository, a stable text to compare and to keep. Of a local one `sha256:<hash of its config file>`
 * (see Place), of a remote one restic's own id (64 hex digits). `usedSinceMs`: restic has used the repository's cache
 * since then, so that the folder that it made or touched there names the id without another process.
 * Never rejects.
 */
export async function repositoryIdentity(
  repository: ResticRepository,
  options: { readonly usedSinceMs?: number; readonly signal?: AbortSignal } = {},
): Promise<Answer<string>> {
  const { place, obstacle } = await repository.lookAtPlace();
  if (place !== undefined) return { ok: true, value: place.repositoryId };
  if (obstacle !== undefined) return { ok: false, failure: obstacle };
  const { usedSinceMs, signal } = options;
  const seen =
    usedSinceMs === undefined ? undefined : await idInCache(await repository.cacheFolder(), usedSinceMs);
  return seen === undefined ? askIdentity(repository, signal) : { ok: true, value: seen };
}

async function askIdentity(repository: ResticRepository, signal?: AbortSignal): Promise<Answer<string>> {
  try {
    const { result, failure } = await repository.run({
      arguments: ['cat', '--no-lock', 'config'],
      collectStdout: CONFIG_BYTES,
      readsOnly: true,
      ...(signal === undefined ? {} : { signal }),
    });
    if (failure !== undefined) return { ok: false, failure };
    const [id] = /\b[0-9a-f]{64}\b/.exec(result.stdout) ?? [];
    if (id !== undefined) return { ok: true, value: id };
    return { ok: false, failure: { class: 'unknown', reason: repository.text('snapshots.unreadable') } };
  } catch (error) {
    return { ok: false, failure: repository.failureOf(error) };
  }
}

/** Clocks of file systems are coarse. */
const MTIME_SLACK_MS = 2000;

/** restic names the folder of a cache by the repository's id and touches it on every use. */
async function idInCache(folder: string, sinceMs: number): Promise<string | undefined> {
  const names = (await readdir(folder).catch((): string[] => [])).filter((name) =>
    /^[0-9a-f]{64}$/.test(name),
  );
  const touched = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (found) => found.mtimeMs,
        () => 0,
      ),
    ),
  );
  const fresh = names.filter((_, index) => (touched[index] ?? 0) >= sinceMs - MTIME_SLACK_MS);
  return fresh.length === 1 ? fresh[0] : undefined;
}
