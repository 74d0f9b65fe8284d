import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FlowNode } from '../runtime/flows.ts';
import { check, gate, node, plan, run } from '../runtime/flows.ts';
import type { MainFlowSettings } from '../runtime/main-flow.ts';
import { backupOf, mainFlow, untilReady } from '../runtime/main-flow.ts';
import type { LogEntry, Message } from '../runtime/node-red.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home } from '../runtime/restic.ts';
import { count } from './counts.ts';

// Every way of wiring it wrongly that we could think of, with a real Node-RED and a real restic. Whatever is wired:
// nothing is backed up twice for one asking, nothing runs hot, Node-RED lives, and what is wrong is said in words or does
// no harm. More of them, with what exactly is said: test/runtime/wiring.test.ts.

let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

/** The flow with other wires from some nodes. */
function rewired(flow: readonly FlowNode[], wires: Record<string, string[][]>): FlowNode[] {
  return flow.map((one) => (wires[one.id] === undefined ? one : { ...one, wires: wires[one.id] ?? [] }));
}

/** A function node. */
const code = (id: string, func: string, ...to: string[]): FlowNode =>
  node(
    'function',
    { id, wires: [to] },
    { func, outputs: 1, timeout: 0, noerr: 0, initialize: '', finalize: '', libs: [] },
  );

interface Fault {
  readonly name: string;
  readonly settings?: MainFlowSettings;
  /** The mis-wired flow; `change` gets the usual one. */
  readonly change: (flow: FlowNode[], home: Home) => FlowNode[];
  /** Backups that one asking for a run leads to; a circle that asks by itself: at most so many. */
  readonly backups: 0 | 1 | { readonly atMost: number };
  /** A code that Catch nodes get, or a text that is logged. */
  readonly says?: RegExp;
}

const GATE_OUT = [[], ['good'], ['ended'], ['alert']];

const FAULTS: Fault[] = [
  {
    name: 'the gate is fed by the plan directly',
    change: (flow) => rewired(flow, { plan: [['check', 'gate'], [], []] }),
    backups: 1,
  },
  {
    name: 'the plan leads to the gate only',
    change: (flow) => rewired(flow, { plan: [['gate'], [], []] }),
    backups: 0,
  },
  {
    name: 'restic-run before the check',
    change: (flow) =>
      rewired(flow, {
        plan: [['run'], [], []],
        run: [['check'], ['check'], []],
        check: [['gate'], ['gate']],
      }),
    backups: 0,
    says: /check-not-passed/,
  },
  {
    name: 'two checks one after the other',
    change: (flow) => [
      ...rewired(flow, { check: [['check-2'], []] }),
      check({ id: 'check-2', wires: [['run'], []] }),
    ],
    backups: 1,
  },
  {
    name: 'the same check twice, by a wire from itself to itself',
    change: (flow) => rewired(flow, { check: [['check', 'run'], ['check']] }),
    backups: 1,
    says: /check-circle/,
  },
  {
    name: 'try again wired to restic-run, past the check',
    settings: { gate: { waitDelay: '1s', waitBudget: 2 } },
    change: (flow) => rewired(flow, { gate: [['run'], ['good'], ['ended'], ['alert']] }),
    backups: 1,
  },
  {
    name: 'try again wired to the gate itself',
    change: (flow) => rewired(flow, { gate: [['gate'], ['good'], ['ended'], ['alert']] }),
    backups: 1,
  },
  {
    name: 'every output of the gate wired to the plan',
    change: (flow) =>
      rewired(flow, { gate: [['plan'], ['good', 'plan'], ['ended', 'plan'], ['alert', 'plan']] }),
    backups: 1,
  },
  {
    name: 'every output of the plan wired to its own input',
    settings: { plan: { device: 'plug' } },
    change: (flow) => rewired(flow, { plan: [['check', 'plan'], ['not-now', 'plan'], ['plan']] }),
    backups: 1,
  },
  {
    name: 'every output of restic-run wired to every input',
    change: (flow) =>
      rewired(flow, {
        run: [
          ['gate', 'plan', 'check', 'run'],
          ['gate', 'plan', 'check', 'run'],
          ['gate', 'plan', 'check', 'run'],
        ],
      }),
    backups: 1,
  },
  {
    name: 'every message by two wires everywhere',
    change: (flow) => [
      ...rewired(flow, {
        plan: [['check', 'again-1'], [], []],
        check: [
          ['run', 'again-2'],
          ['gate', 'again-3'],
        ],
        run: [['gate', 'again-3'], ['gate', 'again-3'], []],
      }),
      code('again-1', 'return [[msg, RED.util.cloneMessage(msg), msg]];', 'check'),
      code('again-2', 'return [[msg, RED.util.cloneMessage(msg), msg]];', 'run'),
      code('again-3', 'return [[msg, RED.util.cloneMessage(msg), msg]];', 'gate'),
    ],
    backups: 1,
  },
  {
    name: 'a function node that rewrites msg.backup in the way',
    change: (flow) => [
      ...rewired(flow, { plan: [['meddler'], [], []] }),
      code(
        'meddler',
        `Object.assign(msg.backup, { outcome: 'succeeded', end: 'succeeded', trigger: 'device', dueAt: '1970-01-01T00:00:00Z',
           lastSuccessAt: '2099-01-01T00:00:00Z', snapshotId: 'f'.repeat(64), event: 'good-backup' });
         msg.backup.__proto__ = { polluted: true };
         return msg;`,
        'check',
      ),
    ],
    backups: 1,
  },
  {
    name: 'a function node that raises the attempt',
    change: (flow) => [
      ...rewired(flow, { plan: [['meddler', 'check'], [], []] }),
      code(
        'meddler',
        'msg.backup.attempt += 1; return [[msg, { backup: { ...msg.backup, attempt: 0 } }]];',
        'check',
        'run',
        'gate',
      ),
    ],
    backups: 1,
  },
  {
    name: 'a function node that takes msg.backup away',
    change: (flow) => [
      ...rewired(flow, { plan: [['check', 'meddler'], [], []] }),
      code('meddler', 'delete msg.backup; return msg;', 'run'),
    ],
    backups: 1,
    says: /no-run/,
  },
  {
    name: 'a huge message',
    change: (flow) => [
      ...rewired(flow, { ask: [['meddler']] }),
      code(
        'meddler',
        "msg.ballast = 'x'.repeat(20e6); msg.list = Array.from({ length: 1e5 }, (_, i) => ({ i })); return msg;",
        'plan',
      ),
    ],
    backups: 1,
  },
  {
    name: 'a message that holds itself, functions, sockets and getters',
    change: (flow) => [
      ...rewired(flow, { ask: [['meddler']] }),
      code(
        'meddler',
        `msg.self = msg; msg.deep = { msg }; msg.run = () => 1; msg.big = 10n; msg.map = new Map([[msg, msg]]);
         msg.error = new Error('x'); msg.symbol = Symbol('x'); msg.buffer = Buffer.alloc(10);
         Object.defineProperty(msg, 'thrower', { enumerable: false, get() { throw new Error('no'); } });
         return [[msg]];`,
        'plan',
      ),
    ],
    backups: 1,
  },
  {
    name: 'a second gate that claims the plan too',
    change: (flow) => [
      ...rewired(flow, { run: [['good'], [], []] }),
      gate({ id: 'gate-2', wires: GATE_OUT }, { plans: ['plan'] }),
    ],
    backups: 1,
    says: /Two retry-gates want/,
  },
  {
    name: 'a circle that asks for a run after each good backup',
    change: (flow) => [
      ...rewired(flow, { run: [['gate', 'circle'], ['gate'], []] }),
      code('circle', "return { payload: 'run' };", 'plan'),
    ],
    // Its answer comes while the run is still being announced.
    backups: { atMost: 60 },
  },
  {
    name: 'a circle that asks for a run whenever the check says no',
    settings: { check: { checks: [{ kind: 'marker', path: '/nowhere/at/all' }] } },
    change: (flow) => [
      ...rewired(flow, { check: [['run'], ['gate', 'circle']], gate: [[], ['good'], ['ended'], ['alert']] }),
      code('circle', "return { payload: 'run' };", 'plan'),
    ],
    backups: 0,
    says: /more than 60 attempts/,
  },
];

let number = 0;

test.each(FAULTS)('$name', async ({ settings = {}, change, backups, says }) => {
  using home = await Home.make();
  number += 1;
  const key = `fault-${number}`;
  const before = nodeRed.logs.length;
  const shown = nodeRed.statuses.get('plan')?.length ?? 0;
  const ours = (message: Message): boolean => backupOf(message).plan === key;
  const flow = change(mainFlow(home, { ...settings, plan: { key, ...settings.plan } }), home);
  await nodeRed.deploy(flow);
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });

  if (says !== undefined) {
    await nodeRed.until(`a word about it: ${says}`, () => {
      const isSaid = (text: string): boolean => says.test(text);
      const caught = (nodeRed.messages.get('errors') ?? []).some(({ error }) =>
        isSaid(JSON.stringify(error)),
      );
      const answered = (nodeRed.messages.get('not-now') ?? []).some((message) =>
        isSaid(JSON.stringify(message)),
      );
      const logged = nodeRed.logs.slice(before).some(({ text }: LogEntry) => isSaid(text));
      return caught || answered || logged ? true : undefined;
    });
  }
  if (backups === 1) await nodeRed.next('good', ours);
  // All that is still on its way arrives; what goes round would go on.
  await quiet(home);
  const made = snapshotsIn(home);
  if (typeof backups === 'number') expect(made).toBe(backups);
  else expect(made).toBeLessThanOrEqual(backups.atMost);
  const handedOut = (nodeRed.statuses.get('plan') ?? [])
    .slice(shown)
    .filter(({ text }) => text === 'on its way').length;
  expect(handedOut, 'attempts').toBeLessThanOrEqual(64);
  expect(readdirSync(join(home.repository, 'locks'))).toEqual([]);

  // The same plan, wired well, backs up once it is asked.
  await nodeRed.deploy(mainFlow(home, { plan: { key } }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'cancel' });
  await nodeRed.inject('ask', { payload: 'run' });
  const isOver = says?.source.startsWith('more than 60') === true;
  if (!isOver && typeof backups === 'number') await nodeRed.next('good', ours);
  expect(nodeRed.logs.slice(before).filter(({ text }) => /uncaught|unhandled/i.test(text))).toEqual([]);
  count(3, 'a way of wiring it wrongly', 1, 0);
});

const snapshotsIn = (home: Home): number => readdirSync(join(home.repository, 'snapshots')).length;

/** Waits until the plan shows nothing new for a while. */
async function quiet(home: Home): Promise<void> {
  const seen = (): string => `${nodeRed.statuses.get('plan')?.length} ${snapshotsIn(home)}`;
  for (let before = ''; before !== seen(); await setTimeout(1200)) before = seen();
}

test('messages of a plan that was removed are told, and back nothing up', async () => {
  using home = await Home.make();
  const flow = mainFlow(home, { plan: { key: 'removed' } });
  await nodeRed.deploy(flow);
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  const message = await nodeRed.next('good', (one) => backupOf(one).plan === 'removed');
  const others = flow.filter(({ id }) => id !== 'plan');
  await nodeRed.deploy([
    ...rewired(others, { ask: [['check', 'run', 'gate']] }),
    plan(
      { id: 'other', wires: [['check'], [], []] },
      { repository: 'repository', paths: [home.documents], scheduleKind: 'event' },
    ),
    run({ id: 'run-2', wires: [[], [], []] }),
  ]);
  await untilReady(nodeRed, 'other');
  await nodeRed.inject('ask', { backup: message['backup'] });
  for (const id of ['check', 'run', 'gate']) {
    const isFrom = ({ error }: Message): boolean => JSON.stringify(error).includes(`"id":"${id}"`);
    const { error } = await nodeRed.until('an error', () =>
      nodeRed.messages
        .get('errors')
        ?.find((one) => isFrom(one) && JSON.stringify(one).includes('unknown-plan')),
    );
    expect(error).toMatchObject({ code: 'unknown-plan' });
  }
  expect(await home.snapshots()).toHaveLength(1);
  count(3, 'a message of a plan that was removed', 3, 0);
});
