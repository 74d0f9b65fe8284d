import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/restic/backup.ts';
import type { LockFacts } from '../../src/lib/restic/locks.ts';
import { judgeLock } from '../../src/lib/restic/locks.ts';
import type { OperationOutcome } from '../../src/lib/restic/operation.ts';
import type { OperationRequest } from '../../src/lib/restic/operations.ts';
import { runOperation } from '../../src/lib/restic/operations.ts';
import type { Progress, Snapshot } from '../../src/lib/restic/outcome.ts';
import { atLeast } from '../../src/lib/restic/process/binary.ts';
import { isReadDataSubset } from '../../src/lib/restic/read-data-subset.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import { backupOf, Home, killedWhenLocked, noteRestic, RESTICS, restServer } from './restic-fixtures.ts';

const everything = { filter: {} };

describe.each(RESTICS)('operations with $name', { timeout: 60_000 }, (restic) => {
  const home = new Home(restic);
  const url = home.path('repo');
  const docs = home.files('docs/a.txt', 'docs/b.txt', 'docs/deep/c.txt');
  let repository: ResticRepository;
  const run = (request: OperationRequest): Promise<OperationOutcome> => runOperation(repository, request);

  beforeAll(async () => {
    repository = await home.created(url);
    for (const runId of ['one', 'two', 'three']) await runBackup(repository, backupOf([docs], { runId }));
    await runBackup(repository, backupOf([docs], { planKey: 'other', runId: 'foreign' }));
  }, 60_000);
  afterAll(() => home.remove());

  test('init refuses what is a repository already', async () => {
    const before = readFileSync(join(url, 'config'));
    expect(await run({ kind: 'init' })).toMatchObject({ kind: 'failed', failure: { class: 'config' } });
    expect(readFileSync(join(url, 'config'))).toEqual(before);
  });

  test('snapshots, find and stats tell what is there, of one plan or of all', async () => {
    const all = await run({ kind: 'snapshots', ...everything });
    expect(all).toMatchObject({
      kind: 'done',
      payload: expect.toSatisfy((list: unknown[]) => list.length === 4),
    });
    const mine = await run({ kind: 'snapshots', filter: { planKey: 'other', host: 'house' } });
    expect(mine.payload).toMatchObject([{ host: 'house', paths: [docs] }]);
    expect((await run({ kind: 'snapshots', filter: { planKey: 'nobody' } })).payload).toEqual([]);

    const found = await run({ kind: 'find', pattern: 'c.txt', filter: { planKey: 'other' } });
    expect(found.payload).toMatchObject([{ path: join(docs, 'deep/c.txt'), type: 'file' }]);
    expect((await run({ kind: 'find', pattern: '--no-such', filter: {} })).payload).toEqual([]);
    const stats = await run({ kind: 'stats', mode: 'restore-size', filter: { planKey: 'other' } });
    expect(stats).toMatchObject({ kind: 'done', payload: { snapshots_count: 1 } });
  });

  test('restore goes into a new or empty folder only, unless a person allowed otherwise', async () => {
    const request = {
      kind: 'restore',
      snapshot: 'latest',
      filter: { planKey: 'docs' },
      include: [],
    } as const;
    const target = home.path('back', 'again');
    const first = await run({ ...request, target, overwriteAllowed: false });
    expect(first).toMatchObject({ kind: 'done', payload: { target, errors: [] } });
    expect(readFileSync(join(target, docs, 'deep/c.txt'), 'utf8')).toBe('content of docs/deep/c.txt');

    writeFileSync(join(target, docs, 'a.txt'), 'mine');
    const second = await run({ ...request, target, overwriteAllowed: false });
    expect(second).toMatchObject({ kind: 'failed', failure: { class: 'config' } });
    expect(readFileSync(join(target, docs, 'a.txt'), 'utf8')).toBe('mine');
    expect((await run({ ...request, target, overwriteAllowed: true })).kind).toBe('done');
    expect(readFileSync(join(target, docs, 'a.txt'), 'utf8')).toBe('content of docs/a.txt');

    const part = home.path('part');
    await run({ ...request, target: part, include: [join(docs, 'deep')], overwriteAllowed: false });
    expect(readdirSync(join(part, docs))).toEqual(['deep']);
  });

  test.each([
    ['a relative target', { target: 'somewhere' }],
    ['an option as a target', { target: '--delete' }],
    ['a file as a target', { target: join(docs, 'a.txt') }],
    ['an option as a snapshot', { snapshot: '--help' }],
  ])('restore refuses %s', async (_, change) => {
    const request = {
      kind: 'restore',
      snapshot: 'latest',
      target: home.path('x'),
      filter: {},
      include: [],
      overwriteAllowed: true,
    } as const;
    home.commands();
    expect(await run({ ...request, ...change })).toMatchObject({ kind: 'failed' });
    expect(home.commands()).toEqual([]);
  });

  test('check tells its progress, and reads as much of the data as it is told', async () => {
    const seen: Progress[] = [];
    const outcome = await runOperation(
      repository,
      { kind: 'check', readDataSubset: '100%' },
      { onProgress: (progress) => seen.push(progress) },
    );
    expect(outcome).toMatchObject({
      kind: 'done',
      payload: { report: expect.stringContaining('no errors') },
    });
    expect(seen.at(-1)?.fraction).toBe(1);
    expect(await run({ kind: 'check', readDataSubset: '0%' })).toMatchObject({
      failure: { class: 'config' },
    });
  });

  test('copy brings the snapshots of a plan to another repository, once', async () => {
    const second = await home.created(home.path('second'));
    const request = { kind: 'copy', from: repository, filter: { planKey: 'other' } } as const;
    expect(await runOperation(second, request)).toMatchObject({ kind: 'done', payload: { copied: 1 } });
    expect(await runOperation(second, request)).toMatchObject({
      kind: 'done',
      payload: { copied: 0 },
    });
    const away = home.repository(home.path('away'));
    expect(await runOperation(second, { ...request, from: away })).toMatchObject({ kind: 'failed' });
  });

  test('forget needs a plan, a policy and a good backup, and touches no other plan', async () => {
    const request = {
      kind: 'forget',
      planKey: 'docs',
      host: 'house',
      retention: { last: 1 },
      isHeldBack: false,
    } as const;
    for (const refused of [
      { ...request, planKey: '' },
      { ...request, retention: {} },
      { ...request, retention: { last: 0 } },
      { ...request, retention: { daily: -1 } },
      { ...request, planKey: 'nobody' },
      { ...request, isHeldBack: true },
    ]) {
      expect(await run(refused)).toMatchObject({ kind: 'failed', failure: { class: 'config' } });
    }
    expect((await run({ kind: 'snapshots', ...everything })).payload).toHaveLength(4);

    const done = await run({ ...request, lastGoodRunId: 'one' });
    expect(done).toMatchObject({ kind: 'done', payload: { removed: [expect.any(String)] } });
    const left = await run({ kind: 'snapshots', ...everything });
    // restic 0.14 gets times of whole seconds: of "two" and "three" either may be the newest.
    const runs = (left.payload as Snapshot[]).flatMap(({ tags }) =>
      tags.filter((tag) => tag.startsWith('run:')),
    );
    expect(runs).toHaveLength(3);
    expect(runs).toEqual(expect.arrayContaining(['run:one', 'run:foreign']));
  });

  test('forget keeps the last good backup of this repository, also when the plan knows one in another', async () => {
    const backUp = (time: string, ...tags: string[]): string =>
      home.run(
        url,
        'backup',
        '--host',
        'house',
        '--tag',
        ['plan:turns', ...tags].join(','),
        '--time',
        time,
        docs,
      );
    backUp('2024-01-01 00:00:00', 'run:oldest');
    backUp('2024-01-02 00:00:00', 'run:good');
    backUp('2024-01-03 00:00:00', 'run:lacking', 'incomplete');
    const done = await run({
      kind: 'forget',
      planKey: 'turns',
      host: 'house',
      retention: { last: 1 },
      lastGoodRunId: 'elsewhere',
      isHeldBack: false,
    });
    expect(done).toMatchObject({ kind: 'done', payload: { removed: [expect.any(String)] } });
    const left = (await run({ kind: 'snapshots', filter: { planKey: 'turns' } })).payload as Snapshot[];
    expect(left.map(({ tags }) => tags.find((tag) => tag.startsWith('run:')))).toEqual([
      'run:good',
      'run:lacking',
    ]);
  });

  test('prune frees what no snapshot uses, and says what it did', async () => {
    expect(await run({ kind: 'prune' })).toMatchObject({
      kind: 'done',
      payload: { report: expect.stringMatching(/unused size after prune/) },
    });
  });

  test('unlock removes the lock of a process of ours that died, and leaves what may be another’s', async () => {
    const dead = home.around(repository, killedWhenLocked(join(url, 'locks')));
    await runBackup(dead, backupOf([docs]));
    const [lock = ''] = readdirSync(join(url, 'locks'));
    const locked = JSON.parse(home.run(url, 'cat', 'lock', lock, '--no-lock')) as { pid: number };

    const strange = await run({ kind: 'unlock' });
    expect(strange).toMatchObject({
      kind: 'done',
      payload: { removed: [], left: [{ lock: { pid: locked.pid } }] },
    });
    await noteRestic(repository, { pid: locked.pid, startTicks: 1 });
    const own = await run({ kind: 'unlock' });
    expect(own).toMatchObject({
      kind: 'done',
      payload: { removed: [{ id: lock, host: hostname() }], left: [] },
    });
    expect(readdirSync(join(url, 'locks'))).toEqual([]);
  });

  test('unlock of a remote repository uses restic’s own only when nothing else is touched', async () => {
    const folder = home.path('far');
    const server = await restServer(folder);
    const far = await home.created(server.url);
    const dead = home.around(far, killedWhenLocked(join(folder, 'locks')));
    await runBackup(dead, backupOf([docs]));
    const [lock = ''] = readdirSync(join(folder, 'locks'));
    const { pid } = JSON.parse(home.run(folder, 'cat', 'lock', lock, '--no-lock')) as { pid: number };
    await noteRestic(far, { pid, startTicks: 1 });
    const outcome = await runOperation(far, { kind: 'unlock' });
    expect(outcome).toMatchObject({ kind: 'done', payload: { removed: [{ pid }] } });
    expect(readdirSync(join(folder, 'locks'))).toEqual([]);
    server.close();
  });

  test('a drive that is not there fails an operation before restic starts, and creates nothing', async () => {
    home.commands();
    const gone = home.repository(home.path('unplugged', 'repo'));
    for (const kind of ['prune', 'snapshots', 'unlock'] as const) {
      const request = { kind, filter: {} } as OperationRequest;
      expect(await runOperation(gone, request)).toMatchObject({
        kind: 'failed',
        failure: { class: 'device-unavailable' },
      });
    }
    expect(home.commands()).toEqual([]);
    expect(existsSync(home.path('unplugged'))).toBe(false);
  });

  test('the options of the repository reach restic, as far as this version knows them', async () => {
    const args = home.path('arguments');
    const { settings } = home.around(repository, `printf '%s\\n' "$@" > '${args}'; exit 1`);
    const limited = home.repository(url, {
      ...settings,
      options: ['local.layout=default'],
      uploadLimit: 100,
      downloadLimit: 200,
      retryLockMs: 90_000,
    });
    await runOperation(limited, { kind: 'prune' });
    const given = readFileSync(args, 'utf8').trim().split('\n');
    const common = [
      'prune',
      '-o',
      'local.layout=default',
      '--limit-upload',
      '100',
      '--limit-download',
      '200',
    ];
    const { version } = await limited.binary();
    expect(given).toEqual(atLeast(version, '0.16.0') ? [...common, '--retry-lock', '90s'] : common);
  });

  test('secrets stay out of what an operation says', async () => {
    const chatty = home.around(repository, 'echo "Fatal: $RESTIC_PASSWORD is wrong" >&2; exit 1');
    const outcome = await runOperation(chatty, { kind: 'check', readDataSubset: '' });
    expect(outcome.kind).toBe('failed');
    expect(JSON.stringify(outcome)).not.toContain('pferd');
  });
});

describe('a lock', () => {
  const nowMs = Date.parse('2026-03-01T12:00:00Z');
  const facts = (change: Partial<LockFacts['lock']>, rest: Partial<LockFacts> = {}): LockFacts => ({
    lock: {
      id: 'a',
      time: '2026-03-01T11:50:00.000Z',
      exclusive: true,
      host: 'house',
      user: 'me',
      pid: 42,
      ...change,
    },
    hostName: 'house',
    own: [],
    lostStarts: [],
    now: { state: 'absent', name: '', startTicks: null },
    clock: { now: () => nowMs, after: () => () => undefined },
    ...rest,
  });
  const old = { time: '2026-03-01T11:00:00.000Z' };
  const own = [{ pid: 42, startTicks: 1000 }];
  // The lock is of 11:50.
  const lostAt = (time: string): Partial<LockFacts> => ({
    lostStarts: [{ by: { pid: 7, startTicks: 1 }, at: Date.parse(`2026-03-01T${time}Z`) }],
  });
  const running = { state: 'present', name: 'restic-0.18', startTicks: 1000 } as const;

  test.each([
    ['of another host is never touched', facts({ host: 'laptop', ...old }, { own }), 'other-host'],
    ['of a running restic is alive', facts(old, { now: running }), 'alive'],
    ['of our running restic is alive', facts(old, { now: running, own }), 'alive'],
    ['of our dead restic is dead at once', facts({}, { own }), 'dead'],
    [
      'whose number was given to a later restic may be its own',
      facts({}, { own, now: { ...running, startTicks: 2000 } }),
      'alive',
    ],
    [
      'whose number was given to another program is dead',
      facts({}, { own, now: { ...running, name: 'nginx', startTicks: null } }),
      'dead',
    ],
    ['of an unknown process that is gone may be of another container', facts({}), 'young'],
    ['of an unknown process that is gone for long is dead', facts(old), 'dead'],
    ['of just after a start of ours that was lost is dead', facts({}, lostAt('11:49:59.000')), 'dead'],
    ['of before a start of ours that was lost is not ours', facts({}, lostAt('11:50:00.001')), 'young'],
    ['of long after a start of ours that was lost is not ours', facts({}, lostAt('11:45:00.000')), 'young'],
    [
      'of a running restic is alive, lost start or not',
      facts({}, { ...lostAt('11:49:59.000'), now: running }),
      'alive',
    ],
    [
      'of another host is never touched, lost start or not',
      facts({ host: 'laptop' }, lostAt('11:49:59.000')),
      'other-host',
    ],
    [
      'whose process cannot be told by name is alive',
      facts(old, { now: { state: 'present', name: '', startTicks: null } }),
      'alive',
    ],
  ])('%s', (_, given, verdict) => {
    expect(judgeLock(given)).toBe(verdict);
  });
});

describe('the part of the data that a check reads', () => {
  test.each(['5%', '100%', '2.5%', '1/12', '256/256', '500M', '10G'])('may be %s', (text) => {
    expect(isReadDataSubset(text)).toBe(true);
  });
  test.each(['', '0%', '101%', '13/12', '0/5', '1/300', 'all', '5 %', '-1%', '--help'])(
    'may not be %j',
    (text) => {
      expect(isReadDataSubset(text)).toBe(false);
    },
  );
});
