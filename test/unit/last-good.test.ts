import { afterAll, describe, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/restic/backup.ts';
import type { BackupHooks } from '../../src/lib/restic/backup-request.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
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
});
