import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/restic/backup.ts';
import { inspectNewPlace, proposePassword } from '../../src/lib/restic/create.ts';
import { diagnose } from '../../src/lib/restic/diagnose.ts';
import { runOperation } from '../../src/lib/restic/operations.ts';
import type { RecoverySheet } from '../../src/lib/restic/recovery.ts';
import { recoveryPage } from '../../src/lib/restic/recovery.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import { mountOrSkip } from './drive-fixtures.ts';
import { backupOf, Home, killedWhenLocked, RESTICS, restServer } from './restic-fixtures.ts';

describe.each(RESTICS)('a diagnosis with $name', { timeout: 60_000 }, (restic) => {
  const home = new Home(restic);
  const url = home.path('repo');
  let repository: ResticRepository;

  beforeAll(async () => {
    repository = await home.created(url);
  }, 60_000);
  afterAll(() => home.remove());

  test('of a good repository says so, in the language of the host', async () => {
    const good = await diagnose(repository);
    expect(good).toMatchObject({ code: 'reachable', locks: [], canCreate: false });
    expect(good.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(good.sentences.join()).toContain('reachable');
  });

  test('tells the wrong password, a missing one, and a missing restic from one another', async () => {
    const wrong = home.repository(url, { secrets: { password: 'wrong', environment: {} } });
    expect((await diagnose(wrong)).code).toBe('wrong-password');
    const none = home.repository(url, { secrets: { environment: {} } });
    expect((await diagnose(none)).code).toBe('credentials-missing');
    const missing = await diagnose(home.repository(url, { binary: home.path('nowhere') }));
    expect(missing).toMatchObject({ code: 'restic-missing', canCreate: false });
    expect(missing.sentences.join()).toMatch(/install/i);
  });

  test('of a folder without a repository offers to create one, and changes nothing', async () => {
    mkdirSync(home.path('empty'));
    expect(await diagnose(home.repository(home.path('empty')))).toMatchObject({
      code: 'not-a-repository',
      canCreate: true,
    });
    expect(await diagnose(home.repository(home.path('new', 'repo')))).toMatchObject({ canCreate: true });
    expect(readdirSync(home.path('empty'))).toEqual([]);
    expect(readdirSync(home.folder)).not.toContain('new');
  });

  test('of a path where drives are mounted says that the drive is not', async () => {
    expect(await diagnose(home.repository('/media/no-such-drive/repo'))).toMatchObject({
      code: 'not-mounted',
      canCreate: false,
    });
  });

  test('says who holds the lock, and since when', async () => {
    const holder = home.around(repository, killedWhenLocked(`${url}/locks`));
    await runBackup(holder, backupOf([home.files('docs/a')]));
    const locked = await diagnose(repository);
    expect(locked.code).toBe('locked');
    expect(locked.locks).toMatchObject([{ exclusive: false, pid: expect.any(Number) }]);
    expect(locked.sentences.join()).toContain(String(locked.locks[0]?.pid));
  });

  test('of a server knows a repository, an empty place and silence', async () => {
    const server = await restServer(home.path('far'));
    expect(await diagnose(home.repository(server.url))).toMatchObject({
      code: 'not-a-repository',
      canCreate: true,
    });
    await home.created(server.url);
    expect((await diagnose(home.repository(server.url))).code).toBe('reachable');
    server.close();
    const stop = AbortSignal.timeout(3000);
    // restic 0.18 and newer try for long; here a person does not wait.
    const silent = await diagnose(home.repository('rest:http://127.0.0.1:9/'), stop);
    expect(silent.code).toMatch(/^(unreachable|failed)$/);
  });

  test('a created repository opens with the proposed password, and an existing one is refused', async () => {
    const password = proposePassword();
    const fresh = home.repository(home.path('fresh'), { secrets: { password, environment: {} } });
    expect(await runOperation(fresh, { kind: 'init' })).toMatchObject({
      kind: 'done',
      payload: { repositoryId: expect.stringMatching(/^sha256:/) },
    });
    expect((await diagnose(fresh)).code).toBe('reachable');
    expect(await inspectNewPlace(home.path('fresh'), [], 'en-US')).toMatchObject([
      { code: 'already-a-repository' },
    ]);
  });
});

describe('a place for a new repository', () => {
  const home = new Home({ name: 'none', path: '/bin/false' });
  const codes = async (url: string, ...data: string[]): Promise<string[]> =>
    (await inspectNewPlace(url, data, 'zh-CN')).map(({ code }) => code);
  afterAll(() => home.remove());

  test('beside the data or on the system disk is warned of', async () => {
    const data = home.files('data/a');
    expect(await codes(home.path('data', 'repo'), data)).toContain('same-file-system');
    expect(await codes(home.path('data'), data)).toContain('not-empty');
  });

  test('on a drive of its own is fine', async (context) => {
    const drive = home.path('drive');
    mkdirSync(drive);
    mountOrSkip(['-t', 'tmpfs', 'tmpfs', drive], context);
    const data = home.files('data/a');
    const found = await codes(`${drive}/repo`, data);
    spawnSync('umount', ['-l', drive]);
    expect(found).toEqual([]);
  });

  test('on a server is for restic to judge', async () => {
    expect(await codes('sftp:nas:/repo', '/data')).toEqual([]);
  });

  test('that is not absolute is told where it would be', async () => {
    expect(await codes('backup-repo')).toContain('relative');
  });
});

test('a proposed password can be typed and is never the same', () => {
  const passwords = new Set(Array.from({ length: 200 }, proposePassword));
  expect(passwords.size).toBe(200);
  for (const password of passwords) expect(password).toMatch(/^([a-hjkmnp-z2-9]{4}-){5}[a-hjkmnp-z2-9]{4}$/);
});

describe('a recovery sheet', () => {
  const sheet: RecoverySheet = {
    repository: {
      id: 'r',
      name: '<script>alert(1)</script>',
      url: 'rest:https://me:urlsecret@nas.lan/home',
      secrets: { password: "it's & <secret>", environment: { AWS_SECRET_ACCESS_KEY: 'awssecret' } },
      options: ['sftp.command=ssh -p 2222'],
    },
    plans: [{ name: 'Docs "A"', key: 'docs', host: "o'house", paths: ['/home/me/<docs>'] }],
    resticVersion: '0.18.0',
    createdAt: '2026-03-01T12:00:00.000Z',
    withSecrets: false,
  };

  test.each(['en-US', 'zh-CN'] as const)(
    'in %s tells how to list and restore, without a secret',
    (language) => {
      const page = recoveryPage(sheet, language);
      for (const secret of ['urlsecret', 'awssecret', '&lt;secret&gt;', '<script>alert', '<docs>']) {
        expect(page).not.toContain(secret);
      }
      expect(page).toContain(
        'restic restore latest --tag plan:docs --host &#39;o&#39;\\&#39;&#39;house&#39;',
      );
      expect(page).toContain('AWS_SECRET_ACCESS_KEY');
      expect(page).toContain('0.18.0');
      expect(page).not.toMatch(/recovery\.\w+|src=|href=/);
    },
  );

  test('has the password and the variables when a person asked for them', () => {
    const page = recoveryPage({ ...sheet, withSecrets: true }, 'en-US');
    expect(page).toContain('it&#39;s &amp; &lt;secret&gt;');
    expect(page).toContain('AWS_SECRET_ACCESS_KEY=awssecret');
    expect(page).toContain('urlsecret');
  });
});
