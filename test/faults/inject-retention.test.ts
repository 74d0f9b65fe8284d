import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import type { PlanDefinition } from '../../src/nodes/backup-plan/definition.ts';
import { inject, probe, run } from '../runtime/flows.ts';
import { backupOf, mainFlow, untilReady, untilState } from '../runtime/main-flow.ts';
import type { Message } from '../runtime/node-red.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home } from '../runtime/restic.ts';
import { count, isBroken } from './counts.ts';

// Retention in a real Node-RED with a real restic: it holds back after a guarded backup, and whatever is wired, the last
// good snapshot and what belongs to others stays.

let cases = 0;
let broken = 0;
beforeEach(() => {
  cases += 1;
});
afterEach(({ task }) => {
  if (isBroken(task)) broken += 1;
});
afterAll(() => count(6, 'retention after guarded backups and under hostile wiring', cases, broken));

const FILES = Array.from({ length: 10 }, (_, index) => `pictures/${index}.jpg`);

/** A home with 10 files of 1 KB, of which `left` are there. */
function keepOnly(home: Home, left: number): void {
  rmSync(home.documents, { recursive: true, force: true });
  home.write(Object.fromEntries(FILES.slice(0, left).map((name) => [name, name.padEnd(1024, 'x')])));
}

/** The complete flow with a forget node that everything is wired to: a person, and every output of the gate. */
function flowWith(home: Home, plan: Partial<PlanDefinition>): ReturnType<typeof mainFlow> {
  const flow = mainFlow(home, { check: { checks: [] }, plan: { retention: { last: 1 }, ...plan } });
  const forget = run(
    { id: 'forget', wires: [['forgotten'], ['kept'], []] },
    { operation: 'forget', plan: 'plan' },
  );
  const nobodys = run({ id: 'nobodys', wires: [['forgotten'], ['kept'], []] }, { operation: 'forget' });
  const wired = flow.map((node) =>
    node.id === 'gate' ? { ...node, wires: (node.wires ?? []).map((wires) => [...wires, 'forget']) } : node,
  );
  return [
    ...wired,
    forget,
    nobodys,
    inject('ask-forget', 'forget'),
    inject('ask-nobodys', 'nobodys'),
    ...['forgotten', 'kept'].map(probe),
  ];
}

async function backUp(nodeRed: NodeRed, port: 'good' | 'ended'): Promise<PlanState> {
  await nodeRed.inject('ask', { payload: 'run' });
  const { run: id } = backupOf(await nodeRed.next(port));
  return await untilState(
    nodeRed,
    (state) => state.run === null && state.history.some((entry) => entry.run === id),
  );
}

async function idsOf(home: Home, tag: string): Promise<string[]> {
  return (await home.snapshots()).filter(({ tags }) => tags?.includes(tag)).map(({ id }) => id);
}

test('a source that shrank by more than the user’s limit holds everything back, until it is accepted once', async () => {
  using home = await Home.make();
  keepOnly(home, 10);
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flowWith(home, { shrinkLimit: 30, retention: { last: 2 } }));
  await untilReady(nodeRed);
  const first = await backUp(nodeRed, 'good');
  keepOnly(home, 8);
  const second = await backUp(nodeRed, 'good');
  expect(second.lastSuccess?.figures?.filesTotal).toBe(8);

  // 3 of 8 are gone: more than 30 %. However often it is tried, it stays so.
  keepOnly(home, 5);
  await backUp(nodeRed, 'ended');
  const guarded = await backUp(nodeRed, 'ended');
  expect(guarded.lastSuccessAt).toBe(second.lastSuccessAt);
  expect(guarded.dueAt).not.toBeNull();
  expect(guarded.why).toMatch(/Only 5 files .*, 8 .* before: more than 30 %/);
  expect(await idsOf(home, 'plan:documents')).toHaveLength(4);
  expect(await idsOf(home, 'plan:documents')).toContain(first.lastSuccess?.snapshotId);
  await nodeRed.inject('ask-forget', { payload: 'now' });
  const refused = await nodeRed.next('kept', ({ payload }) => String(payload).includes('accepts'));
  expect(refused).toMatchObject({ restic: { outcome: 'failed' } });
  expect(await idsOf(home, 'plan:documents')).toHaveLength(4);

  await nodeRed.inject('ask', { payload: 'accept' });
  const accepted = await untilState(nodeRed, ({ lastPartial }) => lastPartial === null);
  expect(accepted.lastSuccess?.snapshotId).toBe(guarded.lastPartial?.snapshotId);
  const third = await backUp(nodeRed, 'good');
  expect(third.acceptedOwed).toEqual([]);
  const left = (await home.snapshots()).map(({ tags }) => tags ?? []);
  expect(left.map((tags) => tags.find((tag) => tag.startsWith('run:')))).toEqual([
    `run:${accepted.lastSuccess?.run}`,
    `run:${third.lastSuccess?.run}`,
  ]);
  expect(left.flat()).not.toContain('incomplete');
});

test('an accepted snapshot is good for whoever reads the repository, also when all records are lost', async () => {
  using home = await Home.make();
  keepOnly(home, 10);
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flowWith(home, { retention: {} }));
  await untilReady(nodeRed);
  await backUp(nodeRed, 'good');
  keepOnly(home, 4);
  const guarded = await backUp(nodeRed, 'ended');
  await nodeRed.inject('ask', { payload: 'accept' });
  await untilState(nodeRed, ({ lastPartial }) => lastPartial === null);
  expect(await idsOf(home, 'incomplete')).toEqual([guarded.lastPartial?.snapshotId]);

  // The next attempt mends the tag, although nothing good comes of it otherwise.
  keepOnly(home, 1);
  const mended = await backUp(nodeRed, 'ended');
  expect(mended.acceptedOwed).toEqual([]);
  expect(mended.lastSuccess?.run).toBe(guarded.lastPartial?.run);
  expect(await idsOf(home, 'incomplete')).toEqual([mended.lastPartial?.snapshotId]);
  expect(await idsOf(home, 'plan:documents')).toContain(mended.lastSuccess?.snapshotId);

  await nodeRed.stop();
  const journal = join(nodeRed.userDir, 'lastgood', 'plans');
  for (const name of readdirSync(journal)) rmSync(join(journal, name));
  await nodeRed.start();
  await untilReady(nodeRed);
  const remembered = await untilState(nodeRed, ({ lastSuccessAt }) => lastSuccessAt !== null);
  expect(remembered.lastSuccess?.snapshotId).toBe(mended.lastSuccess?.snapshotId);
});

test('whatever is wired and whatever messages say, forget takes only what its plan’s policy lets go', async () => {
  using home = await Home.make();
  const foreign = [
    ['--host', 'test-host', '--tag', 'plan:other'],
    ['--host', 'another-host', '--tag', 'plan:documents'],
    ['--host', 'test-host'],
    ['--host', 'test-host', '--tag', 'plan:documents-2'],
  ];
  for (const words of foreign) await home.restic('backup', ...words, home.documents);
  const others = (await home.snapshots()).map(({ id }) => id);
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flowWith(home, {}));
  await untilReady(nodeRed);
  await backUp(nodeRed, 'good');
  home.write({ 'letter.txt': 'another' });
  const { lastSuccess } = await backUp(nodeRed, 'good');

  const hostile: Message[] = [
    {},
    { plan: 'other', planKey: 'other', host: 'another-host' },
    { retention: { last: 0 }, policy: { last: 0 }, keepLast: 0, lastGoodRunId: 'none' },
    { snapshot: lastSuccess?.snapshotId, ids: [lastSuccess?.snapshotId], filter: {}, tags: [] },
    { operation: 'prune', arguments: ['--unsafe-allow-remove-all'], groupBy: 'host', prune: true },
    { backup: { plan: 'documents', run: 'none', attempt: 1 } },
    { __proto__polluted: true, constructor: { prototype: { retention: { last: 0 } } } },
  ];
  for (const message of hostile) {
    await nodeRed.inject('ask-forget', { payload: 'now', ...message });
    await nodeRed.next('forgotten');
  }
  for (const message of [{}, { plan: 'documents' }, { backup: { plan: 'nobody', run: 'x', attempt: 1 } }]) {
    await nodeRed.inject('ask-nobodys', { payload: 'now', ...message });
    await nodeRed.next('errors');
  }
  const left = (await home.snapshots()).map(({ id }) => id);
  expect(left.toSorted()).toEqual([...others, lastSuccess?.snapshotId ?? ''].toSorted());

  // An incomplete snapshot is newer than the last good one: the policy alone would keep only that.
  keepOnly(home, 1);
  await backUp(nodeRed, 'ended');
  await nodeRed.inject('ask-forget', { payload: 'now' });
  await nodeRed.next('kept', ({ payload }) => String(payload).includes('accepts'));
  expect((await home.snapshots()).map(({ id }) => id)).toContain(lastSuccess?.snapshotId);
});
