import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import type { FlowNode } from './flows.ts';
import { check, gate, inject, plan, probe, repository, run, TAB, tab } from './flows.ts';
import { NodeRed } from './node-red.ts';
import { Home, PASSWORD } from './restic.ts';

/** A backup that takes some seconds: much to read, and a slow way to the repository. */
async function slowHome(): Promise<Home> {
  const home = await Home.make();
  for (let file = 0; file < 8; file++)
    writeFileSync(join(home.documents, `film-${file}`), randomBytes(1_000_000));
  return home;
}

function flow(
  home: Home,
  options: { planName?: string; excludes?: string[]; limit?: number } = {},
): FlowNode[] {
  return [
    tab(),
    repository('repo', { url: home.repository, uploadLimit: options.limit ?? 1500 }, { password: PASSWORD }),
    inject('button', 'documents'),
    plan(
      { id: 'documents', wires: [['check'], [], []] },
      {
        name: options.planName ?? 'documents',
        repository: 'repo',
        paths: [home.documents],
        scheduleKind: 'event',
        excludes: options.excludes ?? [],
      },
    ),
    check({ id: 'check', wires: [['run'], []] }),
    run({ id: 'run', wires: [['gate'], [], ['progress']] }),
    gate({ id: 'gate', wires: [[], ['good'], ['ended'], ['alert']] }),
    ...['good', 'ended', 'alert', 'progress'].map(probe),
  ];
}

const state = (nodeRed: NodeRed): Promise<PlanState> =>
  nodeRed.untilContext<PlanState>(TAB, 'backup_documents', () => true);

async function backingUp(nodeRed: NodeRed): Promise<number> {
  await nodeRed.inject('button', { payload: 'run' });
  const { run: running } = await nodeRed.untilContext<PlanState>(
    TAB,
    'backup_documents',
    (seen) => seen.run?.process != null,
  );
  return running?.process?.pid ?? 0;
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('a redeploy that changes nothing of the backup leaves restic running, and its result arrives', async () => {
  using home = await slowHome();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flow(home));
  const pid = await backingUp(nodeRed);
  await nodeRed.deploy(flow(home, { planName: 'My documents' }));
  expect(isRunning(pid)).toBe(true);
  const good = await nodeRed.next('good');
  expect(good['backup']).toMatchObject({ plan: 'documents', name: 'My documents', attempt: 1 });
  expect(await home.snapshots()).toHaveLength(1);
  expect((await home.restic('list', 'locks', '--no-lock')).trim()).toBe('');
});

test('editing what is backed up stops restic cleanly and attempts again with the new settings', async () => {
  using home = await slowHome();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flow(home));
  await backingUp(nodeRed);
  await nodeRed.deploy(flow(home, { excludes: ['film-*'] }));
  const good = await nodeRed.next('good');
  expect(good['backup']).toMatchObject({ attempt: 2, figures: { filesTotal: 3 } });
  const { history } = await state(nodeRed);
  expect(history.map(({ outcome, failureClass }) => [outcome, failureClass])).toEqual([
    ['failed', 'interrupted'],
    ['succeeded', undefined],
  ]);
  expect((await home.restic('list', 'locks', '--no-lock')).trim()).toBe('');
});

test('removing the plan stops restic, and no lock is left', async () => {
  using home = await slowHome();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flow(home));
  const pid = await backingUp(nodeRed);
  await nodeRed.deploy(flow(home).filter(({ id }) => id !== 'documents' && id !== 'button'));
  await expect.poll(() => isRunning(pid), { timeout: 20_000 }).toBe(false);
  expect((await home.restic('list', 'locks', '--no-lock')).trim()).toBe('');
  expect(await home.snapshots()).toEqual([]);
});

test('a stop of Node-RED in the middle of a backup is quick, leaves no lock, and the next start goes on', async () => {
  using home = await slowHome();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flow(home, { limit: 8000 }));
  const pid = await backingUp(nodeRed);
  const before = await state(nodeRed);
  expect(await nodeRed.stop()).toBe(0);
  await expect.poll(() => isRunning(pid), { timeout: 20_000 }).toBe(false);
  expect((await home.restic('list', 'locks', '--no-lock')).trim()).toBe('');
  await nodeRed.start();
  const good = await nodeRed.next('good');
  expect(good['backup']).toMatchObject({ run: before.run?.id, attempt: 2 });
  expect(await home.snapshots()).toHaveLength(1);
});

test('cancel stops restic, leaves no lock, and the debt stays', async () => {
  using home = await slowHome();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flow(home));
  await backingUp(nodeRed);
  await nodeRed.inject('button', { payload: 'cancel' });
  const ended = await nodeRed.next('ended');
  expect(ended['backup']).toMatchObject({ end: 'cancelled', lastSuccessAt: null });
  expect((await state(nodeRed)).dueAt).not.toBeNull();
  expect((await home.restic('list', 'locks', '--no-lock')).trim()).toBe('');
  expect(nodeRed.messages.get('alert')).toBeUndefined();
});
