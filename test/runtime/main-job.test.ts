import { expect, test } from 'vitest';
import { backupOf, mainFlow, untilReady, untilState, untilWaiting } from './main-flow.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

test('waits for the drive, starts when it is plugged in, and stamps only what is in the repository', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(mainFlow(home));
  await untilReady(nodeRed);
  home.unplug();
  await nodeRed.inject('ask', { payload: 'run', note: 'mine' });

  const waiting = await untilWaiting(nodeRed);
  expect(waiting).toMatchObject({
    waitingFor: 'retry',
    lastSuccessAt: null,
    lastFailureAt: null,
    run: { attempt: 1, outcome: 'blocked', failures: 0 },
    pending: { attempt: 2, budget: 'waiting' },
  });
  expect(waiting.pending?.because).toContain(home.marker);
  expect(Date.parse(waiting.nextAttemptAt ?? '') - Date.parse(waiting.lastBlockedAt ?? '')).toBeGreaterThan(
    50 * 60_000,
  );
  expect(nodeRed.status('gate')).toMatchObject({ fill: 'yellow' });
  expect(nodeRed.messages.get('alert')).toBeUndefined();
  expect(nodeRed.messages.get('errors')).toBeUndefined();

  home.plug();
  await nodeRed.inject('ask', { payload: 'on' });
  const good = await nodeRed.next('good');
  const [snapshot, ...others] = await home.snapshots();
  expect(others).toEqual([]);
  expect(snapshot).toMatchObject({ hostname: 'test-host', paths: [home.documents] });
  expect(snapshot?.tags).toEqual(
    expect.arrayContaining(['plan:documents', expect.stringMatching(/^created-by:/)]),
  );
  expect(good['note']).toBe('mine');
  expect(backupOf(good)).toMatchObject({
    event: 'good-backup',
    plan: 'documents',
    attempt: 2,
    outcome: 'succeeded',
    end: 'succeeded',
    snapshotId: snapshot?.id,
  });

  const done = await untilState(nodeRed, ({ run }) => run === null);
  expect(Date.parse(done.lastSuccessAt ?? '')).toBe(Date.parse(snapshot?.time ?? ''));
  expect(done).toMatchObject({ pending: null, lastSuccess: { snapshotId: snapshot?.id } });
  expect(done.history.map(({ outcome }) => outcome)).toEqual(
    expect.arrayContaining(['blocked', 'succeeded']),
  );
});

test('looks again by itself while the drive is away, and counts that as waiting, not as failing', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(mainFlow(home, { gate: { waitDelay: '1s' } }));
  await untilReady(nodeRed);
  home.unplug();
  await nodeRed.inject('ask', { payload: 'run' });
  await untilState(nodeRed, ({ run }) => (run?.waits ?? 0) >= 2);
  home.plug();
  const { attempt } = backupOf(await nodeRed.next('good'));
  expect(attempt).toBeGreaterThan(2);
  expect((await untilState(nodeRed, ({ run }) => run === null)).lastFailureAt).toBeNull();
  expect(nodeRed.messages.get('alert')).toBeUndefined();
});

test('retries a failure within its budget, then gives up with one alarm, and says when it is well again', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  const unreachable = mainFlow(home, {
    repository: { url: 'rest:http://127.0.0.1:1/' },
    gate: { delay: '1s', failureBudget: 1 },
  });
  await nodeRed.deploy(unreachable);
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  expect(backupOf(await nodeRed.next('ended'))).toMatchObject({
    end: 'gave-up',
    attempt: 2,
    failureClass: 'network',
  });
  expect(backupOf(await nodeRed.next('alert'))).toMatchObject({ alert: { kind: 'gave-up' } });
  await nodeRed.deploy(mainFlow(home));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good');
  expect(backupOf(await nodeRed.next('alert'))).toMatchObject({ alert: { kind: 'recovered' } });
  expect(nodeRed.messages.get('alert')).toHaveLength(2);
});

test('gives up at once on a wrong password: no waiting heals it', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  const flow = mainFlow(home).map((node) =>
    node.type === 'restic-repository' ? { ...node, credentials: { password: 'not the right one' } } : node,
  );
  await nodeRed.deploy(flow);
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  expect(backupOf(await nodeRed.next('ended'))).toMatchObject({
    end: 'gave-up',
    attempt: 1,
    failureClass: 'auth',
  });
  expect(await home.snapshots()).toEqual([]);
  expect(JSON.stringify(nodeRed.logs)).not.toContain('not the right one');
});

test("keeps what the plan's retention says, and never removes another plan's snapshots", async () => {
  using home = await Home.make();
  await home.restic('backup', '--host', 'test-host', '--tag', 'plan:other', home.documents);
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(mainFlow(home, { plan: { retention: { last: 1 } } }));
  await untilReady(nodeRed);
  const ids: (string | undefined)[] = [];
  for (const text of ['one', 'two', 'three']) {
    home.write({ 'letter.txt': text });
    await nodeRed.inject('ask', { payload: 'run' });
    ids.push(backupOf(await nodeRed.next('good')).snapshotId);
    await untilState(nodeRed, ({ run }) => run === null);
  }
  const left = await home.snapshots();
  expect(left.map(({ tags }) => tags?.find((tag) => tag.startsWith('plan:')))).toEqual([
    'plan:other',
    'plan:documents',
  ]);
  expect(left.at(-1)?.id).toBe(ids.at(-1));
});
