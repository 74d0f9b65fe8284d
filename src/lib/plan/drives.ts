import type { DriveState, PlanState, SuccessRecord } from './state.ts';

/** Drives of which a plan remembers what is on them. */
const MOST_DRIVES = 8;
/** A drive without a good backup for so long was given up: it is late no more. */
const GIVEN_UP_MS: number = 365 * 86_400_000;

/** The drives after a success: each repository has its own last good backup and its own debt. */
export function drivesAfter(
  drives: readonly DriveState[],
  success: SuccessRecord,
  dueAt: string | null,
): readonly DriveState[] {
  const known = drives.find(({ repositoryId }) => repositoryId === success.repositoryId);
  const isNewer = known === undefined || Date.parse(known.lastSuccessAt) <= Date.parse(success.at);
  const drive: DriveState = isNewer
    ? {
        repositoryId: success.repositoryId,
        lastSuccessAt: success.at,
        lastSnapshotId: success.snapshotId,
        dueAt,
      }
    : known;
  const now = Date.parse(drive.lastSuccessAt);
  const others = drives.filter(
    (other) => other !== known && now - Date.parse(other.lastSuccessAt) < GIVEN_UP_MS,
  );
  const byAge = others.toSorted((a, b) => Date.parse(a.lastSuccessAt) - Date.parse(b.lastSuccessAt));
  return [...byAge, drive].slice(-MOST_DRIVES);
}

/** The drives whose debt has begun at `now` (ms), the one that is late for longest first. */
export function owedDrives(state: PlanState, now: number): readonly DriveState[] {
  return state.drives
    .filter(({ dueAt }) => dueAt !== null && Date.parse(dueAt) <= now)
    .toSorted((a, b) => Date.parse(a.dueAt ?? '') - Date.parse(b.dueAt ?? ''));
}

/**
 * When the plan's debt begins after its last success: with lateness for each drive, the earliest debt of all of them,
 * else the debt that follows the success.
 *
 * @param dueAt what follows the last success, ISO 8601
 */
export function debtOf(
  drives: readonly DriveState[],
  dueAt: string | null,
  latenessPerDrive: boolean,
): string | null {
  if (!latenessPerDrive) return dueAt;
  const debts = [...drives.map((drive) => drive.dueAt), dueAt].filter((debt) => debt !== null);
  return debts.toSorted((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null;
}

/**
 * When the next backup is owed after the last success, whichever drive it went to. A late drive does not start it: it
 * may be in another house.
 */
export function dueAfterLast({ drives, lastSuccess, dueAt }: PlanState): string | null {
  const drive = drives.find(({ repositoryId }) => repositoryId === lastSuccess?.repositoryId);
  return drive === undefined ? dueAt : drive.dueAt;
}
