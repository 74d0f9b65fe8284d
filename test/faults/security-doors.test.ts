import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mainFlow, untilReady } from '../runtime/main-flow.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home } from '../runtime/restic.ts';
import { count } from './counts.ts';

// Every admin route, asked by everybody and in every way. test/runtime/permissions.test.ts has two of these people on
// some routes, without a login; here are all routes, and people who log in.

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a route needs, as Node-RED names it. */
interface Route {
  readonly method: 'GET' | 'POST';
  /** As it is registered. */
  readonly path: string;
  /** As it is asked here. */
  readonly asked: string;
  readonly needs: readonly string[];
  readonly body?: Record<string, unknown>;
}

const DRAFT = ['lastgood.write', 'flows.write'];
const body = { id: 'repository', url: '/nowhere/at/all', password: 'draft', withSecrets: true };
const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/lastgood/plans/preview',
    asked: '/lastgood/plans/preview?cron=30+2+*+*+*',
    needs: ['lastgood.read'],
  },
  {
    method: 'GET',
    path: '/lastgood/plans/cadence',
    asked: '/lastgood/plans/cadence?scheduleKind=cron&cron=30+2+*+*+*',
    needs: ['lastgood.read'],
  },
  { method: 'GET', path: '/lastgood/host', asked: '/lastgood/host', needs: ['lastgood.read'] },
  {
    method: 'GET',
    path: '/lastgood/repositories/:id/environment',
    asked: '/lastgood/repositories/repository/environment',
    needs: ['lastgood.read'],
  },
  {
    method: 'POST',
    path: '/lastgood/plans/:id/:command',
    asked: '/lastgood/plans/plan/skip',
    needs: ['lastgood.write'],
  },
  ...[false, true].map(
    (act): Route => ({
      method: 'POST',
      path: '/lastgood/checks/:id/look',
      asked: '/lastgood/checks/check/look',
      needs: ['lastgood.write'],
      body: { act },
    }),
  ),
  {
    method: 'GET',
    path: '/lastgood/gates/:id/learned',
    asked: '/lastgood/gates/gate/learned',
    needs: ['lastgood.read'],
  },
  {
    method: 'POST',
    path: '/lastgood/gates/:id/forget',
    asked: '/lastgood/gates/gate/forget',
    needs: ['lastgood.write'],
  },
  ...['test', 'inspect-place', 'create', 'recovery-sheet'].map((name): Route => {
    const path = `/lastgood/repositories/${name}`;
    return { method: 'POST', path, asked: path, needs: DRAFT, body };
  }),
];

/** People by what they may; nobody: not logged in. */
const PEOPLE: Readonly<Record<string, readonly string[]>> = {
  nobody: [],
  stranger: ['context.read'],
  reader: ['lastgood.read'],
  writer: ['lastgood.write'],
  flower: ['flows.write'],
  drafter: DRAFT,
  everyReader: ['read'],
  owner: ['*'],
};
/** For tests only. */
const LOGIN = 'a login only for tests';
/** bcrypt of it. */
const LOGIN_HASH = '$2b$04$N7LYsY417VxOShT1.vjYsuVoDnG1omYb/Lgqs5q7vuEg7xzTEC9fK';

const problems: string[] = [];
let requests = 0;
let home: Home;
let nodeRed: NodeRed;
const tokens = new Map<string, string>();

beforeAll(async () => {
  home = await Home.make();
  const users = Object.entries(PEOPLE)
    .filter(([name]) => name !== 'nobody')
    .map(([username, permissions]) => ({ username, password: LOGIN_HASH, permissions }));
  nodeRed = await NodeRed.start({ settings: { adminAuth: { type: 'credentials', users } } });
  for (const { username } of users) tokens.set(username, await login(username));
  await deployAsOwner();
});
afterAll(async () => {
  count(8, 'admin requests without the right to make them', requests, problems.length);
  await nodeRed[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

async function login(username: string): Promise<string> {
  const answer = await nodeRed.request<{ access_token: string }>('POST', 'auth/token', {
    client_id: 'node-red-editor',
    grant_type: 'password',
    scope: (PEOPLE[username] ?? []).join(' '),
    username,
    password: LOGIN,
  });
  return answer.access_token;
}

async function deployAsOwner(): Promise<void> {
  const headers = { Authorization: `Bearer ${tokens.get('owner')}`, 'Node-RED-API-Version': 'v2' };
  await nodeRed.request('POST', 'flows', { flows: mainFlow(home) }, headers);
  await untilReady(nodeRed);
}

/** One request; what it was answered. */
async function ask(
  route: Route,
  token: string | undefined,
  headers: Record<string, string> = { 'Content-Type': 'application/json' },
  text: string = JSON.stringify(route.body ?? {}),
): Promise<{ status: number; text: string }> {
  requests += 1;
  const response = await fetch(`${nodeRed.url}${route.asked}`, {
    method: route.method,
    headers: { ...headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
    ...(route.method === 'POST' ? { body: text } : {}),
  });
  return { status: response.status, text: await response.text() };
}

function expectStatus(what: string, found: number, allowed: readonly number[]): void {
  if (!allowed.includes(found)) problems.push(`${what}: ${found}`);
  expect(allowed, what).toContain(found);
}

function may(person: string, needs: readonly string[]): boolean {
  const has = PEOPLE[person] ?? [];
  const isReading = needs.every((need) => need.endsWith('.read'));
  return (
    has.includes('*') || (has.includes('read') && isReading) || needs.every((need) => has.includes(need))
  );
}

test('every route of ours is asked here', () => {
  const registered = globSync(join(root, 'src/**/*.ts')).flatMap((file) => {
    const source = readFileSync(file, 'utf8');
    const calls = [...source.matchAll(/\bhttp(?:Admin|Node)\s*\.\s*(\w+)\(\s*(?:'([^']*)')?/g)];
    return calls.map(([, method = '', path = '?']) => `${method.toUpperCase()} ${path}`);
  });
  const asked = new Set(ROUTES.map(({ method, path }) => `${method} ${path}`));
  expect(registered.toSorted()).toEqual([...asked].toSorted());
});

const names = Object.keys(PEOPLE);
test.each(ROUTES.flatMap((route) => names.map((person) => ({ person, route, path: route.path }))))(
  '$person at $path',
  async ({ person, route }) => {
    const { status, text } = await ask(route, tokens.get(person));
    if (may(person, route.needs)) expectStatus(`${person} at ${route.path}`, status, [200, 400]);
    else {
      expectStatus(`${person} at ${route.path}`, status, [401]);
      expect(text).not.toContain(home.folder);
    }
  },
);

test.each(ROUTES)('$method $path with a token that is none, or no more', async (route) => {
  const revoked = await login('owner');
  await nodeRed.request('POST', 'auth/revoke', { token: revoked }, { Authorization: `Bearer ${revoked}` });
  for (const token of [revoked, 'x', '__proto__', `${tokens.get('owner')}x`]) {
    const { status } = await ask(route, token);
    expectStatus(`a wrong token at ${route.path}`, status, [401]);
  }
});

const POSTS = ROUTES.filter(({ method }) => method === 'POST');

test.each(POSTS)('POST $path as a page of another origin could send it', async (route) => {
  const token = tokens.get('owner');
  const snapshots = await home.snapshots();
  const json = JSON.stringify(route.body ?? {});
  for (const [type, text] of [
    ['text/plain', json],
    ['text/plain; application/json', json],
    ['application/x-www-form-urlencoded', 'act=true&url=/nowhere&password=x'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="act"\r\n\r\ntrue\r\n--x--',
    ],
  ] as const) {
    const { status } = await ask(route, token, { 'Content-Type': type }, text);
    expectStatus(`${type} at ${route.path}`, status, [415]);
  }
  expect(await home.snapshots()).toEqual(snapshots);
});

test.each(POSTS)('GET does nothing of what POST $path does', async (route) => {
  const { status } = await ask({ ...route, method: 'GET' }, tokens.get('owner'));
  expectStatus(`GET ${route.path}`, status, [404]);
});

describe('hostile ids and commands', () => {
  const HOSTILE = [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '..%2f..%2fflows',
    '%2e%2e',
    '%00',
    '%0d%0aSet-Cookie:x=1',
    '%E2%80%AEnalp',
    '<script>',
    encodeURIComponent("' OR 1=1 --"),
    'x'.repeat(4096),
  ];

  test.each(HOSTILE)('%s', async (id) => {
    const token = tokens.get('owner');
    const at = (method: Route['method'], asked: string): Route => ({ method, path: asked, asked, needs: [] });
    for (const route of [
      at('POST', `/lastgood/plans/${id}/run`),
      at('POST', `/lastgood/plans/plan/${id}`),
      at('POST', `/lastgood/checks/${id}/look`),
      at('POST', `/lastgood/gates/${id}/forget`),
      at('GET', `/lastgood/gates/${id}/learned`),
    ]) {
      const { status, text } = await ask(route, token);
      expectStatus(route.path.slice(0, 60), status, [404]);
      expect(text.length).toBeLessThan(500);
    }
    const { status, text } = await ask(at('GET', `/lastgood/repositories/${id}/environment`), token);
    if (status === 200) expect(JSON.parse(text)).toEqual({ names: [] });
    else expectStatus(`environment of ${id.slice(0, 60)}`, status, [404]);
    const draft = { id: decodeURIComponent(id), url: '/nowhere', password: '__PWRD__', withSecrets: true };
    const sheet = await ask({ ...at('POST', '/lastgood/repositories/recovery-sheet'), body: draft }, token);
    expectStatus(`a sheet of ${id.slice(0, 60)}`, sheet.status, [200]);
    expect(sheet.text).not.toContain('native code');
  });

  test('bodies that are no object, too deep or too large', async () => {
    const token = tokens.get('owner');
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const headers = { 'Content-Type': 'application/json' };
    for (const route of POSTS) {
      for (const text of [
        'null',
        '[]',
        '"text"',
        '{',
        deep,
        `{"url":${deep}}`,
        `{"__proto__":{"act":true}}`,
      ]) {
        const { status } = await ask(route, token, headers, text);
        expectStatus(`${text.slice(0, 20)} at ${route.path}`, status, [200, 400]);
      }
      const { status } = await ask(route, token, headers, JSON.stringify({ url: 'x'.repeat(8_000_000) }));
      expectStatus(`8 MB at ${route.path}`, status, [413]);
    }
  });
});

test('after all this Node-RED is well and nothing was started', async () => {
  const { status } = await ask(
    ROUTES.find(({ path }) => path === '/lastgood/host') as Route,
    tokens.get('owner'),
  );
  expect(status).toBe(200);
  expect(await home.snapshots()).toEqual([]);
  expect(nodeRed.logs.filter(({ level, text }) => level === 'error' && text.includes('lastgood'))).toEqual(
    [],
  );
});
