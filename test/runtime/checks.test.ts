import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CheckSpec, HouseValue } from '../../src/lib/checks/check.ts';
import type { LookAnswer } from '../../src/lib/node-red/routes-check.ts';
import { check, type FlowNode, inject, node, plan, probe, tab } from './flows.ts';
import { backupOf, mainFlow, untilReady, untilState, untilWaiting } from './main-flow.ts';
import type { Message } from './node-red.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

let nodeRed: NodeRed;
let key = '';
let count = 0;
beforeAll(async () => {
  nodeRed = await NodeRed.start({ env: { HOUSE_MODE: 'winter' } });
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});
beforeEach(() => {
  count += 1;
  key = `checked-${count}`;
});

const ours = (message: Message): boolean => backupOf(message).plan === key;

const is = (type: HouseValue['type'], value: string, than: string): CheckSpec => ({
  kind: 'state',
  of: { type, value },
  operator: 'is',
  than: { type: 'str', value: than },
});

/** Puts its payload into a flow's or the global context, and says so at the probe `was-set`. */
const keeper = (id: string, where: 'flow' | 'global', name: string): FlowNode[] => [
  inject(`set-${id}`, id),
  node(
    'function',
    { id, wires: [['was-set']] },
    {
      func: `${where}.set('${name}', msg.payload); return msg;`,
      outputs: 1,
      timeout: 0,
      noerr: 0,
      initialize: '',
      finalize: '',
      libs: [],
    },
  ),
];

async function put(id: string, payload: unknown): Promise<void> {
  await nodeRed.inject(`set-${id}`, { payload });
  await nodeRed.next('was-set');
}

/** The usual flow with other checks, the message of a no at `blocked` as well. */
async function deploy(home: Home, checks: CheckSpec[], more: FlowNode[] = []): Promise<void> {
  const flow = mainFlow(home, { plan: { key }, check: { checks, inOrder: true } }).map((one) =>
    one.id === 'check' ? { ...one, wires: [['run'], ['blocked', 'gate']] } : one,
  );
  await nodeRed.deploy([
    ...flow,
    probe('blocked'),
    probe('was-set'),
    ...keeper('house', 'flow', 'house'),
    ...more,
  ]);
  await untilReady(nodeRed);
}

const look = (id = 'check', body: object = {}): Promise<LookAnswer> =>
  nodeRed.request('POST', `lastgood/checks/${id}/look`, body);

describe('a list with groups and a state of the house', () => {
  const houseOrForce: CheckSpec = {
    kind: 'any',
    checks: [is('flow', 'house', 'empty'), is('msg', 'mode', 'force')],
  };

  test('blocks, says why in message, status and state, and lets pass when the house changes', async () => {
    using home = await Home.make();
    await deploy(home, [houseOrForce, { kind: 'marker', path: home.marker }]);
    await put('house', 'full');
    await nodeRed.inject('ask', { payload: 'run', mode: 'gentle' });
    const blocked = await nodeRed.next('blocked', ours);
    const why = 'None of these holds: flow.house is “full”, not “empty”. msg.mode is “gentle”, not “force”.';
    const { reason, checks } = backupOf(blocked);
    expect(reason).toContain(why);
    // In order: the drive was not looked at.
    expect(checks?.results).toMatchObject([
      { kind: 'any', answer: 'no', parts: [{ subject: 'flow.house' }, { subject: 'msg.mode' }] },
    ]);
    const waiting = await untilWaiting(nodeRed, key);
    expect(waiting.why).toContain(why);
    expect(waiting.run).toMatchObject({ outcome: 'blocked', blockedBy: 'state', reason: why });
    await nodeRed.untilStatus('check', ({ text }) => text === 'house is not ready');
    await nodeRed.untilStatus('plan', ({ text }) => text?.includes('house is not ready') === true);

    await put('house', { state: 'Empty', last_changed: new Date().toISOString() });
    await nodeRed.inject('ask', { payload: 'run' });
    await nodeRed.next('good', ours);
    expect(await home.snapshots()).toHaveLength(1);
  });

  test('a property of the message that asked for the run counts', async () => {
    using home = await Home.make();
    await deploy(home, [houseOrForce]);
    await put('house', 'full');
    await nodeRed.inject('ask', { payload: 'run', mode: 'force' });
    await nodeRed.next('good', ours);
  });

  test('a hold time is waited for, and a change in the middle of it blocks', async () => {
    using home = await Home.make();
    await deploy(home, [{ ...is('flow', 'house', 'empty'), hold: '1h' }]);
    await put('house', 'empty');
    await nodeRed.inject('ask', { payload: 'run' });
    await nodeRed.untilStatus('check', ({ text }) => text === 'checking');
    await untilState(nodeRed, ({ run }) => run?.phase === 'checking', key);
    await put('house', 'full');
    expect(backupOf(await nodeRed.next('blocked', ours)).reason).toContain('flow.house is “full”');
  });
});

test('every kind of value, on any message, without a plan', async () => {
  const checks = [
    is('msg', 'payload', '21'),
    is('flow', 'house', 'quiet'),
    is('global', 'town', 'asleep'),
    is('env', 'HOUSE_MODE', 'winter'),
    is('jsonata', '$flowContext("house") & "/" & $string(payload)', 'quiet/21'),
    is('flow', 'absent', 'x'),
    is('jsonata', '$nonsense(', 'x'),
  ];
  await nodeRed.deploy([
    tab(),
    inject('ask', 'alone'),
    check({ id: 'alone', wires: [['ready'], ['not-ready']] }, { checks }),
    probe('ready'),
    probe('not-ready'),
    probe('was-set'),
    ...keeper('house', 'flow', 'house'),
    ...keeper('town', 'global', 'town'),
  ]);
  await put('house', 'quiet');
  await put('town', 'asleep');
  await nodeRed.inject('ask', { payload: 21 });
  const { checks: report } = await nodeRed.next('not-ready');
  const { results } = report as LookAnswer['report'];
  expect(results.map(({ answer }) => answer)).toEqual([
    'yes',
    'yes',
    'yes',
    'yes',
    'yes',
    'unknown',
    'unknown',
  ]);
  expect(results[5]?.reason).toBe('flow.absent has no value.');
  expect(results[6]?.reason).toMatch(/could not be read/);
});

describe('check now', () => {
  test('looks with the deployed checks and moves no run', async () => {
    using home = await Home.make();
    await deploy(home, [{ kind: 'marker', path: home.marker }, is('msg', 'mode', 'force')]);
    const before = await untilState(nodeRed, () => true, key);
    const { report, acts } = await look();
    expect(acts).toBe(false);
    expect(report.results).toMatchObject([
      { kind: 'marker', answer: 'yes' },
      { kind: 'state', answer: 'unknown', reason: expect.stringContaining('no message in a look by hand') },
    ]);
    home.unplug();
    const chinese = await look('check', { language: 'zh-CN' });
    expect(chinese.report).toMatchObject({ passed: false, reason: expect.stringContaining('硬盘不对') });
    expect(await untilState(nodeRed, () => true, key)).toEqual(before);
    await expect(look('nobody')).rejects.toThrow(/404.*not deployed/);
  });

  test('the obvious is that of the one plan whose runs come here', async () => {
    using home = await Home.make();
    await deploy(home, []);
    expect((await look()).report.results).toMatchObject([
      { kind: 'sources', subject: home.documents },
      { kind: 'repository', subject: home.repository },
    ]);
    const other = plan(
      { id: 'other', wires: [['check'], [], []] },
      { key: `${key}-2`, repository: 'repository', paths: ['/'], scheduleKind: 'event' },
    );
    await deploy(home, [], [other]);
    expect((await look()).report.results).toEqual([]);
  });

  test('says that it could act, also in a group', async () => {
    using home = await Home.make();
    const wake: CheckSpec = { kind: 'wake', mac: '02:00:00:00:00:01', host: '127.0.0.1', port: 9 };
    await deploy(home, [
      { kind: 'any', checks: [{ kind: 'marker', path: home.marker }, wake], inOrder: true },
    ]);
    expect(await look()).toMatchObject({ acts: true, report: { passed: true } });
  });

  test('two persons at the same time share one look', async () => {
    using home = await Home.make();
    const [script, log, go] = ['look', 'log', 'go'].map((name) => join(home.folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(log, '');
    writeFileSync(
      script,
      `#!/bin/sh\necho looked >> "${log}"\nwhile [ ! -e "${go}" ]; do sleep 0.05; done\n`,
    );
    chmodSync(script, 0o755);
    await deploy(home, [{ kind: 'command', command: script, arguments: [] }]);
    const both = Promise.all([look(), look()]);
    await expect.poll(() => readFileSync(log, 'utf8')).toContain('looked');
    // Whoever asks while it is going on hears of the same look.
    const third = look();
    // Answers to requests sent later say that Node-RED has got the three above.
    for (let i = 0; i < 5; i++) await nodeRed.request('GET', 'flows');
    appendFileSync(go, '');
    for (const { report } of [...(await both), await third]) expect(report.passed).toBe(true);
    expect(readFileSync(log, 'utf8')).toBe('looked\n');
  });

  test('a check in a subflow is known by the id that the editor has', async () => {
    using home = await Home.make();
    const flow = mainFlow(home, { plan: { key }, check: { checks: [] } });
    await nodeRed.deploy([
      ...flow
        .filter(({ id }) => id !== 'check')
        .map((one) => (one.id === 'plan' ? { ...one, wires: [['both'], [], []] } : one)),
      {
        id: 'sub',
        type: 'subflow',
        name: 'check',
        in: [{ x: 50, y: 30, wires: [{ id: 'check' }] }],
        out: [{ x: 400, y: 30, wires: [{ id: 'check', port: 0 }] }],
      },
      ...flow.filter(({ id }) => id === 'check').map((one) => ({ ...one, z: 'sub', wires: [[], []] })),
      node('subflow:sub', { id: 'both', wires: [['run']] }),
    ]);
    await untilReady(nodeRed);
    expect((await look()).report.results).toMatchObject([
      { kind: 'sources', subject: home.documents },
      { kind: 'repository' },
    ]);
  });
});
