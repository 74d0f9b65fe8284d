import { mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LaneHold, type LaneMode, Lanes, laneKey, localPath } from '../../src/lib/restic/lane.ts';

/** Jobs that enter lanes and leave them when told. */
class Jobs {
  readonly running: string[] = [];
  readonly positions: Record<string, number[]> = {};
  readonly lanes: Lanes;
  readonly #holds = new Map<string, LaneHold>();

  constructor(limit?: number) {
    this.lanes = new Lanes(limit);
  }

  enter(name: string, key: string, mode: LaneMode = 'exclusive', signal?: AbortSignal): Promise<boolean> {
    return this.enterAll(name, [{ key, mode }], signal);
  }

  async enterAll(
    name: string,
    claims: { key: string; mode: LaneMode }[],
    signal?: AbortSignal,
  ): Promise<boolean> {
    const hold = await this.lanes.enter({
      claims,
      ...(signal === undefined ? {} : { signal }),
      onQueued: (position) => {
        this.positions[name] = [...(this.positions[name] ?? []), position];
      },
    });
    if (hold === undefined) return false;
    this.running.push(name);
    this.#holds.set(name, hold);
    return true;
  }

  async leave(name: string): Promise<void> {
    this.running.splice(this.running.indexOf(name), 1);
    this.#holds.get(name)?.release();
    await settled();
  }
}

/** All promises that can settle have settled. */
const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

describe('a lane', () => {
  test('lets one exclusive job in at a time, in the order they came', async () => {
    const jobs = new Jobs();
    for (const name of ['a', 'b', 'c']) void jobs.enter(name, 'repo');
    await settled();
    expect(jobs.running).toEqual(['a']);
    await jobs.leave('a');
    expect(jobs.running).toEqual(['b']);
    await jobs.leave('b');
    expect(jobs.running).toEqual(['c']);
  });

  test('lets shared jobs in together, and none past an exclusive one that came before', async () => {
    const jobs = new Jobs(10);
    void jobs.enter('list', 'repo', 'shared');
    void jobs.enter('find', 'repo', 'shared');
    void jobs.enter('prune', 'repo', 'exclusive');
    void jobs.enter('stats', 'repo', 'shared');
    await settled();
    expect(jobs.running).toEqual(['list', 'find']);
    await jobs.leave('list');
    await jobs.leave('find');
    expect(jobs.running).toEqual(['prune']);
    await jobs.leave('prune');
    expect(jobs.running).toEqual(['stats']);
  });

  test('tells a job its position when it waits and whenever it moves up', async () => {
    const jobs = new Jobs();
    for (const name of ['a', 'b', 'c']) void jobs.enter(name, 'repo');
    await settled();
    expect(jobs.positions).toEqual({ b: [1], c: [2] });
    await jobs.leave('a');
    expect(jobs.positions).toEqual({ b: [1], c: [2, 1] });
  });

  test('lets a waiting job go when it is cancelled, and the next one move up', async () => {
    const jobs = new Jobs();
    const cancel = new AbortController();
    void jobs.enter('a', 'repo');
    const waiting = jobs.enter('b', 'repo', 'exclusive', cancel.signal);
    void jobs.enter('c', 'repo');
    await settled();
    cancel.abort();
    expect(await waiting).toBe(false);
    expect(jobs.positions['c']).toEqual([2, 1]);
    await jobs.leave('a');
    expect(jobs.running).toEqual(['c']);
  });

  test('lets nobody in whose signal was aborted before, and ignores a signal after the entry', async () => {
    const jobs = new Jobs();
    const cancel = new AbortController();
    expect(await jobs.enter('a', 'repo', 'exclusive', cancel.signal)).toBe(true);
    cancel.abort();
    expect(await jobs.enter('b', 'repo', 'exclusive', cancel.signal)).toBe(false);
    void jobs.enter('c', 'repo');
    await settled();
    expect(jobs.running).toEqual(['a']);
  });

  test('runs two jobs at once across lanes unless told otherwise', async () => {
    const jobs = new Jobs();
    for (const name of ['a', 'b', 'c', 'd']) void jobs.enter(name, name);
    await settled();
    expect(jobs.running).toEqual(['a', 'b']);
    expect(jobs.positions).toEqual({ c: [1], d: [2] });
    await jobs.leave('b');
    expect(jobs.running).toEqual(['a', 'c']);
  });

  test('is not held up by a queue in front of another lane', async () => {
    const jobs = new Jobs(2);
    void jobs.enter('a1', 'a');
    void jobs.enter('a2', 'a');
    void jobs.enter('a3', 'a');
    void jobs.enter('b1', 'b');
    await settled();
    expect(jobs.running).toEqual(['a1', 'b1']);
  });

  test('lets a copy in only when both of its lanes are free', async () => {
    const jobs = new Jobs(10);
    void jobs.enter('prune', 'from');
    void jobs.enterAll('copy', [
      { key: 'from', mode: 'shared' },
      { key: 'to', mode: 'shared' },
    ]);
    void jobs.enter('forget', 'to');
    await settled();
    expect(jobs.running).toEqual(['prune']);
    await jobs.leave('prune');
    expect(jobs.running).toEqual(['copy']);
    await jobs.leave('copy');
    expect(jobs.running).toEqual(['forget']);
  });

  test('release twice frees one place only', async () => {
    const lanes = new Lanes(1);
    const first = await lanes.enter({ claims: [{ key: 'a', mode: 'shared' }] });
    let second = 0;
    void lanes.enter({ claims: [{ key: 'b', mode: 'shared' }] }).then(() => second++);
    void lanes.enter({ claims: [{ key: 'c', mode: 'shared' }] }).then(() => second++);
    first?.release();
    first?.release();
    await settled();
    expect(second).toBe(1);
  });

  test('never breaks its rules and never forgets a job, whatever comes', async () => {
    const job = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      mode: fc.constantFrom<LaneMode>('shared', 'exclusive'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(job, { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        async (list, limit) => {
          const jobs = new Jobs(limit);
          for (const [index, { key, mode }] of list.entries()) void jobs.enter(String(index), key, mode);
          await settled();
          let done = 0;
          while (jobs.running.length > 0) {
            expect(jobs.running.length).toBeLessThanOrEqual(limit);
            for (const name of jobs.running) {
              const mine = list[Number(name)];
              const together = jobs.running.filter((other) => list[Number(other)]?.key === mine?.key);
              if (mine?.mode === 'exclusive') expect(together).toEqual([name]);
            }
            await jobs.leave(jobs.running[0] ?? '');
            done++;
          }
          expect(done).toBe(list.length);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the key of a lane', () => {
  test.each([
    ['rest:https://Example.org:8000/home/', 'rest:https://example.org:8000/home'],
    ['rest:https://me:secret@example.org/home', 'rest:https://me@example.org/home'],
    ['s3:https://s3.amazonaws.com/Bucket', 's3:https://s3.amazonaws.com/Bucket'],
    ['sftp:me@nas:/srv/restic/', 'sftp:me@nas:/srv/restic'],
    ['rclone:drive:Backup', 'rclone:drive:Backup'],
  ])('of %s is %s', async (url, key) => {
    expect(await laneKey(url)).toBe(key);
  });

  test('is the same for every way to write a local repository', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lane-'));
    mkdirSync(join(folder, 'drive'));
    symlinkSync(join(folder, 'drive'), join(folder, 'link'));
    const key = await laneKey(join(folder, 'drive', 'repo'));
    for (const url of [`local:${folder}/drive/repo`, `${folder}/link/repo/`, `${folder}/./drive//repo`]) {
      expect(await laneKey(url)).toBe(key);
    }
  });

  test('knows a path from a back end', () => {
    expect(localPath('/mnt/usb/repo')).toBe('/mnt/usb/repo');
    expect(localPath('local:/mnt/usb/repo')).toBe('/mnt/usb/repo');
    expect(localPath('rest:http://nas/')).toBeUndefined();
    expect(localPath('sftp:nas:/repo')).toBeUndefined();
  });
});
