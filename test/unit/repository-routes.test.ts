import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import type { RepositoryRuntime } from '../../src/lib/node-red/routes-repository.ts';
import { registerRepositoryRoutes } from '../../src/lib/node-red/routes-repository.ts';

const STORED = {
  password: 'kept-by-node-red',
  environment: 'AWS_ACCESS_KEY_ID=AKIA\nAWS_SECRET_ACCESS_KEY=deep-secret',
};
const EVERYTHING = {
  id: 'r1',
  name: 'NAS',
  url: '/mnt/backup/restic',
  passwordSource: 'password',
  password: '__PWRD__',
  environment: '__PWRD__',
};

type Handler = (request: object, response: object, next: () => void) => void;
type Answer = { status: number; body: Record<string, unknown> };

/** A Node-RED with nothing but routes; permissions are granted by name. */
class AdminApi {
  readonly routes = new Map<string, Handler[]>();
  readonly granted = new Set(['lastgood.read', 'lastgood.write', 'flows.write']);

  constructor() {
    const add =
      (method: string) =>
      (path: string, ...handlers: Handler[]): void => {
        this.routes.set(`${method} ${path}`, handlers);
      };
    const needsPermission =
      (permission: string): Handler =>
      (_request, response, next) => {
        if (this.granted.has(permission)) next();
        else Object(response).status(401).json({});
      };
    const red = {
      httpAdmin: { get: add('GET'), post: add('POST') },
      auth: { needsPermission },
      log: { error: () => undefined },
      nodes: {
        getCredentials: (id: string) => ({ r1: STORED, broker: { password: 'of-a-broker' } })[id] ?? null,
        getNode: () => null,
        eachNode(callback: (node: { id: string; type: string }) => void) {
          callback({ id: 'broker', type: 'mqtt-broker' });
          callback({ id: 'r1', type: 'restic-repository' });
        },
      },
      util: {
        evaluateNodeProperty: (name: string) => (name === 'RESTIC_URL' ? '/from/the/environment' : ''),
      },
    };
    const dataFolder = mkdtempSync(join(tmpdir(), 'lastgood-routes-'));
    onTestFinished(() => rmSync(dataFolder, { recursive: true, force: true }));
    registerRepositoryRoutes(red as unknown as RepositoryRuntime, {
      env: { PATH: '' },
      dataFolder,
      language: 'en-US',
      clock: systemClock,
      logger: { warn: () => undefined },
    });
  }

  /** Sends a request through the route's handlers, as Express would. */
  send(method: 'GET' | 'POST', route: string, body: unknown, type = 'application/json'): Promise<Answer> {
    const handlers = this.routes.get(`${method} ${route}`) ?? [];
    return new Promise((resolve) => {
      const request = {
        method,
        path: route,
        query: {},
        params: { id: 'r1' },
        body,
        is: (wanted: string) => wanted === type,
      };
      const response = {
        code: 200,
        status(code: number) {
          this.code = code;
          return this;
        },
        json(answer: Record<string, unknown>) {
          resolve({ status: this.code, body: answer });
        },
      };
      const step = (index: number): void => handlers[index]?.(request, response, () => step(index + 1));
      step(0);
    });
  }
}

let api: AdminApi;
beforeEach(() => {
  api = new AdminApi();
});

const POSTS = ['test', 'inspect-place', 'create', 'recovery-sheet'].map(
  (name) => `/lastgood/repositories/${name}`,
);

describe.each(POSTS)('POST %s', (route) => {
  test.each([
    ['nothing', undefined],
    ['a list', []],
    ['a text', 'text'],
    [
      'wrong types',
      { id: 7, url: {}, options: 'no', dataPaths: 3, plans: [null, 1, { paths: 'x' }], password: [] },
    ],
    ['no place', { ...EVERYTHING, url: '' }],
  ])('answers %s with a sentence', async (_what, body) => {
    const { status, body: answer } = await api.send('POST', route, body);
    expect(status).toBe(400);
    expect(answer['message']).toMatch(/\w+ \w+/);
  });

  test('wants JSON, which pages of other origins cannot send', async () => {
    expect((await api.send('POST', route, EVERYTHING, 'text/plain')).status).toBe(415);
  });

  test.each(['lastgood.write', 'flows.write'])('needs the permission %s', async (permission) => {
    api.granted.delete(permission);
    expect((await api.send('POST', route, EVERYTHING)).status).toBe(401);
  });
});

describe('recovery sheet', () => {
  const route = '/lastgood/repositories/recovery-sheet';
  const plans = [{ name: 'Photos', key: 'photos', host: 'pi', paths: ['/home/<anna>'] }];

  test('has the place and the plans, and no secret unless asked', async () => {
    const { body } = await api.send('POST', route, { ...EVERYTHING, plans });
    expect(body['html']).toContain('/mnt/backup/restic');
    expect(body['html']).toContain('plan:photos');
    expect(body['html']).not.toContain('<anna>');
    expect(body['html']).not.toContain(STORED.password);
    expect(body['html']).not.toContain('deep-secret');
  });

  test('has the stored password when asked', async () => {
    const { body } = await api.send('POST', route, { ...EVERYTHING, plans, withSecrets: true });
    expect(body['html']).toContain(STORED.password);
  });

  test('never has the stored password of a node that is no repository', async () => {
    const broker = { ...EVERYTHING, id: 'broker', withSecrets: true };
    const { body } = await api.send('POST', route, broker);
    expect(JSON.stringify(body)).not.toContain('of-a-broker');
  });

  test('has the typed password rather than the stored one', async () => {
    const typed = { ...EVERYTHING, password: 'just-typed', withSecrets: true };
    const { body } = await api.send('POST', route, typed);
    expect(body['html']).toContain('just-typed');
    expect(body['html']).not.toContain(STORED.password);
  });

  test('fills in environment variables as Node-RED does at deploy', async () => {
    const { body } = await api.send('POST', route, { ...EVERYTHING, url: '${RESTIC_URL}' });
    expect(body['html']).toContain('/from/the/environment');
  });
});

test('nothing is created unless the password was typed back', async () => {
  const { status, body } = await api.send('POST', '/lastgood/repositories/create', {
    ...EVERYTHING,
    repeated: 'other',
  });
  expect(status).toBe(400);
  expect(body['message']).toContain('not the same password');
  expect(JSON.stringify(body)).not.toContain(STORED.password);
});

test('the names of stored variables are told, their values are not', async () => {
  const { body } = await api.send('GET', '/lastgood/repositories/:id/environment', undefined);
  expect(body).toEqual({ names: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] });
});

test('a missing restic is told in words', async () => {
  const { status, body } = await api.send('POST', '/lastgood/repositories/test', EVERYTHING);
  expect(status).toBe(200);
  expect(body['code']).toBe('restic-missing');
});
