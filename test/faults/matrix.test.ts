import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/restic/backup.ts';
import { runOperation } from '../../src/lib/restic/operations.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import type { UnlockPayload } from '../../src/lib/restic/unlock.ts';
import { skip } from '../unit/drive-fixtures.ts';
import { backupOf, Home, noteRestic } from '../unit/restic-fixtures.ts';
import { count, isBroken } from './counts.ts';
import {
  foreignLock,
  locksOf,
  MATRIX,
  MISSING,
  slowRequest,
  standingRestic,
  whileLocked,
} from './matrix-fixtures.ts';

// What goes wrong with repositories and sources, done to each version of restic for real.

const counted = { locks: { cases: 0, broken: 0 }, others: { cases: 0, broken: 0 } };
afterEach(({ task }) => {
  const own = counted[/\block\b|^SIG|^called /.test(task.name) ? 'locks' : 'others'];
  own.cases += 1;
  if (isBroken(task)) own.broken += 1;
});
afterAll(() => {
  const { locks, others } = counted;
  count(4, 'locks of the living, the dead and strangers under every restic', locks.cases, locks.broken);
  count(1, 'repositories and sources of every restic', others.cases, others.broken);
});

describe.skip.each(MISSING)('%s', () => {
  test('was not tested', () => undefined);
});

describe.each(MATRIX)('$name', (restic) => {
  const home = new Home(restic);
  const url = home.path('repository');
  const documents = home.files('documents/a.txt', 'documents/b.txt', 'documents/c.txt');
  writeFileSync(home.path('documents', 'a.txt'), randomBytes(100_000));
  let repository: ResticRepository;
  let firstSnapshot = '';
  const snapshots = (): { id: string; tags?: string[] }[] =>
    JSON.parse(home.run(url, 'snapshots', '--json', '--no-lock'));
  const isWhole = (): boolean => home.run(url, 'check').includes('no errors');

  beforeAll(async () => {
    repository = await home.created(url);
    const { outcome } = await runBackup(repository, backupOf([documents], { runId: 'first' }));
    if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
    firstSnapshot = outcome.snapshot.id;
  });
  afterAll(() => home.remove());

  test('wrong password: said so, for backups and for operations, and nothing is changed', async () => {
    const wrong = home.repository(url, { secrets: { password: 'not this one', environment: {} } });
    const { outcome, maintenance } = await runBackup(wrong, backupOf([documents]));
    expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'auth' } });
    expect(maintenance).toBeUndefined();
    expect(JSON.stringify(outcome)).not.toContain('not this one');
    expect(await runOperation(wrong, { kind: 'prune' })).toMatchObject({ failure: { class: 'auth' } });
    expect(locksOf(url)).toEqual([]);
  });

  test('no repository, or none any more when restic looks: never created, never a success', async () => {
    const nothing = home.repository(home.path('documents'));
    expect((await runBackup(nothing, backupOf([documents]))).outcome).toMatchObject({
      failure: { class: 'repo-missing' },
    });
    const vanishing = home.around(
      repository,
      `mv '${url}/config' '${home.path('config')}'; "$RESTIC" "$@"; code=$?
       mv '${home.path('config')}' '${url}/config'; exit $code`,
    );
    expect((await runBackup(vanishing, backupOf([documents]))).outcome).toMatchObject({
      failure: { class: 'repo-missing' },
    });
    expect(readdirSync(documents).toSorted()).toEqual(['a.txt', 'b.txt', 'c.txt']);
  });

  test('a shared lock of a living restic: backups go on, what needs to be alone says who holds it', async () => {
    const other = await standingRestic(home, url, 'backup', '--host', 'other', documents);
    const request = backupOf([documents], { runId: 'beside', retention: { last: 9 } });
    const { outcome, maintenance } = await runBackup(repository, request);
    expect(outcome.kind).toBe('succeeded');
    expect(maintenance).toMatchObject({ ok: false, steps: [{ step: 'forget', failureClass: 'locked' }] });
    expect(maintenance?.reason).toContain(String(other.pid));
    const { payload } = await runOperation(repository, { kind: 'unlock' });
    expect(payload).toMatchObject({ removed: [], left: [{ lock: { pid: other.pid } }] });
    expect(await other.finish()).toBe(0);
    expect(locksOf(url)).toEqual([]);
  });

  test('an exclusive lock of a living restic: the backup fails as locked, and the lock is left alone', async () => {
    const other = await standingRestic(home, url, 'prune');
    const { outcome } = await runBackup(repository, backupOf([documents]));
    expect(outcome).toMatchObject({
      kind: 'failed',
      failure: { class: 'locked', reason: expect.stringContaining(String(other.pid)) },
    });
    expect(await runOperation(repository, { kind: 'unlock' })).toMatchObject({
      payload: { removed: [] },
    });
    expect(await other.finish()).toBe(0);
  });

  test('a file that cannot be read: partial, named, tagged, and no retention; accepted where the user says so', async (context) => {
    if (process.getuid?.() !== 0 || spawnSync('setpriv', ['--version']).status !== 0)
      skip(context, 'only root with setpriv can become somebody who may not read a file');
    const folder = home.files('private/open.txt', 'private/secret.txt');
    chmodSync(join(folder, 'secret.txt'), 0o600);
    for (const open of [home.folder, home.path('bin')]) chmodSync(open, 0o755);
    const nobody = home.around(
      repository,
      `[ "$1" = backup ] || exec "$RESTIC" "$@"
       exec setpriv --reuid 65534 --regid 65534 --clear-groups "$RESTIC" "$@"`,
    );
    const give = (to: string): unknown =>
      execFileSync('chown', ['-R', to, url, home.path('data'), home.path('commands')]);
    execFileSync('chmod', ['-R', 'a+rX', home.path('bin')]);
    writeFileSync(home.path('commands'), '');
    give('65534');
    const request = backupOf([folder], { planKey: 'private', runId: 'unread', retention: { last: 1 } });
    const { outcome, maintenance } = await runBackup(nobody, request);
    expect(outcome, JSON.stringify(outcome)).toMatchObject({
      kind: 'partial',
      unreadable: [join(folder, 'secret.txt')],
    });
    expect(maintenance).toBeUndefined();
    expect(snapshots().find(({ tags }) => tags?.includes('run:unread'))?.tags).toContain('incomplete');
    give('65534');
    const accepted = await runBackup(nobody, { ...request, runId: 'read', unreadableAccepted: true });
    expect(accepted.outcome.kind).toBe('succeeded');
    give('root');
  });

  test('a source that goes while restic starts: partial with one of two, never a success with none', async () => {
    const folder = home.files('leaving/a');
    const leaving = home.around(
      repository,
      `[ "$1" = backup ] && mv '${folder}' '${folder}.away'; "$RESTIC" "$@"; code=$?
       [ "$1" = backup ] && mv '${folder}.away' '${folder}'; exit $code`,
    );
    const both = await runBackup(leaving, backupOf([documents, folder], { planKey: 'leaving' }));
    expect(both.outcome.kind).toBe('partial');
    const alone = await runBackup(leaving, backupOf([folder], { planKey: 'leaving' }));
    expect(alone.outcome).toMatchObject({ kind: 'failed', failure: { class: 'source-missing' } });
    rmSync(folder, { recursive: true });
    expect((await runBackup(repository, backupOf([folder]))).outcome).toMatchObject({
      failure: { class: 'source-missing' },
    });
  });

  test('a damaged index: the backup fails as damage or is partial, and nothing is removed', async () => {
    const copy = home.path('damaged-index');
    execFileSync('cp', ['-r', url, copy]);
    const folder = join(copy, 'index');
    for (const name of readdirSync(folder)) {
      chmodSync(join(folder, name), 0o600);
      writeFileSync(join(folder, name), 'x'.repeat(500));
    }
    const before = readdirSync(join(copy, 'snapshots')).length;
    const damaged = home.repository(copy);
    const { outcome, maintenance } = await runBackup(
      damaged,
      backupOf([documents], { retention: { last: 1 } }),
    );
    expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'corrupt' } });
    expect(maintenance).toBeUndefined();
    expect(readdirSync(join(copy, 'snapshots'))).toHaveLength(before);
    expect(await runOperation(damaged, { kind: 'check', readDataSubset: '' })).toMatchObject({
      kind: 'failed',
      failure: { class: 'corrupt' },
    });
  });

  test('a damaged pack and a missing one: found by the check and called damage', async () => {
    const copy = home.path('damaged-pack');
    execFileSync('cp', ['-r', url, copy]);
    // The largest holds contents of files; one with folders would be read again and again.
    const [pack = ''] = readdirSync(join(copy, 'data'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted((a, b) => statSync(b).size - statSync(a).size);
    chmodSync(pack, 0o600);
    const bytes = readFileSync(pack);
    bytes[10] = (bytes[10] ?? 0) ^ 0xff;
    writeFileSync(pack, bytes);
    const damaged = home.repository(copy);
    const check = { kind: 'check', readDataSubset: '100%' } as const;
    expect(await runOperation(damaged, check)).toMatchObject({
      kind: 'failed',
      failure: { class: 'corrupt' },
    });
    rmSync(pack);
    const missing = await runOperation(damaged, { ...check, readDataSubset: '' });
    expect(missing).toMatchObject({ kind: 'failed', failure: { class: 'corrupt' } });
  });

  test.each(['INT', 'TERM', 'KILL'])(
    'SIG%s from a stranger: interrupted, and its lock is gone in the end',
    async (signal) => {
      const request = slowRequest(home);
      const before = snapshots().length;
      const shot = home.around(repository, whileLocked(join(url, 'locks'), `kill -${signal} $pid`));
      const { outcome } = await runBackup(shot, request);
      expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'interrupted' } });
      expect(snapshots()).toHaveLength(before);
      const [lock] = locksOf(url);
      if (signal === 'KILL') expect(lock).toBeDefined();
      if (lock !== undefined) {
        const { pid } = JSON.parse(home.run(url, 'cat', 'lock', lock, '--no-lock')) as { pid: number };
        await noteRestic(repository, { pid, startTicks: 1 });
        expect(await runOperation(repository, { kind: 'unlock' })).toMatchObject({
          kind: 'done',
          payload: { removed: [{ id: lock }] },
        });
      }
      expect(locksOf(url)).toEqual([]);
      expect(isWhole()).toBe(true);
    },
  );

  describe('a lock whose process number a stranger has now', () => {
    const strangers: { kill: () => void }[] = [];
    afterEach(() => {
      for (const { kill } of strangers.splice(0)) kill();
      for (const lock of locksOf(url)) rmSync(join(url, 'locks', lock));
    });

    /** A living process called `name`. */
    function stranger(name: string): { pid: number; isAlive: () => boolean } {
      const program = home.path(name);
      if (!existsSync(program)) copyFileSync('/bin/sleep', program);
      const child = spawn(program, ['600'], { stdio: 'ignore' });
      strangers.push({ kill: () => child.kill('SIGKILL') });
      return { pid: child.pid ?? 0, isAlive: () => child.exitCode === null && child.signalCode === null };
    }

    const unlocked = async (ownPids: readonly number[]): Promise<UnlockPayload> => {
      for (const pid of ownPids) await noteRestic(repository, { pid, startTicks: 1 });
      const { payload } = await runOperation(repository, { kind: 'unlock' });
      return payload as UnlockPayload;
    };

    test.for(['sleeper', 'restic-of-another'])(
      'called %s: it is never signalled, and its lock goes only when it was ours',
      async (name, context) => {
        const { pid, isAlive } = stranger(name);
        const chosen = `echo ${pid - 1} > /proc/sys/kernel/ns_last_pid`;
        const lock = await foreignLock(home, repository, '--pid --fork --mount-proc', chosen);
        if (lock?.pid !== pid) skip(context, 'the number of a process cannot be chosen here');
        expect(await unlocked([])).toMatchObject({ removed: [], left: [{ lock: { pid } }] });
        expect(locksOf(url)).toHaveLength(1);
        // The same number, and a start that was another one: that restic of ours is dead. Another restic, with the
        // number now, may have made the lock itself.
        const isLeft = name.startsWith('restic');
        const lockOfIt = { pid };
        expect(await unlocked([pid])).toMatchObject(
          isLeft ? { removed: [], left: [{ lock: lockOfIt }] } : { removed: [lockOfIt], left: [] },
        );
        expect(locksOf(url)).toHaveLength(isLeft ? 1 : 0);
        expect(isAlive()).toBe(true);
      },
    );
  });

  test('a lock of another machine is left alone, also when its process number was one of ours', async (context) => {
    const lock = await foreignLock(home, repository, '--uts', 'hostname another-machine');
    if (lock?.hostname !== 'another-machine') skip(context, 'no other host name can be had here');
    await noteRestic(repository, { pid: lock.pid, startTicks: 1 });
    expect(await runOperation(repository, { kind: 'unlock' })).toMatchObject({
      payload: { removed: [], left: [{ lock: { host: 'another-machine' } }] },
    });
    expect(locksOf(url)).toHaveLength(1);
    for (const name of locksOf(url)) rmSync(join(url, 'locks', name));
  });

  test('after all of this the repository is whole and the first snapshot is there', () => {
    expect(locksOf(url)).toEqual([]);
    expect(isWhole()).toBe(true);
    expect(snapshots().map(({ id }) => id)).toContain(firstSnapshot);
  });
});
