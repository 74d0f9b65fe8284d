import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { TestContext } from 'vitest';
import { describe, expect, test } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import type { FlowNode } from '../runtime/flows.ts';
import {
  backupOf,
  type MainFlowSettings,
  mainFlow,
  untilReady,
  untilState,
  untilWaiting,
} from '../runtime/main-flow.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home, PASSWORD } from '../runtime/restic.ts';
import { skip } from '../unit/drive-fixtures.ts';
import { count } from './counts.ts';

// What moving and copying does: one flow on two machines with one repository, a flow without its passwords, a password
// file that is gone, a repository that was replaced or deleted. Real Node-RED, real restic.

/** The flow of a machine; a machine is known to restic by the plan's host. */
const flowOf = (home: Home, host: string, settings: MainFlowSettings = {}): FlowNode[] =>
  mainFlow(home, { ...settings, plan: { host, ...settings.plan } });

async function backsUp(nodeRed: NodeRed): Promise<string> {
  await nodeRed.inject('ask', { payload: 'run' });
  return backupOf(await nodeRed.next('good')).snapshotId ?? '';
}

const atRest = async (nodeRed: NodeRed): Promise<PlanState> =>
  await untilState(nodeRed, ({ run }) => run === null);

describe('one flow on two machines, with one repository', () => {
  test('neither takes the other’s success for its own or removes its snapshots, and the second is told of the first', async () => {
    using home = await Home.make();
    await using attic = await NodeRed.start();
    await using cellar = await NodeRed.start();
    const keepOne = { plan: { retention: { last: 1 } } };
    await attic.deploy(flowOf(home, 'attic', keepOne));
    await untilReady(attic);
    const first = await backsUp(attic);
    expect(attic.logs.filter(({ text }) => text.includes('another computer'))).toEqual([]);

    await cellar.deploy(flowOf(home, 'cellar', keepOne));
    await untilReady(cellar);
    const said = await cellar.untilLog(({ text }) => text.includes('another computer'));
    expect(said).toMatchObject({ level: 'warn', id: 'plan' });
    expect(said.text).toMatch(/made: attic\..*\(cellar\).*write that name as the host/s);
    expect(await cellar.context('tab', 'backup_documents')).toMatchObject({ lastSuccessAt: null });

    const second = await backsUp(cellar);
    expect((await home.snapshots()).map(({ id, hostname }) => [id, hostname])).toEqual([
      [first, 'attic'],
      [second, 'cellar'],
    ]);
    // Each forgets all but its own last one.
    const third = await backsUp(attic);
    await atRest(attic);
    expect((await home.snapshots()).map(({ id }) => id).toSorted()).toEqual([second, third].toSorted());
    // With their journals gone each remembers its own.
    for (const [machine, mine] of [
      [attic, third],
      [cellar, second],
    ] as const) {
      await machine.stop();
      rmSync(join(machine.userDir, 'lastgood'), { recursive: true });
      await machine.start();
      await untilReady(machine);
      expect(
        (await untilState(machine, ({ lastSuccess }) => lastSuccess !== null)).lastSuccess?.snapshotId,
      ).toBe(mine);
    }
    count(1, 'one flow on two machines', 2, 0);
  });

  test('a copied user directory claims nothing under another host’s name, and the plan that takes the name takes over', async () => {
    using home = await Home.make();
    await using old = await NodeRed.start();
    await old.deploy(flowOf(home, 'old-pi'));
    await untilReady(old);
    const theirs = await backsUp(old);
    await old.stop();

    // Flows and passwords move, the journals do not.
    await using fresh = await NodeRed.start();
    await fresh.stop();
    for (const file of ['flows.json', 'flows_cred.json', 'package.json']) {
      cpSync(join(old.userDir, file), join(fresh.userDir, file), { force: true });
    }
    await fresh.start();
    await untilReady(fresh);
    // The host is a part of the plan, so that a container with another name is the same machine.
    expect((await untilState(fresh, ({ lastSuccess }) => lastSuccess !== null)).lastSuccess?.snapshotId).toBe(
      theirs,
    );

    await fresh.deploy(flowOf(home, 'new-pi', { plan: { key: 'moved' } }));
    await untilReady(fresh);
    expect(await fresh.context('tab', 'backup_moved')).toMatchObject({ lastSuccessAt: null });
    count(1, 'a flow file that moved to a new machine', 1, 0);
  });

  test('a lock of the other machine holds back what it must, and is never touched', async (context) => {
    using home = await Home.make();
    await using attic = await NodeRed.start();
    await attic.deploy(flowOf(home, 'attic', { plan: { retention: { last: 1 } } }));
    await untilReady(attic);
    await backsUp(attic);
    const lock = await lockOfAnotherHost(home, context);
    await backsUp(attic);
    // The backup is good; to remove old snapshots the repository must be free.
    const alert = backupOf(await attic.next('alert'));
    expect(alert).toMatchObject({ alert: { kind: 'maintenance-failed' } });
    expect(alert.alert?.text).toContain('cellar');
    await attic.kill9();
    await attic.start();
    await untilReady(attic);
    await backsUp(attic);
    expect(await locksOf(home)).toEqual([lock]);
    expect((await home.snapshots()).length).toBe(3);
    rmSync(join(home.repository, 'locks', lock));
    await backsUp(attic);
    await atRest(attic);
    expect(await locksOf(home)).toEqual([]);
    expect((await home.snapshots()).length).toBe(1);
    count(4, 'a lock of another host', 1, 0);
  });
});

/** A lock that a restic on a machine called `cellar` left behind when its power was cut; its id. */
async function lockOfAnotherHost(home: Home, context: TestContext): Promise<string> {
  const script = 'hostname cellar && exec restic --no-cache backup --stdin';
  const child = spawn('unshare', ['--uts', 'sh', '-c', script], {
    env: { PATH: process.env['PATH'], RESTIC_REPOSITORY: home.repository, RESTIC_PASSWORD: PASSWORD },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(child, 'exit').then(() => 'ended' as const);
  for (;;) {
    const [lock] = await locksOf(home);
    if (lock !== undefined) {
      child.kill('SIGKILL');
      await ended;
      return lock;
    }
    if ((await Promise.race([ended, setTimeout(100, 'goes on' as const)])) === 'ended')
      skip(context, 'no host name of its own may be had here, so no lock of another host was tried');
  }
}

async function locksOf(home: Home): Promise<string[]> {
  return (await home.restic('list', 'locks', '--no-lock', '-q')).split('\n').filter(Boolean);
}

describe('passwords', () => {
  test('a flow file without credentials asks for the password, retries nothing, and goes on when it is entered', async () => {
    using home = await Home.make();
    await using old = await NodeRed.start();
    await old.deploy(flowOf(home, 'pi'));
    await untilReady(old);
    await backsUp(old);
    await old.stop();

    await using fresh = await NodeRed.start();
    await fresh.stop();
    cpSync(join(old.userDir, 'flows.json'), join(fresh.userDir, 'flows.json'));
    await fresh.start();
    await untilReady(fresh);
    await fresh.inject('ask', { payload: 'run' });
    const ended = backupOf(await fresh.next('ended'));
    expect(ended).toMatchObject({ failureClass: 'credentials-missing', end: 'gave-up', attempt: 1 });
    expect(ended.reason).toMatch(/enter .*password again|password.*again/i);
    expect(await atRest(fresh)).toMatchObject({ pending: null, lastSuccessAt: null, testimonyOwed: true });

    const flows = await fresh.flows();
    await fresh.deploy(
      flows.map((one) => (one.id === 'repository' ? { ...one, credentials: { password: PASSWORD } } : one)),
    );
    await untilReady(fresh);
    const good = await backsUp(fresh);
    expect((await atRest(fresh)).lastSuccess?.snapshotId).toBe(good);
    expect(await home.snapshots()).toHaveLength(2);
    count(1, 'a flow file without credentials', 1, 0);
  });

  test('a password file that is gone is told, and when it is back the plan goes on', async () => {
    using home = await Home.make();
    await using nodeRed = await NodeRed.start();
    const fromFile = { passwordSource: 'file', passwordFile: home.passwordFile } as const;
    await nodeRed.deploy(flowOf(home, 'pi', { repository: fromFile }));
    await untilReady(nodeRed);
    const before = await backsUp(nodeRed);
    const away = `${home.passwordFile}.away`;
    renameSync(home.passwordFile, away);
    await nodeRed.inject('ask', { payload: 'run' });
    const ended = backupOf(await nodeRed.next('ended'));
    expect(ended).toMatchObject({ end: 'gave-up', attempt: 1 });
    expect(ended.reason).toMatch(/password/i);
    expect((await atRest(nodeRed)).lastSuccess?.snapshotId).toBe(before);
    await nodeRed.next('alert');
    renameSync(away, home.passwordFile);
    await backsUp(nodeRed);
    expect(backupOf(await nodeRed.next('alert')).alert?.kind).toBe('recovered');
    count(8, 'a password file that is gone and comes back', 1, 0);
  });
});

describe('the repository', () => {
  test('replaced by a fresh one at its place is not believed and not written to until it is accepted', async () => {
    using home = await Home.make();
    await using nodeRed = await NodeRed.start();
    await nodeRed.deploy(flowOf(home, 'pi'));
    await untilReady(nodeRed);
    const before = await backsUp(nodeRed);
    rmSync(home.repository, { recursive: true });
    await home.restic('init');
    await nodeRed.inject('ask', { payload: 'run' });
    const waiting = await untilWaiting(nodeRed);
    expect(waiting.why).toMatch(/another drive is connected.*accept-repository/);
    expect(waiting.lastSuccess?.snapshotId).toBe(before);
    // Nor after a restart, and not by a lost journal of the plan.
    await nodeRed.kill9();
    rmSync(join(nodeRed.userDir, 'lastgood/plans'), { recursive: true });
    await nodeRed.start();
    await untilReady(nodeRed);
    await nodeRed.inject('ask', { payload: 'run' });
    expect((await untilWaiting(nodeRed)).lastSuccessAt).toBeNull();
    expect(await home.snapshots()).toEqual([]);
    await nodeRed.inject('ask', { payload: 'accept-repository' });
    const good = backupOf(await nodeRed.next('good')).snapshotId;
    expect((await home.snapshots()).map(({ id }) => id)).toEqual([good]);
    count(1, 'a repository that was replaced', 1, 0);
  });

  test('deleted: nothing is created in its place, the run ends with a clear word, and the success of the past stays what it was', async () => {
    using home = await Home.make();
    await using nodeRed = await NodeRed.start();
    await nodeRed.deploy(flowOf(home, 'pi', { gate: { failureBudget: 0 } }));
    await untilReady(nodeRed);
    const before = await backsUp(nodeRed);
    const deleted = join(home.folder, 'deleted');
    renameSync(home.repository, deleted);
    await nodeRed.inject('ask', { payload: 'run' });
    const ended = backupOf(await nodeRed.next('ended'));
    expect(['device-unavailable', 'repo-missing']).toContain(ended.failureClass);
    expect(ended.reason).toContain(home.repository);
    expect((await atRest(nodeRed)).lastSuccess?.snapshotId).toBe(before);
    // An empty folder is no repository either.
    writeFileSync(join(home.folder, 'x'), '');
    cpSync(join(home.folder, 'x'), join(home.repository, 'stray'), { recursive: true });
    await nodeRed.inject('ask', { payload: 'run' });
    const again = backupOf(await nodeRed.next('ended'));
    expect(again.failureClass).toBe('repo-missing');
    rmSync(home.repository, { recursive: true });
    renameSync(deleted, home.repository);
    await backsUp(nodeRed);
    expect(await home.snapshots()).toHaveLength(2);
    count(1, 'a repository that was deleted', 1, 0);
  });
});
