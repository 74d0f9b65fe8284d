import { describe, expect, test } from 'vitest';
import { iso } from '../../src/lib/clock.ts';
import { debtOf, drivesAfter, dueAfterLast, owedDrives } from '../../src/lib/plan/drives.ts';
import type { DriveState, SuccessRecord } from '../../src/lib/plan/state.ts';
import { newPlanState } from '../../src/lib/plan/state.ts';
import { House, ms } from './fake-house.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-23T12:00:00Z');

function success(repositoryId: string, at: number): SuccessRecord {
  return { at: iso(at), snapshotId: `s-${repositoryId}`, repositoryId, run: null, figures: null };
}

describe('what is remembered of the drives of a plan', () => {
  const after = (...successes: [string, number][]): readonly DriveState[] =>
    successes.reduce<readonly DriveState[]>(
      (drives, [id, at]) => drivesAfter(drives, success(id, at), iso(at + DAY)),
      [],
    );
  const ids = (drives: readonly DriveState[]): string[] => drives.map(({ repositoryId }) => repositoryId);

  test('each has its own last success and its own debt, the latest last', () => {
    const drives = after(['a', NOW], ['b', NOW + DAY], ['a', NOW + 2 * DAY]);
    expect(drives).toEqual([
      { repositoryId: 'b', lastSuccessAt: iso(NOW + DAY), lastSnapshotId: 's-b', dueAt: iso(NOW + 2 * DAY) },
      {
        repositoryId: 'a',
        lastSuccessAt: iso(NOW + 2 * DAY),
        lastSnapshotId: 's-a',
        dueAt: iso(NOW + 3 * DAY),
      },
    ]);
  });

  test('an older success that is found later moves nothing back', () => {
    expect(after(['a', NOW], ['a', NOW - DAY])).toEqual(after(['a', NOW]));
  });

  test('of more than eight the one that was used longest ago is forgotten', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    expect(ids(after(...names.map((name, at): [string, number] => [name, NOW + at * DAY])))).toEqual(
      names.slice(1),
    );
  });

  test('one without a good backup for a year was given up', () => {
    expect(ids(after(['a', NOW], ['b', NOW + 364 * DAY]))).toEqual(['a', 'b']);
    expect(ids(after(['a', NOW], ['b', NOW + 365 * DAY]))).toEqual(['b']);
  });
});

describe('debts of several drives', () => {
  const drive = (repositoryId: string, lastSuccessAt: number, dueAt: number | null): DriveState => ({
    repositoryId,
    lastSuccessAt: iso(lastSuccessAt),
    lastSnapshotId: repositoryId,
    dueAt: dueAt === null ? null : iso(dueAt),
  });
  const drives = [
    drive('late', NOW, NOW - DAY),
    drive('later', NOW, NOW - 3 * DAY),
    drive('now', NOW, NOW),
    drive('soon', NOW, NOW + 1),
    drive('never', NOW, null),
  ];

  test('the one that is late for longest comes first, and a debt that begins now has begun', () => {
    const state = { ...newPlanState('photos', 'Photos'), drives };
    expect(owedDrives(state, NOW).map(({ repositoryId }) => repositoryId)).toEqual(['later', 'late', 'now']);
  });

  test('the earliest of all is the plan’s, where lateness counts for each drive', () => {
    expect(debtOf(drives, iso(NOW), true)).toBe(iso(NOW - 3 * DAY));
    expect(debtOf(drives, iso(NOW - 9 * DAY), true)).toBe(iso(NOW - 9 * DAY));
    expect(debtOf(drives, iso(NOW), false)).toBe(iso(NOW));
    expect(debtOf([drive('never', NOW, null)], null, true)).toBeNull();
    expect(debtOf([drive('never', NOW, null)], iso(NOW), true)).toBe(iso(NOW));
  });

  test('the next backup is owed by the drive that was backed up to last, known or not', () => {
    const state = { ...newPlanState('photos', 'Photos'), drives, dueAt: iso(NOW - DAY) };
    expect(dueAfterLast(state)).toBe(state.dueAt);
    expect(dueAfterLast({ ...state, lastSuccess: success('soon', NOW) })).toBe(iso(NOW + 1));
    expect(dueAfterLast({ ...state, lastSuccess: success('other', NOW) })).toBe(state.dueAt);
  });

  test('they are kept in the order of their successes, whatever order they had', () => {
    const mixed = [drive('b', NOW + 2, null), drive('a', NOW + 1, null), drive('c', NOW + 3, null)];
    const names = drivesAfter(mixed, success('d', NOW + 4), null).map(({ repositoryId }) => repositoryId);
    expect(names).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('two drives that take turns', () => {
  async function rotating(latenessPerDrive: boolean): Promise<House> {
    const house = new House();
    house.repositoryId = 'a';
    await house.plan({ every: '24h', latenessPerDrive });
    house.repositoryId = 'b';
    await house.passes('24h');
    return house;
  }

  test('the plan is as late as the drive that is late for longest, and still backs up by its schedule', async () => {
    const house = await rotating(true);
    expect(house.state).toMatchObject({
      lastSuccessAt: '2026-11-24T12:00:00.000Z',
      dueAt: '2026-11-24T12:00:00.000Z',
      nextAttemptAt: '2026-11-25T12:00:00.000Z',
    });
    await house.passes('3d');
    expect(house.resticStarts).toHaveLength(5);
    expect(house.state.dueAt).toBe('2026-11-24T12:00:00.000Z');
    expect(owedDrives(house.state, house.clock.now()).map(({ repositoryId }) => repositoryId)).toEqual(['a']);
    house.repositoryId = 'a';
    await house.passes('1d');
    expect(house.state).toMatchObject({
      dueAt: '2026-11-28T12:00:00.000Z',
      nextAttemptAt: '2026-11-29T12:00:00.000Z',
    });
  });

  test('the late drive starts a run when a device appears', async () => {
    const house = await rotating(true);
    await house.passes('1h');
    house.repositoryId = 'a';
    expect((await house.appears()).accepted).toBe(true);
    expect(house.resticStarts).toHaveLength(3);
    expect(house.state.dueAt).toBe('2026-11-25T12:00:00.000Z');
  });

  test('without the option one good backup pays for all, and each drive is known all the same', async () => {
    const house = await rotating(false);
    expect(house.state.dueAt).toBe('2026-11-25T12:00:00.000Z');
    expect(house.state.drives.map(({ repositoryId, dueAt }) => [repositoryId, dueAt])).toEqual([
      ['a', '2026-11-24T12:00:00.000Z'],
      ['b', '2026-11-25T12:00:00.000Z'],
    ]);
  });

  test('an edited schedule moves the debts that are to come, and none that has begun', async () => {
    const house = await rotating(true);
    await house.redeploys({ every: '48h', latenessPerDrive: true });
    expect(house.state.drives.map(({ repositoryId, dueAt }) => [repositoryId, dueAt])).toEqual([
      ['a', '2026-11-24T12:00:00.000Z'],
      ['b', '2026-11-26T12:00:00.000Z'],
    ]);
    expect(house.state.dueAt).toBe('2026-11-24T12:00:00.000Z');
  });

  test('the minimum gap counts from the end of the run, upkeep included, for its drive as well', async () => {
    const house = new House();
    house.restic.retention = ms('2h');
    await house.plan({ every: '1h', minimumGap: '30m', latenessPerDrive: true });
    await house.passes('2h');
    expect(house.state).toMatchObject({
      dueAt: '2026-11-23T14:30:00.000Z',
      nextAttemptAt: '2026-11-23T14:30:00.000Z',
      drives: [{ dueAt: '2026-11-23T14:30:00.000Z' }],
    });
  });
});

test('a journal of version 0.1, which knows of no drives, is read with the drive of its last success', async () => {
  const house = new House();
  house.repositoryId = 'a';
  await house.plan({ every: '24h' });
  const { drives: _drives, ...old } = house.journalled;
  house.disk.set('photos', JSON.stringify(old));
  await house.restarts();
  expect(house.warnings).toEqual([]);
  expect(house.state.drives).toEqual([
    {
      repositoryId: 'a',
      lastSuccessAt: '2026-11-23T12:00:00.000Z',
      lastSnapshotId: 'snapshot-run1/1',
      dueAt: '2026-11-24T12:00:00.000Z',
    },
  ]);
  house.repositoryId = 'b';
  await house.passes('24h');
  expect(house.state.drives).toHaveLength(2);
});
