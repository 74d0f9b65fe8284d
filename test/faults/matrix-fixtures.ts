import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { vi } from 'vitest';
import { runBackup } from '../../src/lib/restic/backup.ts';
import type { BackupRequest } from '../../src/lib/restic/backup-request.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import { mountOrSkip } from '../unit/drive-fixtures.ts';
import type { TestRestic } from '../unit/restic-fixtures.ts';
import { backupOf, Home, killedWhenLocked, PASSWORD } from '../unit/restic-fixtures.ts';

/** The versions that the matrix wants: the one on PATH and two newer ones. */
const WANTED = 3;

/** Long enough for a busy machine. */
export const PATIENCE = { timeout: 60_000, interval: 20 };

function furtherRestics(): TestRestic[] {
  const script = fileURLToPath(new URL('../../scripts/get-restics.mjs', import.meta.url));
  const given = process.env['LASTGOOD_RESTIC_FOLDER'];
  const answer =
    given === undefined ? spawnSync(process.execPath, [script], { encoding: 'utf8' }) : undefined;
  const folder = given ?? answer?.stdout.trim();
  if (folder === undefined || folder === '') {
    console.warn(`SKIPPED: only the restic on PATH is tested, no newer one. ${answer?.stderr.trim() ?? ''}`);
    return [];
  }
  const names = readdirSync(folder).filter((name) => /^restic-\d/.test(name));
  return names.toSorted().map((name) => ({ name, path: join(folder, name) }));
}

function onPath(): TestRestic[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const path = folders.map((folder) => join(folder, 'restic')).find((file) => existsSync(file));
  if (path === undefined) return [];
  const version = execFileSync(path, ['version'], { encoding: 'utf8' }).split(' ')[1] ?? '';
  return [{ name: `restic-${version}`, path }];
}

/** The restics to test with, oldest first; those that could not be had are in `missing`, to be counted as skipped. */
export const MATRIX: readonly TestRestic[] = [
  ...new Map([...onPath(), ...furtherRestics()].map((restic) => [restic.name, restic])).values(),
];
export const MISSING: readonly string[] = Array.from(
  { length: Math.max(0, WANTED - MATRIX.length) },
  (_, index) => `restic ${index + 1} of those that could not be had`,
);

/** Shell code for `Home.around` that does `code` while the backup stands still with its lock in the repository. */
export function whileLocked(locks: string, code: string): string {
  return `[ "$1" = backup ] || exec "$RESTIC" "$@"
    "$RESTIC" "$@" & pid=$!
    until ls '${locks}' 2>/dev/null | grep -q '^[0-9a-f]*$'; do kill -0 $pid || break; done
    kill -STOP $pid
    ${code}
    kill -CONT $pid
    ${AS_IT_ENDED}`;
}

/** Shell code that waits for the restic that the shell started, and ends in the way it did. */
const AS_IT_ENDED = `wait $pid; code=$?
    case $code in 129|137|143) kill -$((code - 128)) $$ ;; esac
    exit $code`;

/** A restic of somebody else that stands still with its lock in the repository. */
export interface OtherRestic {
  readonly pid: number;
  /** Lets it go on; resolves with its exit code. */
  finish(): Promise<number | null>;
}

/** Starts a restic by hand and stops it as soon as its lock is there. */
export async function standingRestic(home: Home, url: string, ...words: string[]): Promise<OtherRestic> {
  const before = locksOf(url);
  const child = spawn(home.restic.path, ['-r', url, ...words], {
    env: { ...process.env, RESTIC_PASSWORD: PASSWORD, RESTIC_CACHE_DIR: home.path('cache-of-other') },
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await vi.waitUntil(() => locksOf(url).length > before.length || child.exitCode !== null, {
    timeout: 60_000,
    interval: 2,
  });
  if (child.pid === undefined || child.exitCode !== null) throw new Error('it ended before it was stopped');
  child.kill('SIGSTOP');
  return {
    pid: child.pid,
    finish: () => {
      child.kill('SIGCONT');
      return ended;
    },
  };
}

/** Whole locks in a local repository. */
export function locksOf(url: string): string[] {
  const folder = join(url, 'locks');
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name)) : [];
}

/**
 * Leaves the lock of a restic that was shot in a world of its own; what the lock says of its owner. `world`: options of
 * unshare; `before`: shell code that is done there first. Undefined where that is not permitted.
 */
export async function foreignLock(
  home: Home,
  repository: ResticRepository,
  world: string,
  before: string,
): Promise<{ pid: number; hostname: string } | undefined> {
  const url = repository.localPath ?? '';
  const inside = home.path('inside');
  const shot = killedWhenLocked(join(url, 'locks')).replace('"$RESTIC"', `'${home.restic.path}'`);
  writeFileSync(inside, `#!/bin/sh\n${before}\n${shot}\n`);
  chmodSync(inside, 0o755);
  await runBackup(home.around(repository, `exec unshare ${world} '${inside}' "$@"`), slowRequest(home));
  const [lock] = locksOf(url);
  return lock === undefined ? undefined : JSON.parse(home.run(url, 'cat', 'lock', lock, '--no-lock'));
}

let drives = 0;

/** A drive of its own in `home`: ext4 on a loop device, so that its content outlives an unmount. */
export class Drive {
  readonly path: string;
  readonly url: string;
  readonly #image: string;

  constructor(home: Home, context: TestContext, megabytes = 64) {
    drives += 1;
    // The kernel may still be busy with an earlier one.
    this.path = home.path(`usb-${drives}`);
    this.url = join(this.path, 'repo');
    this.#image = home.path(`usb-${drives}.image`);
    mkdirSync(this.path, { recursive: true });
    writeFileSync(this.#image, '');
    truncateSync(this.#image, megabytes * 2 ** 20);
    execFileSync('mkfs.ext4', ['-q', '-F', this.#image], { stdio: 'ignore' });
    mountOrSkip(['-o', 'loop', this.#image, this.path], context);
  }

  /** As after it was plugged in again. */
  replug(): void {
    this.unmount();
    execFileSync('mount', ['-o', 'loop', this.#image, this.path], { stdio: 'ignore' });
  }

  unmount(): void {
    while (spawnSync('umount', ['-l', this.path], { stdio: 'ignore' }).status === 0);
  }
}

/** A backup that takes a while: one file that does not compress. */
export function slowRequest(home: Home, bytes = 6_000_000): BackupRequest {
  const film = home.path('film', 'film.raw');
  if (!existsSync(film)) {
    home.files('film/film.raw');
    writeFileSync(film, randomBytes(bytes));
  }
  return backupOf([home.path('film')], { planKey: 'film', retention: { last: 1 } });
}
