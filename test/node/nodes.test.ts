import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import helper from 'node-red-node-test-helper';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import backupHub from '../../src/nodes/backup-hub/backup-hub.ts';
import backupPlan from '../../src/nodes/backup-plan/backup-plan.ts';
import preconditionCheck from '../../src/nodes/precondition-check/precondition-check.ts';
import resticRepository from '../../src/nodes/restic-repository/restic-repository.ts';
import resticRun from '../../src/nodes/restic-run/restic-run.ts';
import retryGate from '../../src/nodes/retry-gate/retry-gate.ts';
import type { FlowNode } from '../runtime/flows.ts';
import { check, errorsTo, gate, hub, node, plan, repository, run, tab } from '../runtime/flows.ts';

// The nodes in the node test helper: registered in this process, without loader, locales and settings file.

type Message = Record<string, unknown>;
const modules = [
  resticRepository,
  backupPlan,
  preconditionCheck,
  resticRun,
  retryGate,
  backupHub,
] as unknown as Parameters<typeof helper.load>[0];
const userDir = mkdtempSync(join(tmpdir(), 'lastgood-nodes-'));

beforeAll(async () => {
  helper.init(createRequire(import.meta.url).resolve('node-red'), { userDir } as Parameters<
    typeof helper.init
  >[1]);
  await new Promise<void>((resolve) => helper.startServer(resolve));
});
afterEach(() => helper.unload());
afterAll(async () => {
  await new Promise<void>((resolve) => helper.stopServer(resolve));
  rmSync(userDir, { recursive: true, force: true });
});

const listener = (id: string): FlowNode => node('helper', { id });

async function load(
  flow: FlowNode[],
  credentials: Record<string, Record<string, string>> = {},
): Promise<void> {
  const nodes = [tab(), errorsTo('errors'), listener('errors'), ...flow];
  await helper.load(modules, nodes, credentials);
}

const next = (id: string): Promise<Message> =>
  new Promise((resolve) => helper.getNode(id).once('input', (message: Message) => resolve(message)));

const send = (id: string, message: Message): void => helper.getNode(id).receive(message);

/** The code of the next error that reaches a Catch node. */
async function errorOf(id: string, message: Message): Promise<unknown> {
  const caught = next('errors');
  send(id, message);
  return ((await caught)['error'] as { code?: string }).code;
}

describe('registration', () => {
  test('all types load beside each other', async () => {
    await load([
      repository('repo', { url: '/nowhere' }),
      check({ id: 'check' }),
      run({ id: 'run' }),
      gate({ id: 'gate' }),
      hub({ id: 'hub' }),
    ]);
    for (const id of ['repo', 'check', 'run', 'gate', 'hub']) expect(helper.getNode(id)).toBeTruthy();
  });

  test('credentials are declared, so that Node-RED keeps them out of the flow file', async () => {
    await load([repository('repo', { url: '/nowhere' })], { repo: { password: 'kept apart' } });
    const repo = helper.getNode('repo') as unknown as { credentials: Message };
    expect(repo.credentials).toMatchObject({ password: 'kept apart' });
    expect(JSON.stringify(repo, (name, value) => (name === 'credentials' ? undefined : value))).not.toContain(
      'kept apart',
    );
  });
});

describe('an error that no wire handles reaches Catch nodes with its code', () => {
  test.each([
    ['restic-run without a run', 'run', {}, 'no-run'],
    ['restic-run with garbage in msg.backup', 'run', { backup: 'garbage' }, 'bad-message'],
    [
      'a plan that is not deployed',
      'run',
      { backup: { plan: 'other', run: 'r', attempt: 1 } },
      'unknown-plan',
    ],
    ['the gate with garbage', 'gate', { backup: [1, 2] }, 'bad-message'],
    ['the check with garbage', 'check', { backup: { plan: 1, run: 2 } }, 'bad-message'],
    ['a plan without repository', 'plan', { payload: 'run' }, 'no-repository'],
  ])('%s', async (_name, id, message, code) => {
    await load([
      plan({ id: 'plan' }, { repository: 'gone', paths: ['/'] }),
      check({ id: 'check' }),
      run({ id: 'run' }),
      gate({ id: 'gate' }),
    ]);
    expect(await errorOf(id, message)).toBe(code);
  });

  test('an operation that lacks its field says which', async () => {
    await load([
      repository('repo', { url: '/nowhere' }, {}),
      run({ id: 'find' }, { operation: 'find', repository: 'repo' }),
      run({ id: 'restore' }, { operation: 'restore', repository: 'repo' }),
      run({ id: 'forget' }, { operation: 'forget', repository: 'repo' }),
    ]);
    expect(await errorOf('find', {})).toBe('operation-field');
    expect(await errorOf('find', { pattern: { $regex: 'x' } })).toBe('operation-field');
    expect(await errorOf('restore', {})).toBe('restore-target');
    expect(await errorOf('forget', {})).toBe('forget-without-plan');
  });
});

describe('precondition-check without a plan', () => {
  test('checks any message and keeps the user’s own properties', async () => {
    await load([
      check(
        { id: 'check', wires: [['yes'], ['no']] },
        { checks: [{ kind: 'marker', path: join(userDir, 'not-there') }] },
      ),
      listener('yes'),
      listener('no'),
    ]);
    const said = next('no');
    send('check', { payload: 'mine', colour: 'blue' });
    const message = await said;
    expect(message).toMatchObject({ payload: 'mine', colour: 'blue', checks: { passed: false } });
  });
});

describe('closing', () => {
  test('a plan that was removed leaves its journal, so that nothing is forgotten', async () => {
    await load([
      repository('repo', { url: join(userDir, 'nowhere') }, {}),
      plan({ id: 'plan', wires: [['seen'], [], []] }, { key: 'kept', repository: 'repo', paths: ['/'] }),
      listener('seen'),
    ]);
    await next('seen');
    await helper.unload();
    expect(existsSync(join(userDir, 'lastgood', 'plans', 'kept.json'))).toBe(true);
  });
});
