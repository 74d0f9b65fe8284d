import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inject } from './flows.ts';
import { backupOf, type MainFlowSettings, mainFlow, untilReady } from './main-flow.ts';
import { type Message, NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

let nodeRed: NodeRed;
let key = '';
let count = 0;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});
beforeEach(() => {
  count += 1;
  key = `case-${count}`;
});

const ours = (message: Message): boolean => backupOf(message).plan === key;

/** After a bad case a good plan in the same Node-RED still backs up. */
async function expectStillWorking(home: Home): Promise<void> {
  await nodeRed.deploy(mainFlow(home, { plan: { key: `${key}-after` } }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good', (message) => backupOf(message).plan === `${key}-after`);
}

/** Settings that can never work: the node itself says what is wrong and what to do, before anything runs. */
const IMPOSSIBLE: { name: string; settings: MainFlowSettings; node: string; code: string; says: RegExp }[] = [
  {
    name: 'an invalid cron expression',
    settings: { plan: { scheduleKind: 'cron', cron: 'every other day' } },
    node: 'plan',
    code: 'invalid-cron',
    says: /not a cron expression.*five fields/s,
  },
  {
    name: 'a time zone that does not exist',
    settings: { plan: { scheduleKind: 'cron', cron: '0 3 * * *', timeZone: 'Europe/Atlantis' } },
    node: 'plan',
    code: 'invalid-time-zone',
    says: /not a time zone/,
  },
  {
    name: 'no paths',
    settings: { plan: { paths: [] } },
    node: 'plan',
    code: 'plan-paths',
    says: /what to back up.*add at least one path/s,
  },
  {
    name: 'a path that begins with a dash',
    settings: { plan: { paths: ['--help'] } },
    node: 'plan',
    code: 'plan-path-relative',
    says: /not a full path/,
  },
  {
    name: 'a plan without a repository',
    settings: { plan: { repository: '' } },
    node: 'plan',
    code: 'no-repository',
    says: /no repository.*choose a repository/is,
  },
  {
    name: 'a plan whose repository was deleted',
    settings: { plan: { repository: 'deleted' } },
    node: 'plan',
    code: 'no-repository',
    says: /no repository/,
  },
  {
    name: 'an interval without a unit',
    settings: { plan: { scheduleKind: 'interval', interval: '24' } },
    node: 'plan',
    code: 'plan-duration',
    says: /24.*not a duration.*unit/s,
  },
];

test.each(IMPOSSIBLE)('$name is refused by the node, in words', async ({ settings, node, code, says }) => {
  using home = await Home.make();
  const before = nodeRed.logs.length;
  await nodeRed.deploy(mainFlow(home, { ...settings, plan: { key, ...settings.plan } }));
  await nodeRed.untilStatus(node, ({ fill }) => fill === 'red');
  const { text } = await nodeRed.until('the error in the log', () =>
    nodeRed.logs.slice(before).find(({ level, id }) => level === 'error' && id === node),
  );
  expect(text).toMatch(says);
  await nodeRed.inject('ask', { payload: 'run' });
  expect(await nodeRed.next('errors')).toMatchObject({ error: { code, source: { id: node } } });
  expect(await home.snapshots()).toEqual([]);
  await expectStillWorking(home);
});

/** What only turns out when a backup is tried: the attempt fails with its class, and a sentence says what to do. */
const FAILING: {
  name: string;
  settings: (home: Home) => MainFlowSettings;
  failureClass: string;
  says: RegExp;
}[] = [
  {
    name: 'a folder that is no repository',
    settings: (home) => {
      mkdirSync(join(home.folder, 'empty'));
      return { repository: { url: join(home.folder, 'empty') } };
    },
    failureClass: 'repo-missing',
    says: /repository/,
  },
  {
    name: 'a folder that is not there',
    settings: (home) => ({ repository: { url: join(home.folder, 'absent') } }),
    failureClass: 'device-unavailable',
    says: /absent/,
  },
  {
    name: 'a server that does not answer',
    settings: () => ({ repository: { url: 'rest:http://127.0.0.1:1/' } }),
    failureClass: 'network',
    says: /./,
  },
  {
    name: 'restic that is not there',
    settings: (home) => ({ repository: { binary: join(home.folder, 'no-restic') } }),
    failureClass: 'config',
    says: /restic.*not found/,
  },
  {
    name: 'a restic that is no program',
    settings: (home) => ({ repository: { binary: home.passwordFile } }),
    failureClass: 'config',
    says: /./,
  },
  {
    name: 'a password file that is not there',
    settings: (home) => ({
      repository: { passwordSource: 'file', passwordFile: join(home.folder, 'no-password') },
    }),
    failureClass: 'config',
    says: /password/i,
  },
];

test.each(FAILING)('$name: the run ends with the reason', async ({ settings, failureClass, says }) => {
  using home = await Home.make();
  const { repository } = settings(home);
  await nodeRed.deploy(
    mainFlow(home, { repository: repository ?? {}, plan: { key }, gate: { failureBudget: 0 } }),
  );
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  const { failureClass: found, end, reason } = backupOf(await nodeRed.next('ended', ours));
  expect({ failureClass: found, end }).toEqual({ failureClass, end: 'gave-up' });
  expect(reason).toMatch(says);
  expect(nodeRed.messages.get('good')?.filter(ours) ?? []).toEqual([]);
  // Nothing ever creates a repository by itself.
  const empty = join(home.folder, 'empty');
  if (existsSync(empty)) expect(readdirSync(empty)).toEqual([]);
  expect(existsSync(join(home.folder, 'absent'))).toBe(false);
  await expectStillWorking(home);
});

test('a missing password is asked for, without a retry', async () => {
  using home = await Home.make();
  // A repository that Node-RED has no credentials of, as after importing a flow file.
  const imported = mainFlow(home, { plan: { key, repository: 'imported' } }).map((one) =>
    one.type === 'restic-repository' ? { ...one, id: 'imported', credentials: {} } : one,
  );
  await nodeRed.deploy(imported);
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  const ended = backupOf(await nodeRed.next('ended', ours));
  expect(ended).toMatchObject({ failureClass: 'credentials-missing', end: 'gave-up', attempt: 1 });
  expect(ended.reason).toMatch(/password/);
});

test('odd but possible paths are backed up as they are written, and never run', async () => {
  using home = await Home.make();
  const names = [
    '--exclude=all',
    'line\nbreak',
    '$(touch pwned)',
    '`touch pwned`; touch pwned',
    "it's & |*?",
    '  spaces  ',
    '照片',
  ];
  const paths = names.map((name) => join(home.documents, name));
  for (const path of paths) {
    mkdirSync(path);
    writeFileSync(join(path, 'file'), 'text');
  }
  await nodeRed.deploy(mainFlow(home, { plan: { key, paths } }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good', ours);
  const [snapshot] = await home.snapshots();
  expect(snapshot?.paths.toSorted()).toEqual(paths.toSorted());
  const everything = [home.folder, nodeRed.userDir].flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map(String),
  );
  expect(everything.filter((name) => basename(name) === 'pwned')).toEqual([]);
});

describe('garbage in msg.backup', () => {
  const huge = { plan: 'x'.repeat(100_000), run: 'y', attempt: 1 };
  const GARBAGE: [string, unknown, string][] = [
    ['a text', 'run', 'bad-message'],
    ['a number', 42, 'bad-message'],
    ['a list', [1, 2], 'bad-message'],
    ['an empty object', {}, 'bad-message'],
    ['an attempt that is no number', { plan: 'p', run: 'r', attempt: 'first' }, 'bad-message'],
    ['a plan that is an object', { plan: {}, run: 'r', attempt: 1 }, 'bad-message'],
    ['a plan that nobody has', { plan: '__proto__', run: 'r', attempt: 1 }, 'unknown-plan'],
    ['a huge plan', huge, 'unknown-plan'],
  ];
  const DOORS = ['plan', 'check', 'run', 'gate'] as const;

  test.each(DOORS)('at the %s: told to Catch nodes with the node, what and what to do', async (door) => {
    using home = await Home.make();
    await nodeRed.deploy([...mainFlow(home, { plan: { key } }), inject('garbage', door)]);
    await untilReady(nodeRed);
    for (const [, backup, code] of GARBAGE) {
      // A plan takes any message that is not of its own run as a trigger or a command.
      if (door === 'plan' && code === 'unknown-plan') continue;
      await nodeRed.inject('garbage', { payload: 'x', backup });
      const { error } = await nodeRed.next('errors');
      expect(error).toMatchObject({ code, source: { id: door } });
      expect(JSON.stringify(error).length).toBeLessThan(4000);
    }
    await expectStillWorking(home);
  });

  test('a forged or stale attempt is ignored, quietly', async () => {
    using home = await Home.make();
    await nodeRed.deploy([...mainFlow(home, { plan: { key } }), inject('forged', 'run', 'gate')]);
    await untilReady(nodeRed);
    await nodeRed.inject('forged', {
      backup: { plan: key, run: 'made-up', attempt: 7, outcome: 'succeeded', snapshotId: 'f'.repeat(64) },
    });
    await nodeRed.inject('ask', { payload: 'run' });
    const good = backupOf(await nodeRed.next('good', ours));
    expect(good.run).not.toBe('made-up');
    expect(nodeRed.messages.get('good')?.filter(ours)).toHaveLength(1);
    expect(await home.snapshots()).toHaveLength(1);
  });
});
