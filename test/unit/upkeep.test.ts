import { cpSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { iso } from '../../src/lib/clock.ts';
import { Journal } from '../../src/lib/journal/journal.ts';
import { runBackup } from '../../src/lib/restic/backup.ts';
import type { KnownRepository } from '../../src/lib/restic/known-repository.ts';
import { newlyKnown, owedUpkeep } from '../../src/lib/restic/known-repository.ts';
import type { StoredMemory } from '../../src/lib/restic/memory-shape.ts';
import { isRepositoryMemory } from '../../src/lib/restic/memory-shape.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import { MEMORY_SCHEMA, RepositoryMemories } from '../../src/lib/restic/repository-memory.ts';
import type { RepositorySettings } from '../../src/lib/restic/repository-settings.ts';
import { backupOf, Home, RESTICS } from './restic-fixtures.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-25T12:00:00Z');
const MONTHLY = { pruneEveryMs: 30 * DAY, checkEveryMs: 30 * DAY };

describe('what a repository is owed', () => {
  const since = (days: number, change: Partial<KnownRepository> = {}): KnownRepository => ({
    ...newlyKnown('sha256:a', null, iso(NOW - days * DAY)),
    ...change,
  });
  const failed = (daysAgo: number, failureClass: 'locked' | 'corrupt'): KnownRepository['checkFailure'] => ({
    at: iso(NOW - daysAgo * DAY),
    reason: 'because',
    failureClass,
  });

  test.each<[string, KnownRepository, typeof MONTHLY | object, string[]]>([
    ['nothing while it is new', since(29), MONTHLY, []],
    ['both after the interval, prune first', since(30), MONTHLY, ['prune', 'check']],
    ['only what is wanted', since(30), { checkEveryMs: DAY }, ['check']],
    ['nothing where nothing is wanted', since(3000), {}, []],
    ['counted from the last good one', since(99, { lastPruneAt: iso(NOW - 29 * DAY) }), MONTHLY, ['check']],
    [
      'not again on the day that it failed',
      since(99, { checkFailure: failed(0.9, 'locked') }),
      MONTHLY,
      ['prune'],
    ],
    ['again a day later', since(99, { checkFailure: failed(1, 'locked') }), MONTHLY, ['prune', 'check']],
    ['no prune over damage', since(99, { checkFailure: failed(1, 'corrupt') }), MONTHLY, ['check']],
    ['nothing until it was seen by this version', since(99, { since: null }), MONTHLY, []],
    [
      'what a clock far ahead had put off',
      since(99, { lastPruneAt: iso(NOW + 900 * DAY) }),
      MONTHLY,
      ['prune', 'check'],
    ],
    ['nothing more after a small correction of the clock', since(-0.1), MONTHLY, []],
  ])('%s', (_name, known, wish, steps) => {
    expect(owedUpkeep(known, wish, NOW)).toEqual(steps);
  });
});

describe.each(RESTICS)('the upkeep of a repository with $name', (restic) => {
  let home: Home;
  let docs = '';

  beforeAll(async () => {
    home = new Home(restic);
    docs = home.files('docs/a', 'docs/b');
    for (const name of ['one', 'two', 'three']) await home.created(home.path('spare', name));
  }, 60_000);

  /** A repository that was made before: to copy one is far quicker than scrypt. */
  const copied = (spare: 'one' | 'two' | 'three', url: string): void =>
    cpSync(home.path('spare', spare), url, { recursive: true });

  afterAll(() => home.remove());

  const memoriesIn = (name: string): RepositoryMemories =>
    new RepositoryMemories(
      new Journal<StoredMemory>(home.path(name, 'memory'), MEMORY_SCHEMA, isRepositoryMemory),
    );

  /** A repository of its own folder that has been known for so many days. */
  async function known(
    name: string,
    days: number,
    wish: Partial<RepositorySettings> = MONTHLY,
  ): Promise<{ repository: ResticRepository; memories: RepositoryMemories }> {
    const memories = memoriesIn(name);
    copied('one', home.path(name, 'repo'));
    const made = home.repository(home.path(name, 'repo'));
    await memories.wentWell(made, 'backup', Date.now() - days * DAY);
    const repository = home.around(
      made,
      `echo "$@" >> '${home.path(name, 'arguments')}'; exec "$RESTIC" "$@"`,
    );
    return { repository: withSettings(repository, wish), memories };
  }

  function withSettings(repository: ResticRepository, wish: Partial<RepositorySettings>): ResticRepository {
    return home.repository(repository.settings.url, { ...repository.settings, ...wish });
  }

  test('an owed prune frees room and an owed check reads its share, once', async () => {
    const { repository, memories } = await known('owed', 30, { ...MONTHLY, checkSubset: '5%' });
    const url = repository.settings.url;
    const trash = join(home.folder, 'trash');
    writeFileSync(
      trash,
      Buffer.alloc(300_000, 'x').map(() => Math.floor(Math.random() * 256)),
    );
    home.run(url, 'backup', trash);
    home.run(url, 'forget', 'latest');
    const before = sizeOf(join(url, 'data'));
    home.commands();
    const steps: string[] = [];
    const first = await runBackup(
      repository,
      backupOf([docs], { retention: { last: 3 } }),
      { onMaintenance: (step, { pid }) => steps.push(`${step} ${pid > 0}`) },
      undefined,
      memories,
    );
    expect(first).toMatchObject({
      outcome: { kind: 'succeeded' },
      maintenance: {
        ok: true,
        step: 'check',
        steps: [
          { step: 'forget', outcome: 'done' },
          { step: 'prune', outcome: 'done' },
          { step: 'check', outcome: 'done' },
        ],
        reason: '',
      },
    });
    expect(steps).toEqual(['forget true', 'prune true', 'check true']);
    expect(home.commands()).toEqual(['backup', 'forget', 'prune', 'check']);
    expect(sizeOf(join(url, 'data'))).toBeLessThan(before - 250_000);
    expect(readFileSync(home.path('owed', 'arguments'), 'utf8')).toContain('check --read-data-subset=5%');

    const second = await runBackup(repository, backupOf([docs]), {}, undefined, memories);
    expect(second).toMatchObject({ outcome: { kind: 'succeeded' }, maintenance: undefined });
    expect(home.commands()).toEqual(['backup']);
  });

  test('damage that a check finds is told and leaves the success, and is looked for once a day', async () => {
    const { repository, memories } = await known('damaged', 40, {
      checkEveryMs: 30 * DAY,
      checkSubset: '100%',
    });
    expect((await runBackup(repository, backupOf([docs]), {}, undefined, memories)).maintenance?.ok).toBe(
      true,
    );
    await memories.maintained(repository, await idOf(repository), 'check', Date.now() - 30 * DAY);
    for (const pack of filesIn(join(repository.settings.url, 'data'))) {
      writeFileSync(pack, Buffer.alloc(statSync(pack).size, 1), { mode: 0o600 });
    }
    home.commands();
    const { outcome, maintenance } = await runBackup(repository, backupOf([docs]), {}, undefined, memories);
    expect(outcome.kind).toBe('succeeded');
    expect(maintenance).toMatchObject({
      ok: false,
      step: 'check',
      steps: [{ step: 'check', outcome: 'failed', failureClass: 'corrupt' }],
    });
    expect(maintenance?.reason).toContain('damaged');
    home.commands();

    const eager = withSettings(repository, MONTHLY);
    await runBackup(eager, backupOf([docs]), {}, undefined, memories);
    expect(home.commands()).toEqual(['backup']);
    const aDayAgo = { at: iso(Date.now() - DAY), reason: '', failureClass: 'corrupt' } as const;
    await memories.upkeepFailed(eager, await idOf(eager), 'check', aDayAgo);
    await runBackup(eager, backupOf([docs]), {}, undefined, memories);
    expect(home.commands()).toEqual(['backup', 'check']);
  });

  test('nothing is pruned or checked after a backup that is not good', async () => {
    const { repository, memories } = await known('partial', 40);
    const shrunk = backupOf([docs], { previous: { files: 900, bytes: 9 } });
    const { outcome, maintenance } = await runBackup(repository, shrunk, {}, undefined, memories);
    expect(outcome.kind).toBe('partial');
    expect(maintenance).toBeUndefined();
    expect(home.commands()).not.toContain('prune');
  });

  test('a prune that is cancelled ends cleanly, fails nobody, and stays owed', async () => {
    const { repository, memories } = await known('cancelled', 40);
    const slow = home.around(
      repository,
      `[ "$1" = prune ] && { trap 'exit 130' INT; sleep 60 & wait; }; exec "$RESTIC" "$@"`,
    );
    const cancel = new AbortController();
    const hooks = { onMaintenance: (step: string) => step === 'prune' && cancel.abort('cancel') };
    const { outcome, maintenance } = await runBackup(slow, backupOf([docs]), hooks, cancel.signal, memories);
    expect(outcome.kind).toBe('succeeded');
    expect(maintenance).toMatchObject({
      ok: true,
      steps: [{ step: 'prune', outcome: 'stopped' }],
      reason: '',
    });
    expect(readdirSync(join(repository.settings.url, 'locks'))).toEqual([]);
    expect(await memories.owed(repository, await idOf(repository), Date.now())).toEqual(['prune', 'check']);
  });

  test('a prune of the user’s own pays the debt', async () => {
    const { repository, memories } = await known('own', 40);
    await memories.wentWell(repository, 'prune', Date.now());
    expect(await memories.owed(repository, await idOf(repository), Date.now())).toEqual(['check']);
  });

  test('a drive that was never accepted gets no backup, and an accepted one is kept beside the first', async () => {
    const { repository, memories } = await known('rotated', 40);
    const { url } = repository.settings;
    const first = await idOf(repository);
    const swap = (from: string, to: string): void => {
      renameSync(url, home.path('rotated', from));
      renameSync(home.path('rotated', to), url);
    };
    copied('two', home.path('rotated', 'second'));
    swap('first', 'second');
    home.commands();
    const refused = await runBackup(repository, backupOf([docs]), {}, undefined, memories);
    expect(refused.outcome).toMatchObject({ kind: 'failed', failure: { class: 'device-unavailable' } });
    expect('failure' in refused.outcome && refused.outcome.failure.reason).toContain(
      'another drive is connected',
    );
    expect(home.commands()).toEqual([]);

    await memories.acceptAnother(repository, Date.now());
    const second = await idOf(repository);
    expect((await runBackup(repository, backupOf([docs]), {}, undefined, memories)).outcome.kind).toBe(
      'succeeded',
    );
    // It is new: only the first one has been known for long enough.
    expect(home.commands()).toEqual(['backup']);
    swap('second', 'first');
    await runBackup(repository, backupOf([docs]), {}, undefined, memories);
    expect(home.commands()).toEqual(['backup', 'prune', 'check']);
    const { expectedConfigs } = await memories.placeOf(repository);
    expect(expectedConfigs?.map((hash) => `sha256:${hash}`)).toEqual([first, second]);
  });

  test('a drive that is accepted before it is there is taken when it comes, and only that one', async () => {
    const { repository, memories } = await known('coming', 1);
    await memories.acceptAnother(repository, Date.now());
    for (const [at, kind] of [
      ['two', 'succeeded'],
      ['three', 'failed'],
    ] as const) {
      rmSync(repository.settings.url, { recursive: true });
      copied(at, repository.settings.url);
      const { outcome } = await runBackup(repository, backupOf([docs]), {}, undefined, memories);
      expect([at, outcome.kind]).toEqual([at, kind]);
      if (outcome.kind === 'succeeded')
        await memories.wentWell(repository, 'backup', Date.now(), outcome.repositoryId);
    }
  });

  test('what version 0.1 remembered still counts; what a newer one wrote is left alone', async () => {
    const { repository, memories } = await known('old', 1);
    const [name = ''] = readdirSync(home.path('old', 'memory'));
    const file = home.path('old', 'memory', name);
    const id = await idOf(repository);
    const old = {
      schema: 1,
      repositoryId: id,
      mountPoint: '/mnt/usb',
      lastPruneAt: iso(Date.now() - 31 * DAY),
      lastCheckAt: null,
    };
    writeFileSync(file, JSON.stringify(old));
    expect(await memories.placeOf(repository)).toMatchObject({
      expectedConfigs: [id.replace('sha256:', '')],
      expectedMountPoints: ['/mnt/usb'],
    });
    expect(await memories.owed(repository, id, Date.now())).toEqual(['prune']);
    await memories.wentWell(repository, 'backup', Date.now() - 31 * DAY, id);
    expect(await memories.owed(repository, id, Date.now())).toEqual(['prune', 'check']);

    const newer = JSON.stringify({ schema: 99 });
    writeFileSync(file, newer);
    await memories.acceptAnother(repository, Date.now());
    expect(readFileSync(file, 'utf8')).toBe(newer);
  });
});

async function idOf(repository: ResticRepository): Promise<string> {
  const { place } = await repository.lookAtPlace();
  return place?.repositoryId ?? '';
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function sizeOf(folder: string): number {
  return filesIn(folder).reduce((sum, file) => sum + statSync(file).size, 0);
}
