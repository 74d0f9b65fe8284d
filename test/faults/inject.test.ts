import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackupMessage } from '../../src/lib/message.ts';
import type { PlanState } from '../../src/lib/plan/state.ts';
import type { FlowNode } from '../runtime/flows.ts';
import { errorsTo, gate, inject, plan, probe, repository, run, TAB, tab } from '../runtime/flows.ts';
import { backupOf, untilReady } from '../runtime/main-flow.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home, PASSWORD } from '../runtime/restic.ts';
import { count } from './counts.ts';
import type { FaultyRestic } from './scripted-faults.ts';
import { FAULTS_OF_A_FLOW, FAULTS_WITHOUT_END, faultyRestic, knownFaults } from './scripted-faults.ts';

// Every way of misbehaving that a restic can be scripted for, each in a plan of its own of one real Node-RED, all at
// once, judged by what the person in front of it is told.

const FAULTS = Object.entries(FAULTS_OF_A_FLOW).map(([fault, expected], index) => ({
  fault,
  ...expected,
  key: `fault-${index}`,
}));
/** Longest sentence that a person is to read. */
const LONGEST_REASON = 1000;

let home: Home;
let nodeRed: NodeRed;
const restics = new Map<string, FaultyRestic>();
let violations = 0;

function flow(): FlowNode[] {
  const shared = ['good', 'ended', 'alert', 'not-now', 'progress', 'errors'].map(probe);
  const lines = FAULTS.flatMap(({ key, fault, command }): FlowNode[] => {
    const restic = faultyRestic(join(home.folder, key), fault, command === undefined ? {} : { command });
    restics.set(fault, restic);
    // Only an incomplete backup asks for a tag.
    const paths = [command === 'tag' ? join(home.folder, 'empty') : home.documents];
    return [
      repository(
        `repository-${key}`,
        { url: home.repository, binary: restic.binary },
        { password: PASSWORD },
      ),
      plan(
        { id: key, wires: [[`run-${key}`], ['not-now'], []] },
        {
          repository: `repository-${key}`,
          paths,
          scheduleKind: 'event',
          retention: command === 'forget' ? { last: 1 } : {},
        },
      ),
      run({ id: `run-${key}`, wires: [[`gate-${key}`], [`gate-${key}`], ['progress']] }),
      gate(
        { id: `gate-${key}`, wires: [[], ['good'], ['ended'], ['alert']] },
        { plans: [key], failureBudget: 0 },
      ),
    ];
  });
  return [tab(), inject('ask', ...FAULTS.map(({ key }) => key)), ...lines, ...shared, errorsTo('errors')];
}

/** Processes that have this text in their command line. */
function processesWith(text: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(text) && Number(pid) !== process.pid ? [`${pid} ${line}`] : [];
      } catch {
        return [];
      }
    });
}

beforeAll(async () => {
  home = await Home.make();
  mkdirSync(join(home.folder, 'empty'));
  nodeRed = await NodeRed.start();
  await nodeRed.deploy(flow());
  await untilReady(nodeRed, ...FAULTS.map(({ key }) => key));
  await nodeRed.inject('ask', { payload: 'run' });
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
  for (const restic of restics.values()) {
    const daemon = restic.daemon();
    if (daemon !== undefined) process.kill(daemon, 'SIGKILL');
  }
  home[Symbol.dispose]();
});

/** The end of a plan's run, as its gate tells it. */
async function endOf(key: string, port: 'good' | 'ended'): Promise<BackupMessage> {
  const other = port === 'good' ? 'ended' : 'good';
  const found = (name: string) => () =>
    nodeRed.messages
      .get(name)
      ?.map(backupOf)
      .find((backup) => backup.plan === key);
  return await nodeRed.until(`the end of ${key}`, () => found(port)() ?? found(other)(), 200_000);
}

test.each(FAULTS)('$fault', async ({ fault, key, told, command }) => {
  violations += 1;
  const end = await endOf(key, told.end === 'succeeded' ? 'good' : 'ended');
  const state = await nodeRed.untilContext<PlanState>(TAB, `backup_${key}`, (now) => now.run === null);
  expect(restics.get(fault)?.hits()).toContain(fault);
  expect(end, end.reason).toMatchObject({ end: told.end, attempt: 1 });
  if (told.end === 'gave-up') expect(end.failureClass).toBe(told.failureClass);
  if (told.end !== 'gave-up') {
    const snapshot = (await home.snapshots()).find(({ id }) => id === end.snapshotId);
    const isMarked = told.end === 'partial' && command !== 'tag';
    expect(snapshot?.tags?.includes('incomplete')).toBe(isMarked);
  }
  const isGood = told.end === 'succeeded';
  expect(state.lastSuccessAt === null).toBe(!isGood);
  expect(state.lastPartialAt === null).toBe(told.end !== 'partial');
  expect(state.lastFailureAt === null).toBe(told.end !== 'gave-up');
  expect(state).toMatchObject({ pending: null, lastCancelledAt: null });
  if (isGood) {
    expect(state.lastSuccess?.snapshotId).toBe(end.snapshotId);
    expect(end.maintenance?.ok ?? true).toBe(told.maintenanceFailed !== true);
  }
  expect(end.reason.length).toBeLessThan(LONGEST_REASON);
  if (!isGood) expect(end.reason).not.toMatch(/^\s*$|undefined|\[object|[^\S ]|\uFFFD/);
  violations -= 1;
});

test('nothing else came of it: no error, no odd progress, no process, no lock, a whole repository', async () => {
  violations += 1;
  expect(nodeRed.messages.get('errors')).toBeUndefined();
  expect(nodeRed.messages.get('not-now')).toBeUndefined();
  for (const { progress } of (nodeRed.messages.get('progress') ?? []).map(backupOf)) {
    for (const number of Object.values(progress ?? {}).filter((value) => typeof value !== 'string'))
      expect(number).toSatisfy((value) => Number.isFinite(value) && Number(value) >= 0);
    expect(progress?.fraction).toBeLessThanOrEqual(1);
  }
  const alerts = (nodeRed.messages.get('alert') ?? []).map(backupOf);
  const isAlarming = ({ told }: (typeof FAULTS)[number]): boolean =>
    told.end === 'gave-up' || 'maintenanceFailed' in told;
  const wanted = FAULTS.filter(isAlarming);
  expect(alerts.map((backup) => backup.plan).toSorted()).toEqual(wanted.map(({ key }) => key).toSorted());
  expect(nodeRed.logs.filter(({ level }) => ['error', 'fatal', 'console', 'exit'].includes(level))).toEqual(
    [],
  );
  expect(processesWith(home.folder)).toEqual([]);
  expect((await home.restic('list', 'locks', '--no-lock')).trim()).toBe('');
  expect(await home.restic('check')).toContain('no errors');
  violations -= 1;
});

test('the table names every fault that the stand-in knows, and every one was really hit', () => {
  violations += 1;
  const known = knownFaults(join(home.folder, 'list'));
  expect([...Object.keys(FAULTS_OF_A_FLOW), ...FAULTS_WITHOUT_END].toSorted()).toEqual(known.toSorted());
  const missed = FAULTS.filter(({ fault }) => restics.get(fault)?.hits().includes(fault) !== true);
  expect(missed.map(({ fault }) => fault)).toEqual([]);
  violations -= 1;
});

afterAll(() => count(1, 'faults of a scripted restic, in a real Node-RED', FAULTS.length, violations));
