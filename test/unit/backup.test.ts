import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest';
import { runBackup, verifyClaim } from '../../src/lib/restic/backup.ts';
import type { BackupOutcome, SnapshotClaim } from '../../src/lib/restic/outcome.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import { listSnapshots, newestGoodSnapshot } from '../../src/lib/restic/snapshots.ts';
import { mountOrSkip } from './drive-fixtures.ts';
import { backupOf, Home, RESTICS, restServer } from './restic-fixtures.ts';

interface SnapshotJson {
  id: string;
  time: string;
  hostname: string;
  tags: string[];
  paths: string[];
}

/** Every JSON line of a backup that restic prints is passed on, then `code` runs before it ends. */
const after = (code: string): string => `"$RESTIC" "$@"; status=$?\n${code}\nexit $status`;

function claimOf(outcome: BackupOutcome): SnapshotClaim {
  if (outcome.kind !== 'unverified') throw new Error(`not unverified: ${JSON.stringify(outcome)}`);
  return outcome.claim;
}

// Each restic that opens a repository takes half a second, more on a busy machine.
describe.each(RESTICS)('a backup with $name', { timeout: 60_000 }, (restic) => {
  const home = new Home(restic);
  const url = home.path('drive', 'repo');
  const docs = home.files('docs/a.txt', 'docs/b.txt', 'docs/c.txt');
  let repository: ResticRepository;
  const stored = (): SnapshotJson[] => JSON.parse(home.run(url, 'snapshots', '--json', '--no-lock'));

  beforeAll(async () => {
    mkdirSync(home.path('drive'));
    repository = await home.created(url);
  });
  afterAll(() => home.remove());

  test('succeeds with a snapshot that was seen, then applies the retention: two restic processes in all', async () => {
    // Of another second than the new one, which restic's rules would otherwise take for as old.
    home.run(url, 'backup', '--host', 'house', '--tag', 'plan:docs', '--time', '2020-01-01 00:00:00', docs);
    const heard: string[] = [];
    const { outcome, maintenance } = await runBackup(
      repository,
      backupOf([docs], { runId: 'new', tags: ['mine'], retention: { last: 1 } }),
      {
        onStarted: ({ pid }) => heard.push(pid > 0 ? 'started' : 'no pid'),
        onVerifying: () => heard.push('verifying'),
        onOutcome: async (told) => {
          heard.push(`${told.kind} after ${home.commands().join(' ')}`);
        },
        onMaintenance: (step) => heard.push(step),
      },
    );
    expect(heard).toEqual(['started', 'verifying', 'succeeded after backup', 'forget']);
    expect(home.commands()).toEqual(['forget']);
    expect(maintenance).toMatchObject({ ok: true, step: 'forget', removed: 1, reason: '' });
    const [only, ...others] = stored();
    expect(others).toEqual([]);
    if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
    expect(outcome.snapshot).toEqual({
      id: only?.id,
      time: new Date(only?.time ?? '').toISOString(),
      host: 'house',
      tags: only?.tags,
      paths: [docs],
    });
    expect(only?.tags.toSorted()).toEqual(['created-by:lastgood', 'mine', 'plan:docs', 'run:new']);
    expect(outcome.figures).toMatchObject({ filesTotal: 3, filesUnmodified: 3 });
    expect(outcome.repositoryId).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('keeps the good snapshot even when the clock was ahead before', async () => {
    home.run(url, 'backup', '--host', 'house', '--tag', 'plan:docs', '--time', '2035-01-01 00:00:00', docs);
    const { outcome, maintenance } = await runBackup(
      repository,
      backupOf([docs], { runId: 'kept', retention: { last: 1 } }),
    );
    expect(outcome.kind).toBe('succeeded');
    expect(maintenance?.ok).toBe(true);
    expect(stored().some(({ tags }) => tags.includes('run:kept'))).toBe(true);
  });

  test('saves paths that begin with a dash, hold a newline or shell characters, and leaves out what is excluded', async () => {
    const folder = home.files(
      'odd/-rf',
      'odd/two\nlines',
      'odd/$(touch x);\'"',
      'odd/in/skip me',
      'odd/in/keep',
    );
    const { outcome } = await runBackup(
      repository,
      backupOf([`${folder}/-rf`, `${folder}/two\nlines`, `${folder}/$(touch x);'"`, `${folder}/in`], {
        planKey: 'odd',
        excludes: ['-not-there', 'skip me'],
      }),
    );
    expect(outcome).toMatchObject({ kind: 'succeeded', figures: { filesTotal: 4 } });
  });

  test('does not start restic when a source or the repository is missing', async () => {
    home.commands();
    const missing = await runBackup(repository, backupOf([docs, home.path('nowhere')]));
    expect(missing.outcome).toMatchObject({ kind: 'failed', failure: { class: 'source-missing' } });
    const nothing = await runBackup(home.repository(home.path('gone', 'repo')), backupOf([docs]));
    expect(nothing.outcome).toMatchObject({ kind: 'failed', failure: { class: 'device-unavailable' } });
    const empty = await runBackup(home.repository(home.path('drive')), backupOf([docs]));
    expect(empty.outcome).toMatchObject({ kind: 'failed', failure: { class: 'repo-missing' } });
    expect(await runBackup(repository, backupOf([]))).toMatchObject({
      outcome: { failure: { class: 'config' } },
    });
    expect(home.commands()).toEqual([]);
  });

  test('is partial and keeps every snapshot when the source has shrunk or is empty', async () => {
    const before = stored().length;
    const { outcome, maintenance } = await runBackup(
      repository,
      backupOf([docs], { runId: 'shrunk', retention: { last: 1 }, previous: { files: 7, bytes: 10 } }),
    );
    expect(maintenance).toBeUndefined();
    expect(stored()).toHaveLength(before + 1);
    if (outcome.kind !== 'partial') throw new Error(JSON.stringify(outcome));
    const mine = stored().find(({ tags }) => tags.includes('run:shrunk'));
    expect(mine?.tags).toContain('incomplete');
    expect(outcome.snapshot.id).toBe(mine?.id);
    expect(outcome.heldBack, 'a guard said so').toBe(true);
    const witness = await newestGoodSnapshot(repository, { planKey: 'docs', host: 'house' });
    expect(witness).toMatchObject({ ok: true, value: { otherHosts: [] } });
    expect(witness.ok && witness.value.newest?.tags).not.toContain('incomplete');

    mkdirSync(home.path('empty'));
    const nothing = await runBackup(repository, backupOf([home.path('empty')], { planKey: 'empty' }));
    expect(nothing.outcome).toMatchObject({ kind: 'partial', heldBack: true });
  });

  test('is marked as incomplete also while another backup goes on in the same repository', async () => {
    const go = home.path('go');
    const held = home.path('held');
    const both = home.around(
      repository,
      `case "$*" in *plan:beside*) ;; *) exec "$RESTIC" "$@" ;; esac
       "$RESTIC" "$@" & pid=$!
       until ls '${url}/locks' | grep -q '^[0-9a-f]*$'; do :; done
       kill -STOP $pid && touch '${held}'
       until [ -e '${go}' ]; do sleep 0.05; done
       kill -CONT $pid && wait $pid`,
    );
    const other = runBackup(both, backupOf([docs], { planKey: 'beside' }));
    await vi.waitUntil(() => existsSync(held), { timeout: 30_000 });
    const shrunk = runBackup(
      both,
      backupOf([docs], { planKey: 'small', runId: 'small', previous: { files: 9, bytes: 10 } }),
      { onQueued: () => writeFileSync(go, '') },
    ).finally(() => writeFileSync(go, ''));
    expect((await shrunk).outcome).toMatchObject({
      kind: 'partial',
      snapshot: { tags: expect.arrayContaining(['incomplete']) },
      reason: expect.not.stringContaining('tag'),
    });
    expect((await other).outcome.kind).toBe('succeeded');
  });

  test('is partial when a source goes away in the middle', async () => {
    const folder = home.files('leaving/a');
    const leaving = home.around(repository, `[ "$1" = backup ] && rm -r '${folder}'; exec "$RESTIC" "$@"`);
    const { outcome } = await runBackup(leaving, backupOf([docs, folder], { planKey: 'leaving' }));
    const reason: unknown = expect.stringContaining('leaving');
    expect(outcome).toMatchObject({ kind: 'partial', reason, heldBack: true });
  });

  test('is partial when files cannot be read, unless that is accepted; damage never is', async () => {
    const unreadable = (item: string, message: string): ResticRepository =>
      home.around(
        repository,
        after(
          `[ "$1" = backup ] || exit $status
           echo '{"message_type":"error","error":{"message":"${message}"},"during":"archival","item":"${item}"}' >&2
           exit 3`,
        ),
      );
    const request = backupOf([docs], { planKey: 'unread' });
    const locked = unreadable('/docs/locked', 'open /docs/locked: permission denied');
    expect((await runBackup(locked, request)).outcome).toMatchObject({
      kind: 'partial',
      heldBack: false,
      unreadable: ['/docs/locked'],
      snapshot: { tags: expect.arrayContaining(['incomplete']) },
    });
    const accepted = { ...request, unreadableAccepted: true };
    expect((await runBackup(locked, accepted)).outcome.kind).toBe('succeeded');
    const damaged = unreadable('/', 'tree abc is not known; the repository could be damaged');
    expect((await runBackup(damaged, accepted)).outcome).toMatchObject({ kind: 'partial', heldBack: false });
  });

  test('is unverified while the repository is away, and the look alone decides later', async () => {
    const away = home.around(repository, after(`[ "$1" = backup ] && mv '${url}' '${url}.away'`));
    const request = backupOf([docs], { runId: 'later' });
    const first = await runBackup(away, request);
    const claim = claimOf(first.outcome);
    expect(first.outcome).toMatchObject({ failure: { class: 'unverified' } });
    expect((await verifyClaim(repository, claim, request)).kind).toBe('unverified');

    const other = home.repository(url);
    expect((await runBackup(other, request)).outcome.kind).toBe('failed');
    await home.created(url);
    expect((await verifyClaim(repository, claim, request)).kind).toBe('unverified');
    rmSync(url, { recursive: true });
    renameSync(`${url}.away`, url);

    home.commands();
    const seen = await verifyClaim(repository, claim, request);
    expect(home.commands()).toEqual([]);
    if (seen.kind !== 'succeeded') throw new Error(JSON.stringify(seen));
    expect(stored().find(({ id }) => id === seen.snapshot.id)?.tags).toContain('run:later');
    rmSync(`${url}/snapshots/${seen.snapshot.id}`);
    expect(await verifyClaim(repository, claim, request)).toMatchObject({
      kind: 'failed',
      failure: { class: 'device-unavailable' },
    });
  });

  test('is not believed when the snapshot is not there', async () => {
    const lying = home.around(
      repository,
      after(`[ "$1" = backup ] && rm "$(ls -t '${url}'/snapshots/* | head -n 1)"`),
    );
    const { outcome } = await runBackup(lying, backupOf([docs], { runId: 'lie' }));
    expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'device-unavailable' } });
  });

  test('is cancelled cleanly, in the queue and in restic, and leaves no lock', async () => {
    const slow = home.around(repository, '[ "$1" = backup ] && sleep 0.3; exec "$RESTIC" "$@"');
    const stop = new AbortController();
    const leave = new AbortController();
    const running = runBackup(
      slow,
      backupOf([docs], { retention: { last: 1 } }),
      { onStarted: () => stop.abort() },
      stop.signal,
    );
    const queued = runBackup(
      slow,
      backupOf([docs], { retention: { last: 1 } }),
      { onQueued: () => leave.abort() },
      leave.signal,
    );
    expect((await queued).outcome.kind).toBe('cancelled');
    expect((await running).outcome.kind).toBe('cancelled');
    expect(readdirSync(`${url}/locks`)).toEqual([]);
  });

  test('fails with its own class without a password, without restic and with the wrong password', async () => {
    const without = home.repository(url, { secrets: { environment: {} } });
    expect((await runBackup(without, backupOf([docs]))).outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'credentials-missing' },
    });
    const nowhere = home.repository(url, { binary: home.path('no-restic') });
    expect((await runBackup(nowhere, backupOf([docs]))).outcome).toMatchObject({
      failure: { class: 'config' },
    });
    const wrong = home.repository(url, { secrets: { password: 'wrong', environment: {} } });
    expect((await runBackup(wrong, backupOf([docs]))).outcome).toMatchObject({ failure: { class: 'auth' } });
  });

  test('of a remote repository takes one more process to be believed, and tells restic’s own id', async () => {
    const server = await restServer(home.path('remote'));
    const remote = await home.created(server.url);
    const { outcome } = await runBackup(remote, backupOf([docs], { runId: 'far' }));
    expect(home.commands()).toEqual(['backup', 'snapshots']);
    if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
    const config = JSON.parse(home.run(home.path('remote'), 'cat', 'config', '--no-lock'));
    expect(outcome.repositoryId).toBe(config.id);
    expect(await listSnapshots(remote, { runId: 'far' })).toEqual({ ok: true, value: [outcome.snapshot] });
    expect(await listSnapshots(remote, { runId: 'other' })).toEqual({ ok: true, value: [] });
    const away = home.around(
      remote,
      after(`[ "$1" = backup ] && mv '${home.path('remote')}' '${home.path('off')}'`),
    );
    const claim = claimOf((await runBackup(away, backupOf([docs]))).outcome);
    renameSync(home.path('off'), home.path('remote'));
    expect((await verifyClaim(remote, claim, backupOf([docs]))).kind).toBe('succeeded');
    server.close();
  });

  describe('onto a drive that is unmounted in the middle', () => {
    const drive = home.path('usb');
    const usb = `${drive}/repo`;

    /** Runs a backup around which `code` happens, on a drive of its own. */
    async function backUpAndUnmount(context: TestContext, code: string): Promise<BackupOutcome> {
      mkdirSync(drive, { recursive: true });
      mountOrSkip(['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', drive], context);
      try {
        const mounted = await home.created(usb);
        const gone = home.around(mounted, `[ "$1" = backup ] || exec "$RESTIC" "$@"\n${code}`);
        const { outcome, maintenance } = await runBackup(gone, backupOf([docs], { retention: { last: 1 } }));
        expect(maintenance).toBeUndefined();
        return outcome;
      } finally {
        spawnSync('umount', ['-l', drive]);
        rmSync(drive, { recursive: true });
      }
    }

    test('fails at once when restic notices, and a plain unmount is refused while it runs', async (context) => {
      const outcome = await backUpAndUnmount(
        context,
        `"$RESTIC" "$@" & pid=$!
         while [ -z "$(ls -A '${usb}/locks')" ]; do :; done
         kill -STOP $pid
         umount '${drive}' 2>/dev/null && touch '${home.path('unmounted')}'
         umount -l '${drive}'
         kill -CONT $pid
         wait $pid`,
      );
      expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'device-unavailable' } });
      expect(readdirSync(home.folder)).not.toContain('unmounted');
    });

    test('is stopped when restic does not notice: it would go on into nowhere', async (context) => {
      const outcome = await backUpAndUnmount(
        context,
        `"$RESTIC" snapshots && cd / && umount -l '${drive}' && exec sleep 300`,
      );
      expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'device-unavailable' } });
    });

    test('fails when restic reports success into the folder beneath, and tells what lies there', async (context) => {
      // As restic leaves it when that happens between two writes (0.14 to 0.19).
      const outcome = await backUpAndUnmount(
        context,
        `"$RESTIC" "$@" || exit
         mkdir '${home.path('kept')}' && cp -r '${usb}/data' '${usb}/snapshots' '${home.path('kept')}'
         cd / && umount -l '${drive}' && mkdir '${usb}' && cp -r '${home.path('kept')}'/* '${usb}'`,
      );
      expect(outcome).toMatchObject({
        kind: 'failed',
        failure: {
          class: 'device-unavailable',
          exitCode: 0,
          reason: expect.stringMatching(/\d+ files \(.*B\) .*usb\/repo/),
        },
      });
    });

    test('and mounted again does not count: parts may be missing', async (context) => {
      const outcome = await backUpAndUnmount(
        context,
        `"$RESTIC" "$@" || exit
         mkdir '${home.path('again')}' && mount --bind '${drive}' '${home.path('again')}'
         umount -l '${drive}' && mount --bind '${home.path('again')}' '${drive}'`,
      );
      spawnSync('umount', ['-l', home.path('again')]);
      expect(outcome).toMatchObject({
        kind: 'failed',
        failure: { class: 'device-unavailable', exitCode: 0 },
      });
    });
  });
});
