import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type * as promises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Journal } from '../../src/lib/journal/journal.ts';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { newPlanState, STATE_SCHEMA } from '../../src/lib/plan/state.ts';
import { isPlanState } from '../../src/lib/plan/state-shape.ts';
import { House } from './fake-house.ts';

const disk = vi.hoisted(() => ({ calls: [] as string[], full: false }));

// The real file system, with a note of what was asked of it and in which order.
vi.mock('node:fs/promises', async (original) => {
  const fs: typeof promises = await original();
  return {
    ...fs,
    async open(path: string, flags: string, mode?: number) {
      const file = await fs.open(path, flags, mode);
      const name = path.split('/').at(-1) ?? '';
      const writeFile = file.writeFile.bind(file);
      const sync = file.sync.bind(file);
      file.writeFile = async (data, options) => {
        disk.calls.push(`write ${name}`);
        if (disk.full) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        await writeFile(data, options);
      };
      file.sync = async () => {
        disk.calls.push(`sync ${name}`);
        await sync();
      };
      return file;
    },
    async rename(from: string, to: string) {
      disk.calls.push(`rename ${from.split('/').at(-1)} ${to.split('/').at(-1)}`);
      await fs.rename(from, to);
    },
  };
});

let folder: string;
let journal: Journal<PlanState>;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'journal-')), 'plans');
  journal = new Journal(folder, STATE_SCHEMA, isPlanState);
  disk.calls.length = 0;
  disk.full = false;
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const state = { ...newPlanState('photos', 'Photos'), revision: 7 };
const path = (): string => join(folder, 'photos.json');

test('what was saved is loaded, and only its owner can read it', async () => {
  expect(await journal.load('photos')).toEqual({ found: 'nothing' });
  await journal.save('photos', state);
  expect(await journal.load('photos')).toEqual({ found: 'state', state });
  expect(await journal.names()).toEqual(['photos']);
  expect(readdirSync(folder)).toEqual(['photos.json']);
});

test('a state is on the disk before it takes the place of its predecessor', async () => {
  await journal.save('photos', state);
  expect(disk.calls).toEqual([
    'write photos.json.tmp',
    'sync photos.json.tmp',
    'rename photos.json.tmp photos.json',
    'sync plans',
  ]);
});

test('a full disk loses nothing of the last state and leaves nothing behind', async () => {
  await journal.save('photos', state);
  disk.full = true;
  await expect(journal.save('photos', { ...state, revision: 8 })).rejects.toMatchObject({
    code: 'journal-unwritable',
  });
  expect(readdirSync(folder)).toEqual(['photos.json']);
  expect(await journal.load('photos')).toEqual({ found: 'state', state });
});

test('a file cut off at any byte is whole or set aside and kept, and never fatal', async () => {
  const house = new House();
  house.restic.ends = 'network';
  await house.plan();
  await journal.save('photos', house.state);
  const whole = readFileSync(path());
  // Without its last bytes (white space and a bracket) JSON is either whole or none.
  for (let length = 0; length <= whole.length; length += 1) {
    writeFileSync(path(), whole.subarray(0, length));
    const entry = await journal.load('photos');
    if (length >= whole.length - 1) {
      expect(entry.found).toBe('state');
      continue;
    }
    expect(entry.found).toBe('damaged');
    if (entry.found === 'damaged') {
      expect(readFileSync(entry.kept).equals(whole.subarray(0, length))).toBe(true);
      rmSync(entry.kept);
    }
    expect(await journal.load('photos')).toEqual({ found: 'nothing' });
  }
}, 30_000);

test('what a power cut left in the middle of a write is never read', async () => {
  await journal.save('photos', state);
  writeFileSync(`${path()}.tmp`, '{"schema":1,');
  expect(await journal.load('photos')).toEqual({ found: 'state', state });
  expect(await journal.names()).toEqual(['photos']);
  await journal.save('photos', { ...state, revision: 8 });
  expect(readdirSync(folder)).toEqual(['photos.json']);
});

test.each([
  ['nothing', ''],
  ['zeros, as after a power cut on ext4', '\0'.repeat(4096)],
  ['another JSON', '[1,2,3]'],
  ['null', 'null'],
  ['an older shape without a version', '{"plan":"photos"}'],
])('a file with %s is set aside', async (_what, content) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path(), content);
  const entry = await journal.load('photos');
  expect(entry.found).toBe('damaged');
  if (entry.found === 'damaged') expect(readFileSync(entry.kept, 'utf8')).toBe(content);
});

test('a folder in the place of the file is set aside', async () => {
  mkdirSync(path(), { recursive: true });
  expect(await journal.load('photos')).toMatchObject({ found: 'damaged' });
  await journal.save('photos', state);
  expect(await journal.load('photos')).toEqual({ found: 'state', state });
});

test('a newer version is told and left where it is', async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path(), '{"schema":2}');
  expect(await journal.load('photos')).toEqual({ found: 'newer', schema: 2 });
  expect(readdirSync(folder)).toEqual(['photos.json']);
});

test.runIf(process.getuid?.() !== 0)('a file that may not be read is an error, not damage', async () => {
  await journal.save('photos', state);
  chmodSync(path(), 0);
  await expect(journal.load('photos')).rejects.toMatchObject({ code: 'journal-unreadable' });
  chmodSync(path(), 0o600);
  expect(await journal.load('photos')).toEqual({ found: 'state', state });
});

test.each(['', '../photos', 'a/b', 'a b', 'x\0'])('%j is no name', async (name) => {
  await expect(journal.save(name, state)).rejects.toMatchObject({ code: 'journal-name' });
});

test.each([
  ['a run without an attempt', { run: { id: 'run1', phase: 'waiting' } }],
  ['a time that is none', { dueAt: 'tomorrow' }],
  ['a retry without a time', { pending: { attempt: 2 } }],
  ['a success without a snapshot', { lastSuccess: { at: '2026-11-23T12:00:00.000Z' } }],
  ['a pause as text', { paused: 'yes' }],
  ['a negative revision', { revision: -1 }],
])('a state with %s is no state', (_what, change) => {
  expect(isPlanState(state)).toBe(true);
  expect(isPlanState({ ...state, ...change })).toBe(false);
});
