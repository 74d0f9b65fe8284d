import { renameSync, rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { runBackup, verifyClaim } from '../../src/lib/restic/backup.ts';
import type { BackupHooks } from '../../src/lib/restic/backup-request.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import { newestGoodSnapshot } from '../../src/lib/restic/snapshots.ts';
import { backupOf, Home, RESTICS } from './restic-fixtures.ts';

interface Stored {
  readonly id: string;
  readonly tags: string[];
}

describe.each(RESTICS)('a backup with $name', { timeout: 60_000 }, (restic) => {
  const home = new Home(restic);
  const url = home.path('repo');
  const docs = home.files('docs/a.txt');
  const stored = (): Stored[] => JSON.parse(home.run(url, 'snapshots', '--json', '--no-lock'));
  const around = (watched: ResticRepository, failing: string): ResticRepository =>
    home.around(watched, `[ "$1" = ${failing} ] && exit 1; exec "$RESTIC" "$@"`);
  afterAll(() => home.remove());

  test('tells that somebody removed the last good snapshot, whatever its outcome', async () => {
    const watched = await home.created(url);
    const missed: string[][] = [];
    const hooks: BackupHooks = { onVanished: (...told) => missed.push(told) };
    const first = await runBackup(watched, backupOf([docs], { runId: 'first' }), hooks);
    if (first.outcome.kind !== 'succeeded') throw new Error(JSON.stringify(first));
    const { snapshot, repositoryId } = first.outcome;
    const lastGoods = [
      { repositoryId: 'sha256:of another drive', snapshotId: 'f'.repeat(64), at: snapshot.time },
      { repositoryId, snapshotId: snapshot.id, at: snapshot.time },
    ];
    home.commands();

    await runBackup(watched, backupOf([docs], { runId: 'second', lastGoods }), hooks);
    expect(missed).toEqual([]);
    expect(home.commands(), 'no restic is asked').toEqual(['backup']);

    home.run(url, 'tag', '--add', 'dear', snapshot.id);
    expect(stored().map(({ id }) => id)).not.toContain(snapshot.id);
    await runBackup(watched, backupOf([docs], { runId: 'third', lastGoods }), hooks);
    expect(missed, 'another id is no loss').toEqual([]);

    home.run(url, 'forget', stored().find(({ tags }) => tags.includes('dear'))?.id ?? '');
    const request = backupOf([docs], { runId: 'fourth', lastGoods });
    const failed = await runBackup(around(watched, 'backup'), request, hooks);
    expect(failed.outcome.kind).toBe('failed');
    await runBackup(around(watched, 'snapshots'), { ...request, runId: 'fifth' }, hooks);
    await runBackup(watched, { ...request, runId: 'sixth' }, hooks);
    const once = [snapshot.id, snapshot.time];
    expect(missed, 'not while restic cannot be asked').toEqual([once, once]);
  });

  test('whose snapshots cannot be read is looked at again, and neither missing nor made anew', async () => {
    const own = home.path('unread');
    const readable = await home.created(own);
    // A link to itself: cannot be read by anybody, and is no proof that nothing is there.
    const lose = `mv '${own}/snapshots' '${own}/away' && ln -s snapshots '${own}/snapshots'`;
    const losing = home.around(readable, `"$RESTIC" "$@"; status=$?; ${lose}; exit $status`);
    const { outcome } = await runBackup(losing, backupOf([docs]));
    expect(outcome).toMatchObject({ kind: 'unverified', failure: { class: 'unverified' } });
    rmSync(`${own}/snapshots`);
    renameSync(`${own}/away`, `${own}/snapshots`);
    if (outcome.kind !== 'unverified') throw new Error(JSON.stringify(outcome));
    expect((await verifyClaim(readable, outcome.claim, backupOf([docs]))).kind).toBe('succeeded');
  });

  test('does not count as one without snapshots when restic could not read them', async () => {
    const own = home.path('silent');
    const readable = await home.created(own);
    await runBackup(readable, backupOf([docs]));
    const plan = { planKey: 'docs', host: 'house' };
    expect(await newestGoodSnapshot(readable, plan)).toMatchObject({ ok: true, value: { newest: {} } });
    const words = 'could not load snapshots: open snapshots: permission denied';
    const unreadable = home.around(readable, `echo '${words}' >&2; echo '[]'`);
    expect(await newestGoodSnapshot(unreadable, plan)).toMatchObject({ ok: false });
  });
});
