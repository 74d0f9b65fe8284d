import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryAnswers } from '../../src/lib/checks/answers.ts';
import type { CheckResult } from '../../src/lib/checks/check.ts';
import { runChecks } from '../../src/lib/checks/run-checks.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import { Home, RESTICS } from './restic-fixtures.ts';
import { says } from './verdict-fixtures.ts';

describe.each(RESTICS)('whether $name can open the repository', { timeout: 60_000 }, (restic) => {
  const home = new Home(restic);
  const url = home.path('repo');
  let good: ResticRepository;

  beforeAll(async () => {
    good = await home.created(url);
  }, 60_000);
  afterAll(() => home.remove());

  async function check(repository: ResticRepository, timeout = '30s'): Promise<CheckResult | undefined> {
    const { results } = await runChecks([{ kind: 'answers', timeout }], {
      language: 'en-US',
      clock: systemClock,
      sources: [],
      repository: { url: repository.settings.url },
      repositoryAnswers: repositoryAnswers(repository),
      mayAct: true,
    });
    return results[0];
  }

  test('it can; one process, no lock', async () => {
    expect(await check(good)).toMatchObject({ ...says('yes', 'can open'), subject: url });
    expect(home.commands()).toEqual(['cat']);
    expect(readdirSync(home.path('repo', 'locks'))).toEqual([]);
  });

  test('the wrong password, none, and no restic', async () => {
    const wrong = home.repository(url, { secrets: { password: 'wrong', environment: {} } });
    expect(await check(wrong)).toMatchObject(says('no', 'does not accept the password'));
    const none = home.repository(url, { secrets: { environment: {} } });
    expect(await check(none)).toMatchObject(says('no', 'has no password'));
    const without = home.repository(url, { binary: home.path('nowhere') });
    expect(await check(without)).toMatchObject(says('unknown', 'restic was not found'));
  });

  test('no repository there: nothing is created or offered', async () => {
    mkdirSync(home.path('empty'));
    const empty = await check(home.repository(home.path('empty')));
    expect(empty).toMatchObject(says('no', 'There is no repository at'));
    expect(empty?.reason).not.toMatch(/creat/i);
    expect(readdirSync(home.path('empty'))).toEqual([]);
    const absent = await check(home.repository(home.path('absent')));
    expect(absent).toMatchObject({ answer: 'no' });
    expect(readdirSync(home.folder)).not.toContain('absent');
  });

  test('a server that takes the call and says nothing is given up; the lane is free again', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const silent = home.repository(`rest:http://me:hush@127.0.0.1:${port}/`);
      const found = await check(silent, '2s');
      expect(found).toMatchObject(says('unknown', 'did not open within 2 s'));
      expect(JSON.stringify(found)).not.toContain('hush');
      const hold = await silent.enterLane('exclusive', {}, AbortSignal.timeout(30_000));
      expect(hold).toBeDefined();
      hold?.release();
    } finally {
      server.close();
    }
  });

  test('while something works on it alone, it waits its time and says so', async () => {
    const hold = await good.enterLane('exclusive', {});
    expect(await check(good, '0.3s')).toMatchObject(says('unknown', 'something else works on it'));
    hold?.release();
    expect(await check(good)).toMatchObject({ answer: 'yes' });
  });
});
