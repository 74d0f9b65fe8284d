import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check, type FlowNode, gate, inject, node, plan, run, tab } from './flows.ts';
import { backupOf, mainFlow, untilReady, untilWaiting } from './main-flow.ts';
import { type Message, NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

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

const of =
  (key: string) =>
  (message: Message): boolean =>
    backupOf(message).plan === key;

const link = (type: 'link in' | 'link out', id: string, other: string, wires: string[][] = []): FlowNode =>
  node(type, { id, wires }, { links: [other], ...(type === 'link out' ? { mode: 'link' } : {}) });

/** Every way of wiring a complete flow; each is the usual flow, changed. */
const COMPLETE: [string, (flow: FlowNode[]) => FlowNode[]][] = [
  ['three wires and nothing else', (flow) => flow],
  [
    'every wire drawn',
    (flow) =>
      rewired(flow, {
        check: [['run'], ['gate']],
        run: [['gate'], ['gate'], []],
        gate: [['check'], ['good'], ['ended'], ['alert']],
      }),
  ],
  [
    'try again wired into the plan',
    (flow) => rewired(flow, { gate: [['plan'], ['good'], ['ended'], ['alert']] }),
  ],
  [
    'link nodes between everything',
    (flow) => [
      ...rewired(flow, { plan: [['out-1'], [], []], run: [['out-2'], [], []] }),
      link('link out', 'out-1', 'in-1'),
      link('link in', 'in-1', 'out-1', [['check']]),
      link('link out', 'out-2', 'in-2'),
      link('link in', 'in-2', 'out-2', [['gate']]),
    ],
  ],
  [
    'the gate on another tab, where it chooses its plan',
    (flow) => [
      tab('house'),
      ...flow.map((one) => (one.id === 'gate' ? { ...one, z: 'house', plans: ['plan'] } : one)),
    ],
  ],
  [
    'check and restic-run in a subflow',
    (flow) => [
      ...rewired(flow, { plan: [['both'], [], []] }).filter(({ id }) => id !== 'check' && id !== 'run'),
      {
        id: 'sub',
        type: 'subflow',
        name: 'check and back up',
        in: [{ x: 50, y: 30, wires: [{ id: 'check' }] }],
        out: [{ x: 400, y: 30, wires: [{ id: 'run', port: 0 }] }],
      },
      ...rewired(flow, { run: [[], [], []] })
        .filter(({ id }) => id === 'check' || id === 'run')
        .map((one) => ({ ...one, z: 'sub' })),
      node('subflow:sub', { id: 'both', wires: [['gate']] }),
    ],
  ],
];

test.each(COMPLETE)('%s: waits for the drive, then backs up', async (name, change) => {
  using home = await Home.make();
  const key = name.replaceAll(/[^a-z]+/g, '-');
  await nodeRed.deploy(change(mainFlow(home, { plan: { key } })));
  await untilReady(nodeRed);
  home.unplug();
  await nodeRed.inject('ask', { payload: 'run', note: 'mine' });
  expect(await untilWaiting(nodeRed, key)).toMatchObject({ run: { attempt: 1, outcome: 'blocked' } });
  home.plug();
  await nodeRed.inject('ask', { payload: 'on' });
  const good = await nodeRed.next('good', of(key));
  expect(backupOf(good)).toMatchObject({ attempt: 2, outcome: 'succeeded' });
  expect(good['note']).toBe('mine');
  expect(await home.snapshots()).toHaveLength(1);
});

test('without a check: plan, restic-run and gate are enough', async () => {
  using home = await Home.make();
  const flow = mainFlow(home, { plan: { key: 'unchecked' } }).filter(({ id }) => id !== 'check');
  await nodeRed.deploy(rewired(flow, { plan: [['run'], [], []] }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  expect(backupOf(await nodeRed.next('good', of('unchecked')))).toMatchObject({ attempt: 1 });
});

describe('wired wrongly', () => {
  test('two gates for one plan: both red, and the plan goes on without retries', async () => {
    using home = await Home.make();
    const flow = rewired(mainFlow(home, { plan: { key: 'two-gates' } }), { run: [['good'], [], []] });
    await nodeRed.deploy([...flow, gate({ id: 'gate-2', wires: [[], [], [], []] })]);
    for (const id of ['gate', 'gate-2']) {
      await nodeRed.untilStatus(id, ({ fill }) => fill === 'red');
      await nodeRed.untilLog(
        ({ level, id: from, text }) => level === 'error' && from === id && text.includes('two-gates'),
      );
    }
    await nodeRed.untilStatus(
      'plan',
      ({ fill, text }) => fill === 'yellow' && text === 'no retry-gate: no retries',
    );
    await nodeRed.inject('ask', { payload: 'run' });
    await nodeRed.next('good', of('two-gates'));
    expect(await home.snapshots()).toHaveLength(1);
  });

  test('no gate at all: runs, is recorded, and says that nothing is retried', async () => {
    using home = await Home.make();
    const flow = mainFlow(home, { plan: { key: 'no-gate' } }).filter(({ id }) => id !== 'gate');
    await nodeRed.deploy(rewired(flow, { run: [['good'], [], []], check: [['run'], ['ended']] }));
    await nodeRed.untilStatus(
      'plan',
      ({ fill, text }) => fill === 'yellow' && text === 'no retry-gate: no retries',
    );
    home.unplug();
    await nodeRed.inject('ask', { payload: 'run' });
    expect(backupOf(await nodeRed.next('ended', of('no-gate')))).toMatchObject({ event: 'not-ready' });
    home.plug();
    await nodeRed.inject('ask', { payload: 'run' });
    expect(backupOf(await nodeRed.next('good', of('no-gate')))).toMatchObject({ event: 'finished' });
  });

  test('a message of a plan at a gate that does not own it is told to Catch nodes, and nothing is lost', async () => {
    using home = await Home.make();
    const flow = mainFlow(home, { plan: { key: 'strayed' } });
    const both = [
      ...rewired(flow, { run: [['gate', 'other-gate'], [], []] }).map((one) =>
        one.id === 'gate' ? { ...one, plans: ['plan'] } : one,
      ),
      plan(
        { id: 'other-plan', wires: [[], [], []] },
        { repository: 'repository', paths: [home.documents], scheduleKind: 'event' },
      ),
      gate({ id: 'other-gate', wires: [[], [], [], []] }, { plans: ['other-plan'] }),
    ];
    await nodeRed.deploy(both);
    await untilReady(nodeRed, 'plan');
    await nodeRed.inject('ask', { payload: 'run' });
    expect(await nodeRed.next('errors')).toMatchObject({
      error: { code: 'wrong-gate', source: { id: 'other-gate' } },
    });
    await nodeRed.next('good', of('strayed'));
  });

  test('past its check: restic-run refuses, and the checked way still works', async () => {
    using home = await Home.make();
    const flow = mainFlow(home, { plan: { key: 'around' } });
    await nodeRed.deploy(rewired(flow, { plan: [['run', 'check'], [], []] }));
    await untilReady(nodeRed);
    await nodeRed.inject('ask', { payload: 'run' });
    expect(await nodeRed.next('errors')).toMatchObject({
      error: { code: 'check-not-passed', source: { id: 'run' } },
    });
    await nodeRed.next('good', of('around'));
    expect(await home.snapshots()).toHaveLength(1);
  });

  test('two ways to restic-run: one backup, one decision', async () => {
    using home = await Home.make();
    const flow = mainFlow(home, { plan: { key: 'twice' } });
    const doubled = rewired(flow, { plan: [['check', 'check-2'], [], []] });
    await nodeRed.deploy([
      ...doubled,
      check({ id: 'check-2', wires: [['run-2', 'run'], []] }),
      run({ id: 'run-2', wires: [['gate'], [], []] }),
    ]);
    await untilReady(nodeRed);
    await nodeRed.inject('ask', { payload: 'run' });
    await nodeRed.next('good', of('twice'));
    await nodeRed.inject('ask', { payload: 'run' });
    await nodeRed.next('good', of('twice'));
    expect(await home.snapshots()).toHaveLength(2);
    expect(nodeRed.messages.get('good')?.filter(of('twice'))).toHaveLength(2);
  });

  test('two plans with one key: the later one is refused, and says so', async () => {
    using home = await Home.make();
    await nodeRed.deploy([
      ...mainFlow(home, { plan: { key: 'same' } }),
      inject('ask-2', 'plan-2'),
      plan(
        { id: 'plan-2', wires: [['check'], [], []] },
        { key: 'same', repository: 'repository', paths: [home.documents], scheduleKind: 'event' },
      ),
    ]);
    await untilReady(nodeRed, 'plan');
    await nodeRed.untilStatus('plan-2', ({ fill }) => fill === 'red');
    await nodeRed.inject('ask-2', { payload: 'run' });
    expect(await nodeRed.next('errors')).toMatchObject({
      error: { code: 'key-taken', source: { id: 'plan-2' } },
    });
    await nodeRed.inject('ask', { payload: 'run' });
    await nodeRed.next('good', of('same'));
  });
});
