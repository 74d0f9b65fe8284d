import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runBackup } from '../../src/lib/restic/backup.ts';
import { LeftBehind } from '../../src/lib/restic/left-behind.ts';
import { runOperation } from '../../src/lib/restic/operations.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import { startTicksOf } from '../../src/lib/system-process.ts';
import { backupOf, Home, killedWhenLocked, RESTICS } from './restic-fixtures.ts';

describe.each(RESTICS)('what a dead $name left behind', { timeout: 60_000 }, (restic) => {
  const home = new Home(restic);
  const url = home.path('repo');
  const docs = home.files('docs/a.txt');
  const locks = (): string[] => readdirSync(join(url, 'locks'));
  let repository: ResticRepository;
  let notes: LeftBehind;

  /** A lock of a restic that died with its Node-RED; the number that it had. */
  async function lockOfTheDead(): Promise<number> {
    await runBackup(home.around(repository, killedWhenLocked(join(url, 'locks'))), backupOf([docs]));
    const [lock = ''] = locks();
    for (const note of notes.all()) notes.drop(note);
    return (JSON.parse(home.run(url, 'cat', 'lock', lock, '--no-lock')) as { pid: number }).pid;
  }

  beforeAll(async () => {
    repository = await home.created(url);
    notes = await repository.leftBehind();
  }, 60_000);
  afterAll(() => home.remove());

  test.each([
    ['a backup', () => runBackup(repository, backupOf([docs]))],
    ['a prune', () => runOperation(repository, { kind: 'prune' })],
  ])('%s first removes the lock that an earlier life of ours may have left', async (_, locking) => {
    notes.note({ pid: await lockOfTheDead(), startTicks: 1 });
    const { outcome, kind } = (await locking()) as { outcome?: { kind: string }; kind?: string };
    expect(outcome?.kind ?? kind).toMatch(/succeeded|done/);
    expect(locks()).toEqual([]);
    expect(notes.all()).toEqual([]);
  });

  test('a lock that nobody knows of is left', async () => {
    await lockOfTheDead();
    await runBackup(repository, backupOf([docs]));
    expect(locks()).toHaveLength(1);
    for (const lock of locks()) rmSync(join(url, 'locks', lock));
  });

  test('without a lock no restic is started for what was noted', async () => {
    notes.note({ pid: 2 ** 22 + 1, startTicks: 1 });
    home.commands();
    await runBackup(repository, backupOf([docs]));
    expect(home.commands()).toEqual(['backup']);
    expect(notes.all()).toEqual([]);
  });

  test('a restic is noted while it runs, and no longer once it ended well', async () => {
    const seen: number[] = [];
    const outcome = await runBackup(repository, backupOf([docs]), {
      onStarted: ({ pid }) => seen.push(...notes.all().map((note) => note.pid - pid)),
    });
    expect(outcome.outcome.kind).toBe('succeeded');
    expect(seen).toEqual([0]);
    expect(notes.all()).toEqual([]);
  });

  test('one that did not end well stays noted until somebody looked for its lock', async () => {
    const shot = home.around(repository, 'kill -9 $$');
    await runBackup(shot, backupOf([docs]));
    expect(notes.all()).toHaveLength(1);
    await runOperation(repository, { kind: 'unlock', ownProcesses: [] });
    expect(notes.all()).toEqual([]);
  });
});

test('notes survive us, are bounded, and tell a process from a later one with its number', () => {
  const home = new Home({ name: 'none', path: '' });
  onTestFinished(() => home.remove());
  const folder = home.path('notes');
  const me = { pid: process.pid, startTicks: startTicksOf(process.pid) };
  new LeftBehind(folder).note(me);
  expect(new LeftBehind(folder).all()).toEqual([me]);
  for (let pid = 1; pid <= 150; pid += 1) new LeftBehind(folder).note({ pid, startTicks: null });
  const kept = new LeftBehind(folder).all().map(({ pid }) => pid);
  expect(kept).toHaveLength(100);
  expect(kept).toContain(150);
  expect(kept).not.toContain(1);
  expect(new LeftBehind(home.path('nothing')).all()).toEqual([]);
});
