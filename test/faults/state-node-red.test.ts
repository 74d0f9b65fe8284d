import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import {
  type FlowNode,
  gate,
  inject,
  plan,
  probe,
  repository,
  run as resticRun,
  tab,
} from '../runtime/flows.ts';
import { backupOf, mainFlow, untilReady, untilState } from '../runtime/main-flow.ts';
import { type LogEntry, NodeRed, type Status } from '../runtime/node-red.ts';
import { Home, PASSWORD } from '../runtime/restic.ts';
import { memoryDisk } from '../unit/drive-fixtures.ts';
import { count } from './counts.ts';

// What Node-RED's own places do to us, with a real Node-RED and a real restic: a context store that fails in every way, a
// user directory that is full or cannot be written, and two Node-REDs that have the same one.

const STORE = fileURLToPath(new URL('context-store.cjs', import.meta.url));

function journalOf(userDir: string, key: string = 'documents'): string {
  return join(userDir, `lastgood/plans/${key}.json`);
}

function journalled(userDir: string, key?: string): PlanState {
  return JSON.parse(readFileSync(journalOf(userDir, key), 'utf8')) as PlanState;
}

async function backsUp(nodeRed: NodeRed): Promise<string> {
  await nodeRed.inject('ask', { payload: 'run' });
  const { snapshotId } = backupOf(await nodeRed.next('good'));
  if (snapshotId === undefined) throw new Error('a good backup without a snapshot');
  return snapshotId;
}

const isWarned = (text: RegExp) => (entry: { level: string; text: string }) =>
  entry.level === 'warn' && text.test(entry.text);

/** How a store fails, and what is said of it. */
const STORES = {
  throws: /the store threw/,
  fails: /backup_\*: \{self\}/,
  late: undefined,
  never: /gives no answer/,
  nonsense: undefined,
} as const;
type How = keyof typeof STORES;
const HOWS = Object.keys(STORES) as How[];

/** A plan, its restic-run and its gate for each store, on one tab. */
function flowOfStores(home: Home): FlowNode[] {
  return [
    tab(),
    repository('repository', { url: home.repository }, { password: PASSWORD }),
    ...HOWS.flatMap((how) => [
      inject(`ask-${how}`, `plan-${how}`),
      plan(
        { id: `plan-${how}`, wires: [[`run-${how}`], [], []] },
        { key: how, repository: 'repository', paths: [home.documents], scheduleKind: 'event' },
      ),
      resticRun({ id: `run-${how}`, wires: [[`gate-${how}`], [], []] }),
      gate(
        { id: `gate-${how}`, wires: [[], [`good-${how}`], [], []] },
        { plans: [`plan-${how}`], contextStore: how },
      ),
      probe(`good-${how}`),
    ]),
  ];
}

test('a context store that throws, fails, is late, never answers or is full of nonsense is not in the way of a backup, is told of once, and is not believed', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start({
    contextStores: Object.fromEntries(HOWS.map((how) => [how, { module: STORE, config: { how } }])),
  });
  const backUpAll = async (): Promise<string[]> =>
    await Promise.all(
      HOWS.map(async (how) => {
        await nodeRed.inject(`ask-${how}`, { payload: 'run' });
        return backupOf(await nodeRed.next(`good-${how}`)).snapshotId ?? '';
      }),
    );
  const isRemembered = (how: How, snapshots: string[]): void => {
    const { lastSuccess, lastSuccessAt } = journalled(nodeRed.userDir, how);
    expect(lastSuccess?.snapshotId, how).toBe(snapshots[HOWS.indexOf(how)]);
    expect(Date.parse(lastSuccessAt ?? ''), how).toBeLessThanOrEqual(Date.now());
  };
  await nodeRed.deploy(flowOfStores(home));
  await untilReady(nodeRed, ...HOWS.map((how) => `plan-${how}`));
  const first = await backUpAll();
  const second = await backUpAll();
  for (const how of HOWS) {
    isRemembered(how, second);
    const said = STORES[how];
    const isSaid = (entry: LogEntry): boolean =>
      entry.level === 'warn' && entry.id === `plan-${how}` && (said === undefined || said.test(entry.text));
    if (said !== undefined) await nodeRed.untilLog(isSaid);
    expect(nodeRed.logs.filter(isSaid), how).toHaveLength(said === undefined ? 0 : 1);
  }

  // With the journals gone the stores are asked; whatever they say, the repository has the last word.
  await nodeRed.kill9();
  for (const how of HOWS) rmSync(journalOf(nodeRed.userDir, how));
  await nodeRed.start();
  await untilReady(nodeRed, ...HOWS.map((how) => `plan-${how}`));
  for (const how of HOWS) isRemembered(how, second);
  const third = await backUpAll();
  for (const how of HOWS) isRemembered(how, third);
  const snapshots = await home.snapshots();
  expect(snapshots.map(({ id }) => id).toSorted()).toEqual([...first, ...second, ...third].toSorted());
  expect(nodeRed.logs.filter(({ text }) => /uncaught|unhandled/i.test(text))).toEqual([]);
  count(2, 'a context store that fails', HOWS.length, 0);
});

const isRed = (status: Status): boolean => status.fill === 'red';

/** Fills what is left of the file system of a folder. */
function fill(folder: string): string {
  const filler = join(folder, 'filler');
  const { bavail, bsize } = statfsSync(folder);
  try {
    writeFileSync(filler, Buffer.alloc(bavail * bsize));
  } catch {
    // Full before its end.
  }
  for (let block = 0; block < 64; block += 1) {
    try {
      writeFileSync(filler, 'x'.repeat(4096), { flag: 'a' });
    } catch {
      break;
    }
  }
  return filler;
}

describe('a user directory', () => {
  test('that is full: backups go on, it is said, a restart goes on too, and with room everything is remembered again', async (context) => {
    const parent = mkdtempSync(join(tmpdir(), 'lastgood-full-'));
    const disk = memoryDisk(parent, context, 'size=64m');
    try {
      using home = await Home.make();
      await using nodeRed = await NodeRed.start({ userDir: disk.path });
      await nodeRed.deploy(mainFlow(home));
      await untilReady(nodeRed);
      const first = await backsUp(nodeRed);
      const filler = fill(disk.path);
      const second = await backsUp(nodeRed);
      await nodeRed.untilLog(isWarned(/cannot be written.*Backups go on/s));
      // The last state that could be written is whole.
      expect(journalled(disk.path).lastSuccess?.snapshotId).toBe(first);

      await nodeRed.kill9();
      await nodeRed.start();
      await untilReady(nodeRed);
      const third = await backsUp(nodeRed);
      rmSync(filler);
      const fourth = await backsUp(nodeRed);
      expect(journalled(disk.path).lastSuccess?.snapshotId).toBe(fourth);
      expect((await home.snapshots()).map(({ id }) => id).toSorted()).toEqual(
        [first, second, third, fourth].toSorted(),
      );
      count(2, 'a user directory that is full', 1, 0);
    } finally {
      disk.remove();
      rmSync(parent, { recursive: true, force: true });
    }
  });

  test('that became read-only: backups go on, and it is said', async (context) => {
    const parent = mkdtempSync(join(tmpdir(), 'lastgood-read-only-'));
    const disk = memoryDisk(parent, context, 'size=64m');
    try {
      using home = await Home.make();
      await using nodeRed = await NodeRed.start({ userDir: disk.path });
      await nodeRed.deploy(mainFlow(home));
      await untilReady(nodeRed);
      await backsUp(nodeRed);
      const before = readFileSync(journalOf(disk.path), 'utf8');
      disk.remount('ro');
      await backsUp(nodeRed);
      await nodeRed.untilLog(isWarned(/cannot be written.*Backups go on/s));
      expect(readFileSync(journalOf(disk.path), 'utf8')).toBe(before);
      disk.remount('rw');
      const last = await backsUp(nodeRed);
      expect(journalled(disk.path).lastSuccess?.snapshotId).toBe(last);
      expect(await home.snapshots()).toHaveLength(3);
      count(2, 'a user directory that cannot be written', 1, 0);
    } finally {
      disk.remove();
      rmSync(parent, { recursive: true, force: true });
    }
  });
});

describe('two Node-REDs on one user directory', () => {
  test('the second runs no plan and says who does; when the first is gone, its next start has them', async () => {
    using home = await Home.make();
    await using first = await NodeRed.start();
    await first.deploy(mainFlow(home, { plan: { scheduleKind: 'interval', interval: '24h' } }));
    const good = backupOf(await first.next('good')).snapshotId;
    const before = readFileSync(journalOf(first.userDir), 'utf8');

    await using second = await NodeRed.start({ userDir: first.userDir });
    await second.untilStatus('plan', isRed);
    await second.untilLog(({ level, text }) => level === 'error' && text.includes(`process ${first.pid}`));
    await second.inject('ask', { payload: 'run' });
    expect(await second.next('errors')).toMatchObject({ error: { code: 'other-process' } });
    // Nor by a redeploy.
    await second.deploy(await second.flows());
    await second.untilStatus('plan', isRed);
    await second.inject('ask', { payload: 'run' });
    expect(await second.next('errors')).toMatchObject({ error: { code: 'other-process' } });
    expect(readFileSync(journalOf(first.userDir), 'utf8'), 'it only reads').toBe(before);
    expect(await home.snapshots()).toHaveLength(1);

    // The first is not disturbed.
    await backsUp(first);
    await first.kill9();
    await second.restart();
    await untilReady(second);
    await second.inject('ask', { payload: 'run' });
    await second.next('good');
    const { lastSuccess, history } = await untilState(second, ({ run }) => run === null);
    expect(lastSuccess?.snapshotId).not.toBe(good);
    expect(history.length, 'with the past of the first').toBeGreaterThanOrEqual(3);
    expect(await home.snapshots()).toHaveLength(3);
    count(3, 'a second Node-RED on the same user directory', 1, 0);
  });

  test('also where the disk was full before the second came', async (context) => {
    const parent = mkdtempSync(join(tmpdir(), 'lastgood-two-full-'));
    const disk = memoryDisk(parent, context, 'size=64m');
    try {
      using home = await Home.make();
      await using first = await NodeRed.start({ userDir: disk.path });
      await first.deploy(mainFlow(home));
      await untilReady(first);
      await backsUp(first);
      fill(disk.path);
      await using second = await NodeRed.start({ userDir: disk.path });
      await second.untilStatus('plan', isRed);
      await second.inject('ask', { payload: 'run' });
      expect(await second.next('errors')).toMatchObject({ error: { code: 'other-process' } });
      expect(await home.snapshots()).toHaveLength(1);
      count(3, 'a second Node-RED on the same user directory, which is full', 1, 0);
    } finally {
      disk.remove();
      rmSync(parent, { recursive: true, force: true });
    }
  });
});
