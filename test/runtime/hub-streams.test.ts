import { expect, test } from 'vitest';
import type { PlanStatus } from '../../src/protocol/protocol.ts';
import { commandPath, EVENTS_PATH, isHubError } from '../../src/protocol/protocol.ts';
import { ask, EventReader, TOKEN } from '../unit/hub-fixtures.ts';
import { type FlowNode, hub } from './flows.ts';
import { mainFlow, untilReady } from './main-flow.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

// What a client of a hub sees of Node-RED's own life: starts, deploys, stops, logins and paths.

const flow = (home: Home): FlowNode[] => [
  ...mainFlow(home, { plan: { name: 'My documents' } }),
  hub({ id: 'hub', wires: [[], []] }, { http: true }, { token: TOKEN }),
];
const portOf = ({ url }: NodeRed): number => Number(new URL(url).port);

async function firstPlans(reader: EventReader): Promise<readonly PlanStatus[]> {
  const first = await reader.next();
  if (first.event !== 'snapshot') throw new Error(`a stream began with ${first.event}`);
  return first.data.plans;
}

/** Connects as soon as it is let in; everything that was answered before. */
async function connectAgain(port: number): Promise<{ reader: EventReader; refusals: unknown[] }> {
  const refusals: unknown[] = [];
  for (;;) {
    // What is refused says why; a stream that is open does not end by itself.
    const refused = await ask(port, commandPath('documents', 'resume'), { method: 'POST' });
    if (refused.status === 202) return { reader: await EventReader.open(port), refusals };
    refusals.push(isHubError(refused.json) ? refused.json.error.code : refused.text);
  }
}

test('a deploy ends the streams, never calls the right token wrong, and shows all plans again', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  const port = portOf(nodeRed);
  await nodeRed.deploy(flow(home));
  await untilReady(nodeRed);
  for (let deploys = 0; deploys < 3; deploys += 1) {
    const reader = (await connectAgain(port)).reader;
    expect(await firstPlans(reader)).toMatchObject([{ id: 'documents', name: 'My documents' }]);
    const deployed = nodeRed.deploy(flow(home));
    await reader.end();
    const again = await connectAgain(port);
    expect(new Set(again.refusals)).toEqual(new Set(again.refusals.filter((code) => code === 'not-ready')));
    expect(await firstPlans(again.reader)).toMatchObject([{ id: 'documents' }]);
    await deployed;
    again.reader.cut();
  }
});

test('Node-RED stops while clients listen, and is there for them again after it', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  const port = portOf(nodeRed);
  await nodeRed.deploy(flow(home));
  await untilReady(nodeRed);
  const readers = [(await connectAgain(port)).reader, await EventReader.open(port)];
  await nodeRed.stop();
  for (const reader of readers) await reader.end();
  await nodeRed.start();
  const { reader } = await connectAgain(port);
  expect(await firstPlans(reader)).toMatchObject([{ id: 'documents' }]);
  reader.cut();
});

test('who may not even look at the editor may use the hub, under the path of the editor, with the token alone', async () => {
  using home = await Home.make();
  const adminAuth = {
    type: 'credentials',
    users: [],
    // Deploying is the test's own business.
    default: { permissions: ['flows.write', 'lastgood.nothing'] },
  };
  await using nodeRed = await NodeRed.start({ settings: { adminAuth } });
  const port = portOf(nodeRed);
  await nodeRed.deploy(flow(home));
  await untilReady(nodeRed);
  expect((await fetch(`${nodeRed.url}/flows`)).status).toBe(401);
  expect((await fetch(`${nodeRed.url}/lastgood/host`)).status).toBe(401);
  expect((await ask(port, EVENTS_PATH, { token: null })).status).toBe(401);
  const { reader } = await connectAgain(port);
  expect(await firstPlans(reader)).toMatchObject([{ id: 'documents' }]);
  reader.cut();
});
