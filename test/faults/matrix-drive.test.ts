import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/restic/backup.ts';
import type { BackupResult } from '../../src/lib/restic/backup-request.ts';
import { runOperation } from '../../src/lib/restic/operations.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import { memoryDisk, skip } from '../unit/drive-fixtures.ts';
import { backupOf, Home } from '../unit/restic-fixtures.ts';
import { count, isBroken } from './counts.ts';
import { Drive, locksOf, MATRIX, MISSING, slowRequest, whileLocked } from './matrix-fixtures.ts';

// What goes wrong with the drive under a running backup, done to each version of restic for real.

const cases = { lost: 0, hung: 0 };
const broken = { lost: 0, hung: 0 };
/** A drive that died has to be noticed within this time. */
const NOTICED_WITHIN_MS = 60_000;

afterAll(() => {
  count(1, 'drives that went away under every restic', cases.lost, broken.lost);
  count(7, 'drives that died or turned read-only under every restic', cases.hung, broken.hung);
});

describe.skip.each(MISSING)('%s', () => {
  test('was not tested', () => undefined);
});

describe.each(MATRIX)('$name', (restic) => {
  const home = new Home(restic);
  const documents = home.files('documents/a.txt', 'documents/b.txt');
  let drive: Drive;
  let repository: ResticRepository;
  let goodSnapshot: string;

  beforeEach(async (context) => {
    drive = new Drive(home, context);
    repository = await home.created(drive.url);
    const { outcome } = await runBackup(repository, backupOf([documents], { runId: 'good' }));
    if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
    goodSnapshot = outcome.snapshot.id;
  });
  afterEach(({ task }) => {
    drive.unmount();
    rmSync(drive.path, { recursive: true, force: true });
    const kind = task.suite?.name === 'a drive that' ? 'lost' : 'hung';
    cases[kind] += 1;
    if (isBroken(task)) broken[kind] += 1;
  });
  afterAll(() => home.remove());

  /** The drive is plugged in again: the good snapshot is there, and the next backup is good. */
  async function expectWell(): Promise<void> {
    drive.replug();
    // What the dead restic of ours left behind; its number is not known here.
    for (const lock of locksOf(drive.url)) rmSync(join(drive.url, 'locks', lock));
    const next = await runBackup(repository, backupOf([documents], { runId: 'next' }));
    expect(next.outcome.kind).toBe('succeeded');
    const ids = (JSON.parse(home.run(drive.url, 'snapshots', '--json')) as { id: string }[]).map(
      ({ id }) => id,
    );
    expect(ids).toContain(goodSnapshot);
    expect(ids).toHaveLength(2);
  }

  /** What lies beneath the mount point, in files. */
  function beneath(): string[] {
    const entries = existsSync(drive.url)
      ? readdirSync(drive.url, { recursive: true, withFileTypes: true })
      : [];
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  }

  /** The drive is gone: no success, no retention, and every file in the folder beneath is reported. */
  function expectLost({ outcome, maintenance }: BackupResult): void {
    expect(maintenance).toBeUndefined();
    if (outcome.kind !== 'failed') throw new Error(JSON.stringify(outcome));
    expect(outcome.failure.class).toBe('device-unavailable');
    const left = beneath();
    if (left.length === 0) expect(outcome.failure.reason).not.toContain('beneath');
    else
      expect(outcome.failure.reason).toMatch(
        new RegExp(`\\b${left.length} files \\([^)]+B\\) .*${drive.url}`),
      );
  }

  const locks = (): string => join(drive.url, 'locks');
  const gone = (): string => `cd /; umount -l '${drive.path}'`;

  describe('a drive that', () => {
    test('is unmounted between two writes: no success, whatever restic says', async () => {
      const unmounted = home.around(repository, whileLocked(locks(), gone()));
      expectLost(await runBackup(unmounted, backupOf([documents], { retention: { last: 1 } })));
      await expectWell();
    });

    test('is unmounted during a write', async () => {
      const writing = `find '${drive.url}/data' -name '*tmp*' 2>/dev/null | grep -q .`;
      const slow = home.repository(drive.url, { ...repository.settings, uploadLimit: 1000 });
      const unmounted = home.around(
        slow,
        `[ "$1" = backup ] || exec "$RESTIC" "$@"
         "$RESTIC" "$@" & pid=$!
         until ${writing}; do kill -0 $pid || break; done
         kill -STOP $pid; ${gone()}; kill -CONT $pid; wait $pid`,
      );
      expectLost(await runBackup(unmounted, slowRequest(home)));
      await expectWell();
    });

    test('is unmounted, and its folders are made again by somebody else', async () => {
      const folders = ['data', 'index', 'snapshots', 'locks', 'keys'].map((name) => `'${drive.url}/${name}'`);
      const again = home.around(repository, whileLocked(locks(), `${gone()}; mkdir -p ${folders.join(' ')}`));
      expectLost(await runBackup(again, backupOf([documents], { retention: { last: 1 } })));
      await expectWell();
    });

    test('is full: said so, the repository can be used, and with room it goes on', async (context) => {
      const parent = home.path('small');
      mkdirSync(parent);
      const small = memoryDisk(parent, context, 'size=4m');
      try {
        const tight = await home.created(join(small.path, 'repo'));
        const { outcome, maintenance } = await runBackup(tight, slowRequest(home));
        expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'disk-full' } });
        expect(maintenance).toBeUndefined();
        expect(await runOperation(tight, { kind: 'snapshots', filter: {} })).toMatchObject({ payload: [] });
        small.remount('size=32m');
        expect(locksOf(join(small.path, 'repo'))).toEqual([]);
        expect((await runBackup(tight, slowRequest(home))).outcome.kind).toBe('succeeded');
      } finally {
        small.remove();
        rmSync(parent, { recursive: true });
      }
    });
  });

  describe('a drive that hangs', () => {
    const told = home.path('told');
    const died = home.path('died');
    const now = (file: string): string => `date +%s%3N > '${file}'`;

    /**
     * Lets `accident` happen while the backup stands with its lock. restic would take a minute to clean up on a dead
     * drive, so it is shot as soon as it was asked to stop.
     */
    async function hanging(accident: string): Promise<BackupResult> {
      rmSync(told, { force: true });
      const hung = home.around(
        repository,
        `[ "$1" = backup ] || exec "$RESTIC" "$@"
         "$RESTIC" "$@" & pid=$!
         trap "${now(told)}; kill -9 $pid" INT
         until ls '${locks()}' 2>/dev/null | grep -q '^[0-9a-f]*$'; do :; done
         kill -STOP $pid
         ${accident} && ${now(died)}
         kill -CONT $pid
         wait $pid; wait $pid`,
      );
      return await runBackup(hung, slowRequest(home));
    }

    function expectNoticed(): void {
      const at = (file: string): number => Number(readFileSync(file, 'utf8'));
      expect(at(told) - at(died)).toBeLessThan(NOTICED_WITHIN_MS);
    }

    test('dies: noticed within a minute, and called so', async (context) => {
      if (spawnSync('python3', ['--version']).status !== 0)
        skip(context, 'no python3 to let a drive die with');
      const shutdown = `import fcntl, os, struct
fcntl.ioctl(os.open('${drive.path}', os.O_RDONLY), 0x8004587d, struct.pack('I', 2))`;
      const { outcome, maintenance } = await hanging(`python3 -c "${shutdown}"`);
      expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'device-unavailable' } });
      expect(maintenance).toBeUndefined();
      expectNoticed();
      await expectWell();
    });

    test('turns read-only: noticed within a minute, and called so', async () => {
      const { outcome, maintenance } = await hanging(`mount -o remount,ro '${drive.path}'`);
      expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'device-readonly' } });
      expect(maintenance).toBeUndefined();
      expectNoticed();
      expect(await runOperation(repository, { kind: 'snapshots', filter: {} })).toMatchObject({
        kind: 'done',
        payload: [{ id: goodSnapshot }],
      });
      execFileSync('mount', ['-o', 'remount,rw', drive.path]);
      await expectWell();
    });
  });
});
