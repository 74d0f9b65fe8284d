import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { MainFlowSettings } from './main-flow.ts';
import { backupOf, mainFlow, untilReady, untilState, untilWaiting } from './main-flow.ts';
import type { Message } from './node-red.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

// Every command of a plan as a message, in a real Node-RED; the table of states is tested in test/unit.

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
  key = `plan-${count}`;
});

const ours = (message: Message): boolean => backupOf(message).plan === key;

async function deploy(home: Home, settings: MainFlowSettings = {}): Promise<void> {
  await nodeRed.deploy(mainFlow(home, { ...settings, plan: { key, ...settings.plan } }));
  await untilReady(nodeRed);
}

const state = (wanted: Parameters<typeof untilState>[1] = () => true): ReturnType<typeof untilState> =>
  untilState(nodeRed, wanted, key);

test('a command may stand in the topic, an empty message asks for a run', async () => {
  using home = await Home.make();
  await deploy(home);
  await nodeRed.inject('ask', { payload: '', topic: 'run' });
  await nodeRed.next('good', ours);
  await nodeRed.inject('ask', { payload: '' });
  await nodeRed.next('good', ours);
  expect(await home.snapshots()).toHaveLength(2);
});

test('pause with an end holds back a device, run still runs once, resume lets the debt be paid', async () => {
  using home = await Home.make();
  await deploy(home, { plan: { scheduleKind: 'interval', interval: '1h', startPaused: true } });
  await nodeRed.inject('ask', { payload: { command: 'pause', for: '2h' } });
  const { paused } = await state((seen) => seen.paused?.until != null);
  expect(Date.parse(paused?.until ?? '') - Date.parse(paused?.since ?? '')).toBeGreaterThan(7_000_000);
  await nodeRed.inject('ask', { payload: 'on' });
  expect((await state()).lastSuccessAt).toBeNull();
  await nodeRed.inject('ask', { payload: 'resume' });
  await nodeRed.next('good', ours);
});

test('skip moves the next try to the following slot, and the debt stays where it was', async () => {
  using home = await Home.make();
  home.unplug();
  await deploy(home, { plan: { scheduleKind: 'interval', interval: '1h' } });
  const waiting = await untilWaiting(nodeRed, key);
  await nodeRed.inject('ask', { payload: 'skip' });
  const ended = await nodeRed.next('ended', ours);
  expect(backupOf(ended)).toMatchObject({ end: 'cancelled', dueAt: waiting.dueAt });
  const { nextAttemptAt } = await state(({ run }) => run === null);
  expect(Date.parse(nextAttemptAt ?? '') - Date.parse(waiting.dueAt ?? '')).toBe(3_600_000);
});

test('unavailable is no device event, on is one, and only once until off', async () => {
  using home = await Home.make();
  await deploy(home);
  await nodeRed.inject('ask', { payload: 'on' });
  await nodeRed.next('good', ours);
  await nodeRed.inject('ask', { payload: 'unavailable' });
  await nodeRed.inject('ask', { payload: 'on' });
  expect((await nodeRed.next('not-now', ours))['payload']).toMatch(/already there/);
  await nodeRed.inject('ask', { payload: 'off' });
  await nodeRed.inject('ask', { payload: true });
  await nodeRed.next('good', ours);
  expect(await home.snapshots()).toHaveLength(2);
});

test('a partial backup leaves by port 3 without an alert; accept makes it the last good one, once', async () => {
  using home = await Home.make();
  // restic as another user would be needed to make a file unreadable for root: a folder that shrank is partial too.
  for (let file = 0; file < 30; file++) writeFileSync(join(home.documents, `page-${file}`), `page ${file}`);
  await deploy(home);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good', ours);
  await deploy(home, { plan: { excludes: ['page-*'] } });
  await nodeRed.inject('ask', { payload: 'run' });
  const ended = await nodeRed.next('ended', ours);
  expect(backupOf(ended)).toMatchObject({ end: 'partial' });
  expect(nodeRed.messages.get('alert')?.filter(ours) ?? []).toEqual([]);
  const before = await state(({ run }) => run === null);
  await nodeRed.inject('ask', { payload: 'accept' });
  const after = await state(({ lastPartial }) => lastPartial === null);
  expect(after.lastSuccess?.snapshotId).toBe(before.lastPartial?.snapshotId);
  await nodeRed.inject('ask', { payload: 'accept' });
  await nodeRed.next('not-now', ours);
});

test('another repository at the place is noticed by the check; accept-repository accepts it beside the first', async () => {
  using home = await Home.make();
  await deploy(home, { check: { checks: [] } });
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good', ours);
  const drawer = `${home.repository}-in-the-drawer`;
  renameSync(home.repository, drawer);
  await home.restic('init');
  await nodeRed.inject('ask', { payload: 'run' });
  const { why } = await untilWaiting(nodeRed, key);
  expect(why).toMatch(/another one.*accept-repository/);
  await nodeRed.inject('ask', { payload: 'accept-repository' });
  await nodeRed.next('good', ours);
  expect(await home.snapshots()).toHaveLength(1);

  rmSync(home.repository, { recursive: true });
  renameSync(drawer, home.repository);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good', ours);
  expect(await home.snapshots()).toHaveLength(2);
  const { drives } = await state(({ run }) => run === null);
  expect(drives).toHaveLength(2);
});

test('without a check, too, nothing is written into another repository than before', async () => {
  using home = await Home.make();
  await deploy(home, { check: { checks: [] } });
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good', ours);
  rmSync(home.repository, { recursive: true });
  await home.restic('init');
  const flow = mainFlow(home, { plan: { key } });
  const unchecked = flow.filter(({ id }) => id !== 'check');
  await nodeRed.deploy(
    unchecked.map((node) => (node.id === 'plan' ? { ...node, wires: [['run'], ['not-now'], []] } : node)),
  );
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  const { why, run } = await untilWaiting(nodeRed, key);
  expect(run?.failureClass).toBe('device-unavailable');
  expect(why).toContain('another drive is connected');
  expect(await home.snapshots()).toEqual([]);
});
