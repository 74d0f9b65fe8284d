import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runBackup } from '../../src/lib/restic/backup.ts';
import { LeftBehind } from '../../src/lib/restic/left-behind.ts';
import { runOperation } from '../../src/lib/restic/operations.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import type { RecordedProcess } from '../../src/lib/system-process.ts';
import { startTicksOf } from '../../src/lib/system-process.ts';
import { backupOf, Home, killedWhenLocked, noteRestic, RESTICS } from './restic-fixtures.ts';

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
    for (const noted of notes.all()) notes.drop(noted);
    return (JSON.parse(home.run(url, 'cat', 'lock', lock, '--no-lock')) as { pid: number }).pid;
  }

  /** Another process of ours that was killed between the start of a restic and the note of its number. */
  function diesBeforeItNotes(at: number): void {
    const [folder = ''] = readdirSync(home.path('data', 'restics'));
    const module = new URL('../../src/lib/restic/left-behind.ts', import.meta.url).href;
    const code = `import { LeftBehind } from '${module}';
      new LeftBehind(process.argv[1]).noteStart(${at}); process.kill(process.pid, 'SIGKILL');`;
    const words = ['--input-type=module', '--eval', code, '--', home.path('data', 'restics', folder)];
    expect(spawnSync(process.execPath, words).signal).toBe('SIGKILL');
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
    await noteRestic(repository, { pid: await lockOfTheDead(), startTicks: 1 });
    const { outcome, kind } = (await locking()) as { outcome?: { kind: string }; kind?: string };
    expect(outcome?.kind ?? kind).toMatch(/succeeded|done/);
    expect(locks()).toEqual([]);
    expect(notes.all()).toEqual([]);
  });

  test.each([
    ['a backup', async () => (await runBackup(repository, backupOf([docs]))).outcome.kind],
    ['an unlock', async () => (await runOperation(repository, { kind: 'unlock' })).kind],
  ])('%s removes the lock of a restic whose process we died too early to note', async (_, using) => {
    const before = Date.now();
    await lockOfTheDead();
    diesBeforeItNotes(before);
    expect(notes.lostStarts()).toHaveLength(1);
    expect(notes.isEmpty).toBe(false);
    expect(await using()).toMatch(/succeeded|done/);
    expect(locks()).toEqual([]);
    expect(notes.isEmpty).toBe(true);
  });

  test('a restic that outlived us unnoted is waited for, and then its lock is removed', async () => {
    const before = Date.now();
    await lockOfTheDead();
    diesBeforeItNotes(before);
    // Works in the repository's folder and goes on until its input ends.
    const script = home.path('restic-survivor');
    writeFileSync(script, '#!/bin/sh\necho here\nread -r line\n', { mode: 0o755 });
    const survivor = spawn(script, { cwd: url, stdio: ['pipe', 'pipe', 'ignore'] });
    onTestFinished(() => void survivor.kill('SIGKILL'));
    await once(survivor.stdout, 'data');

    let isStarted = false;
    const backup = runBackup(repository, backupOf([docs]), { onStarted: () => (isStarted = true) });
    // Who did not wait would have started long before another backup has ended.
    await runBackup(await home.created(home.path('elsewhere')), backupOf([docs]));
    expect(isStarted).toBe(false);
    survivor.stdin.end();
    expect((await backup).outcome.kind).toBe('succeeded');
    expect(locks()).toEqual([]);
    expect(notes.isEmpty).toBe(true);
  });

  test('a lock that nobody knows of is left', async () => {
    await lockOfTheDead();
    await runBackup(repository, backupOf([docs]));
    expect(locks()).toHaveLength(1);
    for (const lock of locks()) rmSync(join(url, 'locks', lock));
  });

  test('without a lock no restic is started for what was noted', async () => {
    await noteRestic(repository, { pid: 2 ** 22 + 1, startTicks: 1 });
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
    await runOperation(repository, { kind: 'unlock' });
    expect(notes.all()).toEqual([]);
  });
});

test('a start that came to nothing is forgotten, and ours are not lost while we live', () => {
  const home = new Home({ name: 'none', path: '' });
  onTestFinished(() => home.remove());
  const notes = new LeftBehind(home.path('notes'));
  const [one, two] = [notes.noteStart(1000), notes.noteStart(1000)];
  if (one === undefined || two === undefined) throw new Error('it could not be noted');
  notes.dropStart(one);
  expect(notes.lostStarts()).toEqual([]);
  notes.note({ pid: 42, startTicks: 1 }, two);
  expect(notes.all()).toEqual([{ pid: 42, startTicks: 1 }]);
});

test('notes survive us, are bounded, and tell a process from a later one with its number', () => {
  const home = new Home({ name: 'none', path: '' });
  onTestFinished(() => home.remove());
  const folder = home.path('notes');
  const me = { pid: process.pid, startTicks: startTicksOf(process.pid) };
  const note = (process: RecordedProcess): void => {
    const notes = new LeftBehind(folder);
    const start = notes.noteStart(Date.now());
    if (start !== undefined) notes.note(process, start);
  };
  note(me);
  expect(new LeftBehind(folder).all()).toEqual([me]);
  for (let pid = 1; pid <= 150; pid += 1) note({ pid, startTicks: null });
  const kept = new LeftBehind(folder).all().map(({ pid }) => pid);
  expect(kept).toHaveLength(100);
  expect(kept).toContain(150);
  expect(kept).not.toContain(1);
  const nothing = new LeftBehind(home.path('nothing'));
  expect(nothing.all()).toEqual([]);
  expect(nothing.isEmpty).toBe(true);
});
