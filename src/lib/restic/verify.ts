import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { probe } from '../drive/probe.ts';
import { formatSize } from '../size.ts';
import type { BackupRequest } from './backup-request.ts';
import type { Failure, Snapshot, SnapshotClaim } from './outcome.ts';
import type { Place } from './place.ts';
import { isAbsent, LOOK_TIMEOUT_MS, place, samePlace } from './place.ts';
import type { ResticRepository } from './repository.ts';
import { CREATED_BY_TAG, listSnapshots, planTag, runTag } from './snapshots.ts';

/** Is the snapshot that restic claims really in the repository? */
export type SnapshotLook =
  | { readonly kind: 'seen'; readonly snapshot: Snapshot }
  /** Proven not to be there, or not to be relied on: another backup is needed. */
  | { readonly kind: 'absent'; readonly failure: Failure }
  /** The repository cannot be looked at now. */
  | { readonly kind: 'unknown'; readonly failure: Failure };

/**
 * Looks for the claimed snapshot: in the folder of a local repository (no restic process), with one `snapshots` in a
 * remote one. `before`: where a local repository was when restic started; without it (a later look) only its id has
 * to agree. Never rejects for what restic or the drive does.
 */
export function lookForSnapshot(
  repository: ResticRepository,
  claim: SnapshotClaim,
  request: BackupRequest,
  before?: Place,
): Promise<SnapshotLook> {
  const { localPath } = repository;
  return localPath === undefined
    ? lookRemotely(repository, claim)
    : lookLocally(repository, localPath, claim, request, before);
}

/** All tags of a plan's snapshot, in the order in which restic is given them. */
export function snapshotTags(request: BackupRequest): string[] {
  return [planTag(request.planKey), CREATED_BY_TAG, runTag(request.runId), ...request.tags];
}

async function lookLocally(
  repository: ResticRepository,
  path: string,
  claim: SnapshotClaim,
  request: BackupRequest,
  before: Place | undefined,
): Promise<SnapshotLook> {
  const [look, file] = await Promise.all([place(path), findSnapshotFile(path, claim.snapshotId)]);
  if (look.found !== 'repository') {
    // Without a config it is no repository: restic made the folders anew beneath the mount point.
    if (look.found === 'no-repository' && file.found === 'file') return ghost(repository, path, claim);
    return unknown(repository, 'verify.gone', await leftBeneath(repository));
  }
  if (claim.repositoryId !== undefined && claim.repositoryId !== look.place.repositoryId) {
    return unknown(repository, 'verify.other');
  }
  if (file.found === 'unknown') return unknown(repository, 'verify.unread');
  if (file.found === 'nothing') return absent(repository.text('verify.absent', { snapshot: short(claim) }));
  if (before !== undefined && !samePlace(before, look.place)) {
    return absent(repository.text('verify.moved', { snapshot: short(claim) }));
  }
  return {
    kind: 'seen',
    snapshot: {
      id: file.id,
      time: claim.time,
      host: request.host,
      // restic takes `a,b` for two tags.
      tags: snapshotTags(request).flatMap((tag) => tag.split(',')),
      paths: request.paths,
    },
  };
}

async function lookRemotely(repository: ResticRepository, claim: SnapshotClaim): Promise<SnapshotLook> {
  const answer = await listSnapshots(repository, { ids: [claim.snapshotId] });
  if (!answer.ok) return { kind: 'unknown', failure: { ...answer.failure, class: 'unverified' } };
  const snapshot = answer.value.find((candidate) => candidate.id.startsWith(claim.snapshotId));
  if (snapshot !== undefined) return { kind: 'seen', snapshot };
  return absent(repository.text('verify.absent', { snapshot: short(claim) }));
}

/** The whole id of a snapshot in a local repository (restic 0.14 tells only the first 8 digits), or what is in the way. */
type FileLook =
  | { readonly found: 'file'; readonly id: string }
  | { readonly found: 'nothing' }
  /** Its folder cannot be read now, which proves nothing. */
  | { readonly found: 'unknown' };

async function findSnapshotFile(path: string, claimed: string): Promise<FileLook> {
  const folder = join(path, 'snapshots');
  const isWhole = claimed.length === 64;
  const look = await probe({ op: 'stat', path: isWhole ? join(folder, claimed) : folder }, LOOK_TIMEOUT_MS);
  if (!look.ok) return { found: isAbsent(look) ? 'nothing' : 'unknown' };
  // An empty file is no snapshot: a drive lost what was written to it.
  if (isWhole) return look.size > 0 ? { found: 'file', id: claimed } : { found: 'nothing' };
  try {
    const id = (await readdir(folder)).find((name) => name.startsWith(claimed));
    return id === undefined ? { found: 'nothing' } : { found: 'file', id };
  } catch {
    return { found: 'unknown' };
  }
}

async function ghost(
  repository: ResticRepository,
  path: string,
  claim: SnapshotClaim,
): Promise<SnapshotLook> {
  const { files, size } = await leftovers(path);
  return absent(repository.text('verify.ghost', { snapshot: short(claim), path, files, size }));
}

/**
 * A sentence about the files that a restic which ended without a snapshot left beneath the mount point of its drive;
 * empty when there are none, or when the repository is where it was.
 */
export async function leftBeneath(repository: ResticRepository): Promise<string> {
  const path = repository.localPath;
  if (path === undefined || (await place(path)).found !== 'no-repository') return '';
  const { files, size } = await leftovers(path);
  return files === 0 ? '' : repository.text('verify.left', { path, files, size });
}

/** More files than this are not counted. */
const MOST_LEFTOVERS = 2000;

/** What restic wrote beneath the mount point: files, and the size of at most 2000 of them. */
async function leftovers(path: string): Promise<{ files: number; size: string }> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const counted = files.slice(0, MOST_LEFTOVERS);
  const sizes = await Promise.all(
    counted.map((file) =>
      stat(join(file.parentPath, file.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  const bytes = formatSize(sizes.reduce((sum, size) => sum + size, 0));
  return { files: files.length, size: counted.length === files.length ? bytes : `> ${bytes}` };
}

function absent(reason: string): SnapshotLook {
  return { kind: 'absent', failure: { class: 'device-unavailable', reason } };
}

function unknown(repository: ResticRepository, key: string, more = ''): SnapshotLook {
  const reason = `${repository.text(key)} ${more}`.trim();
  return { kind: 'unknown', failure: { class: 'unverified', reason } };
}

function short(claim: SnapshotClaim): string {
  return claim.snapshotId.slice(0, 8);
}
