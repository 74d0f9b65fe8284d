import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mainFlow, untilReady, untilState } from './main-flow.ts';
import { NodeRed } from './node-red.ts';
import { ages, memory } from './repository-memory.ts';
import { Home } from './restic.ts';

const WISH = { pruneEvery: '30d', checkEvery: '30d', checkSubset: '5%' };

test('a repository that is owed its upkeep is pruned and checked after a good backup, once', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(mainFlow(home, { repository: WISH }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  expect((await nodeRed.next('good')).backup).not.toHaveProperty('maintenance');
  await expect.poll(() => memory(nodeRed).held.repositories).toHaveLength(1);

  ages(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  const second = await nodeRed.next('good');
  expect(second).toMatchObject({
    backup: {
      maintenance: {
        ok: true,
        steps: [
          { step: 'prune', outcome: 'done' },
          { step: 'check', outcome: 'done' },
        ],
      },
    },
  });
  const [known] = memory(nodeRed).held.repositories;
  expect(known?.lastPruneAt).toMatch(/^20/);
  expect(known?.lastCheckAt).toMatch(/^20/);

  await nodeRed.inject('ask', { payload: 'run' });
  expect((await nodeRed.next('good')).backup).not.toHaveProperty('maintenance');
});

/** A check that reads 8 MB slowly is going on. Returns restic's process number. */
async function checking(home: Home, nodeRed: NodeRed): Promise<number> {
  writeFileSync(join(home.documents, 'film.raw'), randomBytes(8_000_000));
  const slowly = { checkEvery: '30d', checkSubset: '100%', downloadLimit: 100 };
  await nodeRed.deploy(mainFlow(home, { repository: slowly }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good');
  await expect.poll(() => memory(nodeRed).held.repositories).toHaveLength(1);
  ages(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  const { run } = await untilState(nodeRed, ({ why }) => why.includes('Checking the repository'));
  expect(run).toMatchObject({ phase: 'retention', outcome: 'succeeded' });
  await nodeRed.untilStatus('plan', ({ text }) => text === 'checking the repository');
  await nodeRed.untilStatus('run', ({ text = '' }) => /checking the repository · \d+ %/.test(text));
  expect(locks(home)).toHaveLength(1);
  return run?.process?.pid ?? 0;
}

function locks(home: Home): string[] {
  return readdirSync(join(home.repository, 'locks'));
}

test('an owed check can be cancelled: the backup is good, nobody is alarmed, and it stays owed', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await checking(home, nodeRed);
  await nodeRed.inject('ask', { payload: 'cancel' });
  const good = await nodeRed.next('good');
  expect(good).toMatchObject({
    backup: {
      end: 'succeeded',
      maintenance: { ok: true, steps: [{ step: 'check', outcome: 'stopped' }] },
    },
  });
  expect(nodeRed.messages.get('alert') ?? []).toEqual([]);
  expect(memory(nodeRed).held.repositories[0]).toMatchObject({ lastCheckAt: null, checkFailure: null });
  expect(locks(home)).toEqual([]);
});

test('power is cut in the middle of an owed check: the success stays, and its lock holds up no later backup', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  const pid = await checking(home, nodeRed);
  await nodeRed.kill9();
  process.kill(pid, 'SIGKILL');
  await nodeRed.start();
  await untilReady(nodeRed);
  const state = await untilState(nodeRed, ({ run }) => run === null);
  expect(state.history.at(-1)).toMatchObject({ outcome: 'succeeded' });
  await nodeRed.next('good');
  expect(locks(home)).toHaveLength(1);
  const before = (await home.snapshots()).length;
  await nodeRed.deploy(mainFlow(home));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good');
  expect(await home.snapshots()).toHaveLength(before + 1);
  expect(locks(home)).toEqual([]);
});
