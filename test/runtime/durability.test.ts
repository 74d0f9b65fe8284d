import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { backupOf, mainFlow, untilReady, untilState, untilWaiting } from './main-flow.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

/** What must be the same after a restart. */
function remembered(state: PlanState): Partial<PlanState> {
  const { lastSuccessAt, lastSuccess, lastBlockedAt, dueAt, nextAttemptAt, pending, waitingFor, paused } =
    state;
  return { lastSuccessAt, lastSuccess, lastBlockedAt, dueAt, nextAttemptAt, pending, waitingFor, paused };
}

/** The journal's files of a plan. */
function journalFiles(nodeRed: NodeRed, key: string = 'documents'): string[] {
  return readdirSync(nodeRed.userDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith(key) && !entry.parentPath.includes('context'))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe.each(['memory', 'localfilesystem'] as const)('with context in %s', (contextStorage) => {
  test('kill -9 loses neither the last success, the debt, the attempt nor the pending retry', async () => {
    using home = await Home.make();
    await using nodeRed = await NodeRed.start({ contextStorage });
    await nodeRed.deploy(
      mainFlow(home, { plan: { scheduleKind: 'interval', interval: '24h', minimumGap: '0' } }),
    );
    await untilReady(nodeRed);
    await nodeRed.next('good');
    home.unplug();
    await nodeRed.inject('ask', { payload: 'run' });
    const before = await untilWaiting(nodeRed);
    expect(before.lastSuccessAt).not.toBeNull();
    expect(before.dueAt).not.toBeNull();

    await nodeRed.kill9();
    await nodeRed.start();
    await untilReady(nodeRed);
    const after = await untilWaiting(nodeRed);
    expect(remembered(after)).toEqual(remembered(before));
    expect(after.run).toMatchObject({
      id: before.run?.id,
      attempt: before.run?.attempt,
      waits: before.run?.waits,
    });

    home.plug();
    await nodeRed.inject('ask', { payload: 'on' });
    expect(backupOf(await nodeRed.next('good'))).toMatchObject({ run: before.run?.id, attempt: 2 });
    expect(await home.snapshots()).toHaveLength(2);
  });
});

test('kill -9 in the middle of a backup: the attempt is made again at once, and leaves no lock behind', async () => {
  using home = await Home.make();
  writeFileSync(join(home.documents, 'film.raw'), randomBytes(8_000_000));
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(mainFlow(home, { repository: { uploadLimit: 2048 } }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await untilState(nodeRed, ({ run }) => run?.phase === 'backing-up');
  await nodeRed.kill9();
  await nodeRed.start();
  await untilReady(nodeRed);
  await nodeRed.next('good');
  const state = await untilState(nodeRed, ({ run }) => run === null);
  expect(state.lastInterruptedAt).not.toBeNull();
  expect((await home.snapshots()).map(({ id }) => id)).toContain(state.lastSuccess?.snapshotId);
  expect((await home.restic('list', 'locks', '--no-lock')).trim()).toBe('');
});

test('SIGTERM in the middle of a backup stops restic cleanly; the next start goes on with the run', async () => {
  using home = await Home.make();
  writeFileSync(join(home.documents, 'film.raw'), randomBytes(8_000_000));
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(mainFlow(home, { repository: { uploadLimit: 1024 } }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await untilState(nodeRed, ({ run }) => run?.phase === 'backing-up');
  await nodeRed.stop();
  expect((await home.restic('list', 'locks', '--no-lock')).trim()).toBe('');
  await nodeRed.start();
  await untilReady(nodeRed);
  await nodeRed.next('good');
});

test('a redeploy loses no pending retry and no pause, and adopts a running restic', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  const flow = mainFlow(home);
  await nodeRed.deploy(flow);
  await untilReady(nodeRed);
  home.unplug();
  await nodeRed.inject('ask', { payload: 'run' });
  const before = await untilWaiting(nodeRed);
  await nodeRed.deploy(flow, 'full');
  await untilReady(nodeRed);
  expect(remembered(await untilWaiting(nodeRed))).toEqual(remembered(before));

  home.plug();
  writeFileSync(join(home.documents, 'film.raw'), randomBytes(8_000_000));
  const slow = mainFlow(home, { repository: { uploadLimit: 2048 } });
  await nodeRed.deploy(slow);
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'on' });
  const running = await untilState(nodeRed, ({ run }) => run?.phase === 'backing-up' && run.process !== null);
  const renamed = slow.map((node) => (node.id === 'run' ? { ...node, name: 'renamed' } : node));
  await nodeRed.deploy(renamed, 'full');
  await untilReady(nodeRed);
  expect(backupOf(await nodeRed.next('good'))).toMatchObject({
    run: running.run?.id,
    attempt: running.run?.attempt,
  });
  expect(await home.snapshots()).toHaveLength(1);
});

test('pause, and its end, survive kill -9', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(mainFlow(home));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'pause' });
  const { paused } = await untilState(nodeRed, (state) => state.paused !== null);
  await nodeRed.kill9();
  await nodeRed.start();
  await untilReady(nodeRed);
  expect((await untilState(nodeRed, (state) => state.paused !== null)).paused).toEqual(paused);
});

test('with journal and context both gone, the last success comes back from the snapshots', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start({ contextStorage: 'localfilesystem' });
  await nodeRed.deploy(mainFlow(home));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good');
  const before = await untilState(nodeRed, ({ run }) => run === null);
  await nodeRed.stop();
  const journal = journalFiles(nodeRed);
  expect(journal).toHaveLength(1);
  for (const file of journal) rmSync(file);
  rmSync(join(nodeRed.userDir, 'context'), { recursive: true });
  await nodeRed.start();
  await untilReady(nodeRed);
  const after = await untilState(nodeRed, ({ lastSuccessAt }) => lastSuccessAt !== null);
  expect(Date.parse(after.lastSuccessAt ?? '')).toBe(Date.parse(before.lastSuccessAt ?? 'x'));
  expect(after.lastSuccess?.snapshotId).toBe(before.lastSuccess?.snapshotId);
});

test('a damaged journal is set aside and said, and nothing is lost', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(mainFlow(home));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good');
  const before = await untilState(nodeRed, ({ run }) => run === null);
  await nodeRed.kill9();
  const [file = ''] = journalFiles(nodeRed);
  writeFileSync(file, '{"schema": 1, "revision');
  await nodeRed.start();
  await untilReady(nodeRed);
  const after = await untilState(nodeRed, ({ lastSuccessAt }) => lastSuccessAt !== null);
  expect(after.lastSuccess?.snapshotId).toBe(before.lastSuccess?.snapshotId);
  expect(journalFiles(nodeRed).filter((name) => name.includes('damaged'))).toHaveLength(1);
  await nodeRed.untilLog(({ level, id }) => level === 'warn' && id === 'plan');
});
