import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Alert } from '../../src/lib/alerts/alert.ts';
import type { FlowNode } from './flows.ts';
import { backupOf, mainFlow, untilReady, untilState } from './main-flow.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

const HOUR_MS = 3_600_000;

/** A Node-RED whose minutes are short, and whose clock is set before each of its lives. */
class QuickNodeRed {
  private readonly folder = mkdtempSync(join(tmpdir(), 'lastgood-clock-'));
  readonly begin: number = Date.now();

  /** What its clock shows at the next start. */
  startsAt(hours: number): void {
    writeFileSync(join(this.folder, 'clock'), String(this.begin + hours * HOUR_MS));
  }

  start(): Promise<NodeRed> {
    this.startsAt(0);
    const preload = fileURLToPath(new URL('quick-minutes.cjs', import.meta.url));
    return NodeRed.start({
      env: {
        NODE_OPTIONS: `--require ${preload}`,
        LASTGOOD_TEST_SPEED: '100',
        LASTGOOD_TEST_CLOCK: join(this.folder, 'clock'),
      },
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A plan that owes a backup every hour, and a gate that speaks after 20 minutes, 100 and 300 hours. */
function lateFlow(home: Home): FlowNode[] {
  return mainFlow(home, {
    plan: { scheduleKind: 'interval', interval: '1h', minimumGap: '0' },
    gate: { waitDelay: '1h', alertInfo: '20m', alertWarning: '100h', alertCritical: '300h' },
  });
}

const LIMIT_MS = 120_000;

async function nextAlert(nodeRed: NodeRed): Promise<Alert> {
  const { alert } = backupOf(await nodeRed.next('alert', undefined, LIMIT_MS));
  if (alert === undefined) throw new Error('an alert without its words');
  return alert;
}

test('a kill -9 in each tier repeats nothing and loses nothing, and the end is told once', async () => {
  using home = await Home.make();
  home.unplug();
  using quick = new QuickNodeRed();
  await using nodeRed = await quick.start();
  await nodeRed.deploy(lateFlow(home));
  await untilReady(nodeRed);
  for (const [severity, next] of [
    ['info', 101],
    ['warning', 301],
    ['critical', 302],
  ] as const) {
    expect(await nextAlert(nodeRed)).toMatchObject({ kind: 'late', severity });
    await nodeRed.kill9();
    quick.startsAt(next);
    await nodeRed.start();
    await untilReady(nodeRed);
  }
  home.plug();
  await nodeRed.inject('ask', { payload: 'on' });
  await nodeRed.next('good');
  expect(await nextAlert(nodeRed)).toMatchObject({ kind: 'recovered' });
  const kinds = (nodeRed.messages.get('alert') ?? []).map((message) => backupOf(message).alert?.severity);
  expect(kinds).toEqual(['info', 'warning', 'critical', 'info']);
});

test('the message is ready for a phone, and its answer backs up what it is about', async () => {
  using home = await Home.make();
  home.unplug();
  using quick = new QuickNodeRed();
  await using nodeRed = await quick.start();
  await nodeRed.deploy(lateFlow(home));
  await untilReady(nodeRed);
  const message = await nodeRed.next('alert', undefined, LIMIT_MS);
  expect(message['topic']).toBe('documents: no backup yet');
  expect(message['payload']).toMatch(/has been owed its first backup .* Plug the drive in/);
  const { alert } = backupOf(message);
  home.plug();
  await nodeRed.inject('ask', { payload: alert?.answers[0]?.id });
  await nodeRed.next('good');
});

describe('the answer', () => {
  test('to a gate is carried out by its plan, and what it cannot do is said at the plan', async () => {
    using home = await Home.make();
    await using nodeRed = await NodeRed.start();
    const flow = mainFlow(home).map((node) => (node.id === 'ask' ? { ...node, wires: [['gate']] } : node));
    await nodeRed.deploy(flow);
    await untilReady(nodeRed);
    await nodeRed.inject('ask', { payload: 'lastgood/run/somebody-elses' });
    await nodeRed.inject('ask', { payload: 'lastgood/accept/documents' });
    expect(backupOf(await nodeRed.next('not-now')).reason).toBe('There is no incomplete snapshot to accept.');
    await nodeRed.inject('ask', { payload: { command: 'run', plans: ['documents'] } });
    await nodeRed.next('good');
    expect(nodeRed.messages.get('good')).toHaveLength(1);
  });

  test('to a plan that it is not for changes nothing', async () => {
    using home = await Home.make();
    await using nodeRed = await NodeRed.start();
    await nodeRed.deploy(mainFlow(home));
    await untilReady(nodeRed);
    await nodeRed.inject('ask', { payload: 'lastgood/run/somebody-elses' });
    await nodeRed.inject('ask', { payload: 'lastgood/pause=1d/documents' });
    const state = await untilState(nodeRed, ({ paused }) => paused !== null);
    expect(state.run).toBeNull();
    expect(state.lastAttemptAt).toBeNull();
  });

  test('that skips the slot of an idle plan is said at its second output', async () => {
    using home = await Home.make();
    await using nodeRed = await NodeRed.start();
    await nodeRed.deploy(
      mainFlow(home, { plan: { scheduleKind: 'cron', cron: '0 0 1 1 *', startPaused: false } }),
    );
    await untilReady(nodeRed);
    await nodeRed.inject('ask', { payload: 'skip' });
    expect(backupOf(await nodeRed.next('not-now')).reason).toMatch(/^Skipped\. Next try /);
  });
});

test('in Chinese the alert is Chinese', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start({ language: 'zh-CN' });
  const flow = mainFlow(home).map((node) =>
    node.type === 'restic-repository' ? { ...node, credentials: { password: 'wrong' } } : node,
  );
  await nodeRed.deploy(flow);
  await nodeRed.untilStatus('plan', ({ text }) => text !== undefined && text !== 'starting');
  await nodeRed.inject('ask', { payload: 'run' });
  const message = await nodeRed.next('alert');
  expect(message['topic']).toBe('documents：备份失败');
  expect(message['payload']).toContain('以前保存的内容没有受到影响');
  expect(message['payload']).not.toMatch(/[{}]|alerts:/);
});
