import { IncomingMessage, ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { refuse } from '../../src/lib/hub/answer.ts';
import { EventStreams, MOST_STREAMS } from '../../src/lib/hub/event-streams.ts';
import { EVENTS_PATH, HEARTBEAT_MS, TOKEN_HEADER } from '../../src/protocol/protocol.ts';
import { FakeClock } from './fake-clock.ts';
import { HubRig, planStatus, TOKEN } from './hub-fixtures.ts';

test('a stream begins with all plans, and goes on with what changes', async () => {
  await using rig = await HubRig.open();
  rig.plans.statuses = [planStatus(), planStatus({ id: 'music', name: 'Music' })];
  const reader = await rig.listen();
  expect(await reader.next()).toEqual({
    event: 'snapshot',
    data: { protocol: 1, hubId: 'hub', plans: rig.plans.statuses },
  });
  const running = planStatus({ state: 'running', running: true, attempt: 1, progress: 0.5 });
  rig.hub.publish(running);
  expect(await reader.next()).toEqual({ event: 'plan', data: running });
  rig.hub.removed('music');
  expect(await reader.next()).toEqual({ event: 'removed', data: { id: 'music' } });
});

test('what is as it was is not told again, and is after it was something else or was gone', async () => {
  await using rig = await HubRig.open();
  const reader = await rig.listen();
  await reader.next();
  rig.hub.publish(planStatus());
  const paused = planStatus({ state: 'paused', paused: true });
  rig.hub.publish(paused);
  rig.hub.publish(paused);
  rig.hub.publish(planStatus());
  rig.hub.removed('photos');
  rig.hub.publish(planStatus());
  expect((await reader.next()).data).toEqual(paused);
  expect((await reader.next()).data).toEqual(planStatus());
  expect((await reader.next()).event).toBe('removed');
  expect((await reader.next()).data).toEqual(planStatus());
});

test('who listens already hears what a new client finds', async () => {
  await using rig = await HubRig.open();
  const first = await rig.listen();
  await first.next();
  const late = planStatus({ overdue: true });
  rig.plans.statuses = [late];
  await rig.listen();
  expect(await first.next()).toEqual({ event: 'plan', data: late });
});

test('a name with line breaks stays in its event', async () => {
  await using rig = await HubRig.open();
  const odd = planStatus({ name: 'one\n\nevent: removed\r\ndata: {}\u2028' });
  rig.plans.statuses = [odd];
  const reader = await rig.listen();
  expect(await reader.next()).toMatchObject({ data: { plans: [odd] } });
});

test('a stream is neither kept nor changed nor held back on its way, and no page of another origin may read it', async () => {
  await using rig = await HubRig.open();
  const { headers } = (await rig.listen()).response;
  expect(headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    // Else a client would ask for more on a connection that a redeploy is about to cut.
    connection: 'close',
  });
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
});

test('a stream without news has a heartbeat every 15 s, as long as somebody listens', async () => {
  await using rig = await HubRig.open();
  const reader = await rig.listen();
  await reader.next();
  for (const beat of [1, 2, 3]) {
    await rig.clock.pass(HEARTBEAT_MS);
    await reader.heartbeats(beat);
  }
  reader.cut();
  await rig.until(() => rig.hub.clients === 0);
  expect(rig.clock.pendingTimers).toBe(0);
});

test('100 clients hear the same, and one more is refused until one of them goes', async () => {
  await using rig = await HubRig.open();
  const readers = await Promise.all(Array.from({ length: MOST_STREAMS }, () => rig.listen()));
  const refused = await rig.ask(EVENTS_PATH);
  expect(refused).toMatchObject({ status: 503, json: { error: { code: 'too-many-streams' } } });
  expect(refused.headers['retry-after']).toBe('15');
  const running = planStatus({ state: 'running', running: true });
  rig.hub.publish(running);
  for (const reader of readers) {
    expect((await reader.next()).event).toBe('snapshot');
    expect(await reader.next()).toEqual({ event: 'plan', data: running });
  }
  readers[0]?.cut();
  await rig.until(() => rig.hub.clients === MOST_STREAMS - 1);
  expect((await (await rig.listen()).next()).event).toBe('snapshot');
});

test('who does not read is dropped instead of kept in memory, and the others hear all', async () => {
  await using rig = await HubRig.open();
  const reader = await rig.listen();
  await reader.next();
  const sleeper = connect(rig.port, '127.0.0.1');
  sleeper.on('error', () => undefined);
  sleeper.write(`GET ${EVENTS_PATH} HTTP/1.1\r\nHost: hub\r\n${TOKEN_HEADER}: ${TOKEN}\r\n\r\n`);
  await rig.until(() => rig.hub.clients === 2);
  let told = 0;
  // What the kernel takes for the sleeper is its own affair, and differs from machine to machine.
  while (rig.hub.clients === 2) {
    told += 1;
    rig.hub.publish(planStatus({ attempt: told, reason: 'x'.repeat(60_000) }));
    expect(await reader.next()).toMatchObject({ data: { attempt: told } });
    expect(told).toBeLessThan(2000);
  }
  rig.hub.publish(planStatus());
  expect(await reader.next()).toMatchObject({ data: { attempt: 0 } });
  sleeper.destroy();
});

test('a snapshot of many plans is no slow reader', async () => {
  await using rig = await HubRig.open();
  rig.plans.statuses = Array.from({ length: 5000 }, (_, at) => planStatus({ id: `plan-${at}` }));
  const reader = await rig.listen();
  rig.hub.publish(planStatus({ id: 'plan-1', state: 'paused', paused: true }));
  expect((await reader.next()).event).toBe('snapshot');
  expect((await reader.next()).event).toBe('plan');
});

test('a hub that closes ends its streams and tells nobody anything more', async () => {
  await using rig = await HubRig.open();
  const reader = await rig.listen();
  await reader.next();
  rig.hub.close();
  await reader.end();
  rig.hub.publish(planStatus({ attempt: 7 }));
  rig.hub.removed('photos');
  await rig.until(async () => (await rig.connections()) === 0);
  await rig.clock.pass(1000);
  expect(rig.clock.pendingTimers).toBe(0);
});

test('a hub that closes cuts who has not taken leave after a second', async () => {
  await using rig = await HubRig.open();
  // More than any kernel takes for somebody who does not read.
  rig.plans.statuses = [planStatus({ reason: 'x'.repeat(24_000_000) })];
  const sleeper = connect(rig.port, '127.0.0.1');
  sleeper.on('error', () => undefined);
  sleeper.write(`GET ${EVENTS_PATH} HTTP/1.1\r\nHost: hub\r\n${TOKEN_HEADER}: ${TOKEN}\r\n\r\n`);
  await rig.until(() => rig.hub.clients === 1);
  rig.hub.close();
  expect(await rig.connections()).toBe(1);
  await rig.clock.pass(1000);
  await rig.until(async () => (await rig.connections()) === 0);
  sleeper.destroy();
});

test('a client that has gone before it was answered leaves nothing behind', () => {
  const streams = new EventStreams(new FakeClock('2026-05-04T12:00:00Z'));
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  response.destroy();
  streams.add(response, { event: 'removed', data: { id: 'photos' } });
  expect(streams.size).toBe(0);
});

test('what goes wrong after an answer has begun does not end Node-RED', () => {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  response.writeHead(200);
  expect(() => refuse(response, new Error('late'))).not.toThrow();
});
