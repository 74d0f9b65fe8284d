import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunDefinition } from '../../src/nodes/restic-run/definition.ts';
import type { FlowNode } from './flows.ts';
import { inject, probe, repository, run } from './flows.ts';
import { mainFlow, untilReady, untilState } from './main-flow.ts';
import type { Message } from './node-red.ts';
import { NodeRed } from './node-red.ts';
import { Home, PASSWORD } from './restic.ts';

// Every operation of restic-run beside backup, with the real restic, wired as a person would.

let nodeRed: NodeRed;
let home: Home;
const OPERATIONS: Record<string, Partial<RunDefinition>> = {
  snapshots: {},
  find: {},
  stats: {},
  check: { readDataSubset: '100%' },
  prune: {},
  forget: { plan: 'plan' },
  restore: { snapshot: 'latest' },
  unlock: {},
  init: { repository: 'second' },
  copy: { repository: 'second', fromRepository: 'repository' },
};

beforeAll(async () => {
  home = await Home.make();
  nodeRed = await NodeRed.start();
  const nodes = Object.entries(OPERATIONS).flatMap(([operation, settings]): FlowNode[] => [
    inject(`ask-${operation}`, `run-${operation}`),
    run(
      { id: `run-${operation}`, wires: [['done'], ['not-done'], ['progress']] },
      { operation: operation as RunDefinition['operation'], repository: 'repository', ...settings },
    ),
  ]);
  const second = repository('second', { url: join(home.drive, 'second') }, { password: PASSWORD });
  const flow = mainFlow(home, { check: { checks: [] }, plan: { retention: { last: 1 } } });
  await nodeRed.deploy([...flow, second, ...nodes, ...['done', 'not-done', 'progress'].map(probe)]);
  await untilReady(nodeRed);
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good');
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

interface Result extends Message {
  payload: unknown;
  restic: { operation: string; outcome: string; failure: { class: string; reason: string } | null };
}

async function ask(
  operation: string,
  message: Message = {},
  port: 'done' | 'not-done' = 'done',
): Promise<Result> {
  await nodeRed.inject(`ask-${operation}`, { payload: 'start', mine: 'kept', ...message });
  const result = (await nodeRed.next(port)) as Result;
  expect(result).toMatchObject({ mine: 'kept', restic: { operation } });
  return result;
}

test('snapshots lists what is in the repository', async () => {
  const { payload } = await ask('snapshots');
  expect((payload as { tags: string[] }[]).map(({ tags }) => tags[0])).toEqual(['plan:documents']);
});

test('find looks for the pattern of the message', async () => {
  expect(JSON.stringify((await ask('find', { pattern: 'cat.jpg' })).payload)).toContain('photos/cat.jpg');
});

test('stats counts, check reads the data, prune tidies: and what was done is remembered for the repository', async () => {
  expect(JSON.stringify((await ask('stats')).payload)).toMatch(/\d/);
  expect((await ask('check')).restic.outcome).toBe('done');
  expect((await ask('prune')).restic.outcome).toBe('done');
  const folder = join(nodeRed.userDir, 'lastgood', 'repositories');
  const remembered = (): string => {
    const [file] = existsSync(folder) ? readdirSync(folder) : [];
    return file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
  };
  await expect.poll(remembered).toMatch(/"lastPruneAt": "20.*"lastCheckAt": "20/s);
});

test('restore goes into a new folder, and a message can never make it overwrite', async () => {
  const target = join(home.folder, 'restored');
  await ask('restore', { target });
  expect(readFileSync(join(target, home.documents, 'letter.txt'), 'utf8')).toBe('Dear grandmother');
  writeFileSync(join(target, home.documents, 'letter.txt'), 'changed since');
  const refused = await ask('restore', { target, overwriteAllowed: true }, 'not-done');
  expect(refused.restic.failure?.reason).toMatch(/empty/);
  expect(readFileSync(join(target, home.documents, 'letter.txt'), 'utf8')).toBe('changed since');
});

test('forget keeps what the plan says, and its last good snapshot always', async () => {
  home.write({ 'letter.txt': 'Dear grandmother, again' });
  await nodeRed.inject('ask', { payload: 'run' });
  await nodeRed.next('good');
  await ask('forget');
  const { lastSuccess } = await untilState(nodeRed, ({ run: running }) => running === null);
  expect((await home.snapshots()).map(({ id }) => id)).toEqual([lastSuccess?.snapshotId]);
});

test('init creates a second repository, once; copy brings the snapshots there', async () => {
  await ask('init');
  const again = await ask('init', {}, 'not-done');
  expect(again.restic.failure?.class).toBe('config');
  await ask('copy');
  expect(existsSync(join(home.drive, 'second', 'snapshots'))).toBe(true);
});

test('unlock removes no lock of others', async () => {
  mkdirSync(join(home.repository, 'locks'), { recursive: true });
  const { payload } = await ask('unlock');
  expect(payload).toEqual({ removed: [], left: [] });
});

test('none of this touched the plan’s success, debt or retries', async () => {
  const state = await untilState(nodeRed, ({ run: running }) => running === null);
  expect(state.history.map(({ outcome }) => outcome)).toEqual(['succeeded', 'succeeded']);
  expect(nodeRed.messages.get('errors')).toBeUndefined();
});
