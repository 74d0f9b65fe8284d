import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HubEvent, PlanStatus } from '../../src/protocol/protocol.ts';
import { commandPath, EVENTS_PATH, readHubEvent, TOKEN_HEADER } from '../../src/protocol/protocol.ts';
import { hub } from './flows.ts';
import { mainFlow, untilReady } from './main-flow.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

// The HTTP interface of a hub node, as a client of the house uses it; the interface itself has tests of its own.

const TOKEN = 'a-token-only-for-tests-of-43-characters-0123';
let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

const headers = (token: string = TOKEN): Record<string, string> => ({ [TOKEN_HEADER]: token });

/** The events of a hub, until the test leaves the loop. */
async function* events(): AsyncGenerator<HubEvent> {
  const response = await fetch(`${nodeRed.url}${EVENTS_PATH}`, { headers: headers() });
  expect(response.status).toBe(200);
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string): string => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? '';
      const event = readHubEvent(field('event'), field('data'));
      if (event !== undefined) yield event;
    }
  }
}

test('who has the token sees the plans, starts a real backup and is told of it; nobody else is let in', async () => {
  using home = await Home.make();
  await nodeRed.deploy([
    ...mainFlow(home, { plan: { name: 'My documents' } }),
    hub({ id: 'hub', wires: [[], []] }, { http: true }, { token: TOKEN }),
  ]);
  await untilReady(nodeRed);
  const states: PlanStatus[] = [];
  for await (const { event, data } of events()) {
    if (event === 'snapshot') {
      expect(data.plans).toMatchObject([{ id: 'documents', name: 'My documents', state: 'idle' }]);
      const method = 'POST';
      const path = `${nodeRed.url}${commandPath('documents', 'run')}`;
      expect((await fetch(path, { method, headers: headers('x'.repeat(43)) })).status).toBe(401);
      expect((await fetch(path, { method, headers: headers() })).status).toBe(202);
    } else if (event === 'plan') {
      states.push(data);
      if (data.lastSuccessAt !== null && data.state === 'idle') break;
    }
  }
  expect(states.map(({ state }) => state)).toContain('running');
  expect(await home.snapshots()).toHaveLength(1);
  expect(readFileSync(join(nodeRed.userDir, 'flows.json'), 'utf8')).not.toContain(TOKEN);
});

test('a hub whose box is not ticked, or that has no token, lets nobody in', async () => {
  using home = await Home.make();
  await nodeRed.deploy([...mainFlow(home), hub({ id: 'closed', wires: [[], []] }, {}, { token: TOKEN })]);
  const ask = async (): Promise<number> =>
    (await fetch(`${nodeRed.url}${EVENTS_PATH}`, { headers: headers() })).status;
  expect(await ask()).toBe(404);
  await nodeRed.deploy([...mainFlow(home), hub({ id: 'bare', wires: [[], []] }, { http: true })]);
  await nodeRed.untilStatus('bare', ({ fill }) => fill === 'red');
  expect(await ask()).toBe(404);
});
