import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import type { HubDoor } from '../../src/lib/hub/hub-door.ts';
import { HubServer } from '../../src/lib/hub/hub-server.ts';
import { assertHttpServed, registerHubRoutes } from '../../src/lib/node-red/routes-hub.ts';
import { EVENTS_PATH, isHubError } from '../../src/protocol/protocol.ts';
import { type Asking, ask, EventReader, FakePlans, planStatus, type Reply, TOKEN } from './hub-fixtures.ts';

// The routes in Node-RED's own admin app, as its package makes it: with its body parser, its CORS and its login.

interface EditorApi {
  init(settings: object, server: Server, storage: object, runtimeApi: object): void;
  readonly httpAdmin: Express;
}
const nodeRed = createRequire(createRequire(import.meta.url).resolve('node-red/package.json'));
const editorApi = nodeRed('@node-red/editor-api') as EditorApi;

class AdminRig {
  readonly plans: FakePlans = new FakePlans();
  readonly door: HubDoor;
  readonly hub: HubServer;
  readonly errors: string[] = [];
  private readonly server: Server;

  constructor(settings: object) {
    this.server = createServer();
    editorApi.init(
      { disableEditor: true, ...settings },
      this.server,
      { getSessions: () => Promise.resolve({}) },
      {},
    );
    const events = new EventEmitter();
    this.door = registerHubRoutes({
      httpAdmin: editorApi.httpAdmin,
      events,
      log: { error: (text: string) => this.errors.push(text) },
    } as unknown as Parameters<typeof registerHubRoutes>[0]);
    this.hub = new HubServer({ hubId: 'hub', token: TOKEN, plans: this.plans, clock: systemClock });
    this.door.add(this.hub);
    events.emit('flows:started');
    this.server.on('request', editorApi.httpAdmin);
  }

  async open(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  post(command: string, asking: Asking = {}): Promise<Reply> {
    return ask(this.port, `/lastgood/v1/plans/photos/${command}`, { method: 'POST', ...asking });
  }

  async close(): Promise<void> {
    this.hub.close();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

const LOGIN = { type: 'credentials', users: [{ username: 'me', password: 'x', permissions: '*' }] };

describe.each([
  ['open to everybody', {}],
  ['with a login', { adminAuth: LOGIN }],
  ['with CORS for all', { httpAdminCors: { origin: '*', methods: 'GET,PUT,POST,DELETE' } }],
])("in Node-RED's admin, %s", (_how, settings) => {
  let rig: AdminRig;
  beforeEach(async () => {
    rig = new AdminRig(settings);
    await rig.open();
  });
  afterEach(async () => {
    await rig.close();
  });

  test('the token lets in, and a login of Basic authentication may stand beside it', async () => {
    const reader = await EventReader.open(rig.port);
    expect((await reader.next()).event).toBe('snapshot');
    const running = planStatus({ state: 'running', running: true });
    rig.hub.publish(running);
    expect(await reader.next()).toEqual({ event: 'plan', data: running });
    reader.cut();
    const Authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    expect((await rig.post('run', { headers: { Authorization } })).status).toBe(202);
    expect((await rig.post('run', { headers: { Authorization: 'Bearer of-an-editor' } })).status).toBe(202);
  });

  test.each([
    ['nothing', undefined, undefined],
    ['an empty object', '{}', undefined],
    ['a length', '{"for":"12h"}', 12 * 3_600_000],
  ])('pause takes %s', async (_what, body, pauseMs) => {
    expect((await rig.post('pause', body === undefined ? {} : { body })).status).toBe(202);
    expect(rig.plans.asked).toEqual([['photos', 'pause', pauseMs]]);
  });

  test.each([
    ['no token', { token: null }, 401],
    ['a body that Node-RED cannot read', { body: '{"for"' }, 400],
    ['such a body without a token', { body: '{"for"', token: null }, 401],
    ['a body that is no object', { body: '"7d"' }, 400],
    [
      'a body of Node-RED’s other kind',
      { body: 'for=7d', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
      415,
    ],
    [
      'a body in another character set',
      { body: '{}', headers: { 'Content-Type': 'application/json; charset=klingon' } },
      415,
    ],
    ['a compressed body that is none', { body: '{}', headers: { 'Content-Encoding': 'gzip' } }, 400],
    ['a large body', { body: JSON.stringify({ for: '7d'.padEnd(2000) }) }, 413],
    [
      'a large body that does not say so',
      { body: JSON.stringify({ for: '7d'.padEnd(2000) }), headers: { 'Transfer-Encoding': 'chunked' } },
      413,
    ],
    ['a body that is too large for Node-RED', { body: JSON.stringify({ for: '7d'.padEnd(6_000_000) }) }, 413],
    ['a wrong method', { method: 'GET' }, 405],
  ] satisfies [string, Asking, number][])('%s gets a JSON error', async (_what, asking, status) => {
    const reply = await rig.post('pause', asking);
    expect(reply.status).toBe(status);
    expect(isHubError(reply.json)).toBe(true);
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(rig.plans.asked).toEqual([]);
    expect(rig.errors).toEqual([]);
  });

  test('other versions are answered, and other paths are left to others', async () => {
    expect((await ask(rig.port, '/lastgood/v2/events')).status).toBe(406);
    for (const path of ['/lastgood/versions', '/lastgood', '/lastgood/plans/photos/run']) {
      const reply = await ask(rig.port, path, { method: 'POST', body: '{}' });
      expect(reply.status).toBe(404);
      expect(isHubError(reply.json)).toBe(false);
    }
    const unreadable = await ask(rig.port, '/lastgood/host', { method: 'POST', body: '{"' });
    expect(unreadable.status).toBe(400);
    expect(isHubError(unreadable.json)).toBe(false);
  });

  test('without a hub there is no such path', async () => {
    rig.door.close(rig.hub, { forGood: true });
    for (const body of ['{}', '{"']) {
      const reply = await ask(rig.port, EVENTS_PATH, { method: 'POST', body });
      expect(isHubError(reply.json)).toBe(false);
    }
  });
});

test('a Node-RED that serves no editor is told to the person who switches HTTP on', () => {
  expect(() => assertHttpServed({ settings: { httpAdminRoot: false } as never })).toThrowError(
    expect.objectContaining({ code: 'no-admin-http' }),
  );
  expect(() => assertHttpServed({ settings: { httpAdminRoot: '/' } as never })).not.toThrow();
  expect(() => assertHttpServed({ settings: {} as never })).not.toThrow();
});
