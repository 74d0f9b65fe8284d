import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckResult, CheckSpec } from '../../src/lib/checks/check.ts';
import { checkReloadMount } from '../../src/lib/checks/reload-mount.ts';
import { runChecks } from '../../src/lib/checks/run-checks.ts';
import type { Look, Verdict } from '../../src/lib/checks/verdict.ts';
import { checkWake } from '../../src/lib/checks/wake.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Disk } from './drive-fixtures.ts';
import { memoryDisk } from './drive-fixtures.ts';
import { says } from './verdict-fixtures.ts';

const LOOK: Look = { language: 'en-US', timeoutMs: 10_000 };
let folder = '';
const servers: Server[] = [];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'network-')));
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A web server; returns `127.0.0.1:<port>`. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function check(spec: CheckSpec, signal?: AbortSignal): Promise<CheckResult> {
  const { results } = await runChecks([spec], {
    language: 'en-US',
    clock: systemClock,
    sources: [],
    mayAct: true,
    ...(signal === undefined ? {} : { signal }),
  });
  const [result] = results;
  if (result === undefined) throw new Error('a check must have a result');
  return result;
}

/** A port where nothing listens, as far as that can be known. */
async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

describe('a web address', () => {
  test.each([
    [200, undefined, 'yes'],
    [204, '', 'yes'],
    [302, undefined, 'no'],
    [302, '200-399', 'yes'],
    [401, '200, 401', 'yes'],
    [404, '404', 'yes'],
    [500, '200-399', 'no'],
    [200, 'fine', 'unknown'],
  ])('status %i where %j is asked for: %s', async (found, status, answer) => {
    const paths: string[] = [];
    const host = await serve((request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(found, { location: '/elsewhere' }).end();
    });
    const spec = { kind: 'http', url: `http://${host}/health`, ...(status === undefined ? {} : { status }) };
    expect(await check(spec as CheckSpec)).toMatchObject({ answer, subject: `http://${host}/health` });
    // A redirect is an answer, not an errand.
    expect(paths).toEqual(answer === 'unknown' ? [] : ['/health']);
  });

  test('user and password reach the server and nobody else', async () => {
    let login = '';
    const host = await serve(({ headers }, response) => {
      login = Buffer.from((headers.authorization ?? '').replace('Basic ', ''), 'base64').toString();
      response.writeHead(401).end();
    });
    const found = await check({ kind: 'http', url: `http://me:hu%40sh@${host}/x?token=hush` });
    expect(login).toBe('me:hu@sh');
    expect(found).toMatchObject(says('no', 'asks for a login (status 401)'));
    expect(JSON.stringify(found)).not.toMatch(/hu%40sh|hu@sh|token|hush/);
  });

  test('an endless page is not read, and a silent server is given up', async () => {
    let closed: Promise<unknown> = Promise.reject(new Error('nobody came'));
    closed.catch(() => {});
    const host = await serve((request, response) => {
      if (request.url === '/silent') return;
      closed = once(response, 'close');
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect(await check({ kind: 'http', url: `http://${host}/endless` })).toMatchObject({ answer: 'yes' });
    await closed;
    const silent = await check({ kind: 'http', url: `http://${host}/silent`, timeout: '0.3s' });
    expect(silent).toMatchObject(says('no', 'did not answer within 0.3 s'));
  });

  test('nobody there, and no address at all', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`;
    expect(await check({ kind: 'http', url })).toMatchObject(says('no', 'no web server answers'));
    expect(await check({ kind: 'http', url: 'http://nas.invalid/' })).toMatchObject(
      says('no', 'The name nas.invalid could not be found'),
    );
    for (const bad of ['', 'nas.local', 'file:///etc/passwd'])
      expect(await check({ kind: 'http', url: bad })).toMatchObject(says('unknown', 'must begin with http'));
  });
});

/** A machine that boots when its packet comes: then its port answers. */
async function sleeper(
  mac: string,
): Promise<{ udp: number; port: number; packets: () => number; off: () => void }> {
  const port = await freePort();
  const boots = createTcpServer((socket) => socket.destroy());
  const card = createSocket('udp4');
  let packets = 0;
  const wanted = Buffer.from('ff'.repeat(6) + mac.replaceAll(/\W/g, '').repeat(16), 'hex');
  card.on('message', (packet) => {
    if (packet.equals(wanted) && ++packets === 1) boots.listen(port, '127.0.0.1');
  });
  card.bind(0, '127.0.0.1');
  await once(card, 'listening');
  return {
    udp: card.address().port,
    port,
    packets: () => packets,
    off: () => {
      card.close();
      boots.close();
    },
  };
}

describe('waking a machine', () => {
  const mac = '00:11:32:aa:bb:cc';
  const at = { mac, broadcast: '127.0.0.1', host: '127.0.0.1' };

  test('it sleeps, is woken and answers; then it is left alone', async () => {
    const { udp, port, packets, off } = await sleeper(mac);
    try {
      expect(await checkWake({ ...at, port }, false, LOOK, udp)).toEqual(
        says('no', 'A backup would wake it'),
      );
      expect(packets()).toBe(0);
      expect(await checkWake({ ...at, port, mac: '001132AABBCC' }, true, LOOK, udp)).toEqual(
        says('yes', '127.0.0.1 was woken'),
      );
      await expect.poll(packets).toBe(3);
      expect(await checkWake({ ...at, port }, true, LOOK, udp)).toEqual(says('yes', 'answers on port'));
      expect(packets()).toBe(3);
    } finally {
      off();
    }
  });

  test('it may take longer than the time limit of a look, and no longer than it is allowed', async () => {
    const { udp, port, off } = await sleeper('00:00:00:00:00:01');
    const late = setTimeout(() => servers.push(createServer().listen(port, '127.0.0.1')), 1000);
    try {
      const spec = { ...at, port };
      const short = { ...LOOK, timeoutMs: 200 };
      expect(await checkWake({ ...spec, upTo: '1m' }, true, short, udp)).toEqual(says('yes', 'was woken'));
      const never = await checkWake({ ...spec, port: await freePort(), upTo: '0.5s' }, true, short, udp);
      expect(never).toEqual(says('no', 'did not answer on port'));
    } finally {
      clearTimeout(late);
      off();
    }
  });

  test('cancelled: it waits no longer', async () => {
    const cancel = new AbortController();
    const port = await freePort();
    const waking = check({ kind: 'wake', ...at, port, upTo: '1h' }, cancel.signal);
    cancel.abort();
    expect(await waking).toMatchObject(says('unknown', 'cancelled'));
    const spec = { ...at, port, upTo: '1h' };
    const waits = checkWake(spec, true, { ...LOOK, signal: AbortSignal.timeout(500) }, await freePort());
    expect((await waits).answer).toBe('no');
  });

  test('what is no address wakes nobody', async () => {
    for (const bad of ['', '00:11:32:aa:bb', '00:11:32:aa:bb:cg', 'nas'])
      expect(await checkWake({ ...at, mac: bad, port: 1 }, true, LOOK)).toEqual(says('unknown', `“${bad}”`));
    expect(await checkWake({ ...at, port: 1, upTo: 'soon' }, true, LOOK)).toEqual(says('unknown', '“soon”'));
    expect(await checkWake({ ...at, broadcast: 'nas.invalid', port: 1 }, true, LOOK)).toEqual(
      says('unknown', 'could not be sent'),
    );
  });
});

/** Home Assistant's Supervisor as far as network storage goes; the real one cannot be had in a test. */
class ScriptedSupervisor {
  readonly requests: string[] = [];
  mounts: object[] = [];
  onReload: () => { result: string; message?: string } = () => ({ result: 'ok' });
  url = '';

  async start(): Promise<this> {
    this.url = `http://${await serve((request, response) => {
      const { status, body } = this.#answer(request);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })}`;
    return this;
  }

  #answer({ method, url, headers }: IncomingMessage): { status: number; body: object } {
    this.requests.push(`${method} ${url}`);
    if (headers.authorization !== 'Bearer s3cret') return { status: 401, body: {} };
    if (method === 'GET') return { status: 200, body: { result: 'ok', data: { mounts: this.mounts } } };
    const body = this.onReload();
    return { status: body.result === 'ok' ? 200 : 400, body };
  }

  check(name: string, options: { mayAct?: boolean; upTo?: string; token?: string } = {}): Promise<Verdict> {
    const { mayAct = true, upTo = '30s', token = 's3cret' } = options;
    return checkReloadMount({ name, upTo }, mayAct, LOOK, { url: this.url, token });
  }
}

describe('network storage of Home Assistant', () => {
  test('is mounted again and waited for, until its folder really is a mount', async (context) => {
    const supervisor = await new ScriptedSupervisor().start();
    const path = join(folder, 'drive');
    let disk: Disk | undefined;
    const storage = (state: string): object => ({ name: 'NAS', state, user_path: path });
    supervisor.mounts = [storage('failed')];
    supervisor.onReload = () => {
      disk = memoryDisk(folder, context);
      supervisor.mounts = [storage('active')];
      return { result: 'ok' };
    };
    try {
      expect(await supervisor.check('NAS', { mayAct: false })).toEqual(says('no', 'this look does not'));
      expect(supervisor.requests).toEqual(['GET /mounts']);
      expect(await supervisor.check('NAS')).toEqual(says('yes', 'has mounted the network storage NAS again'));
      expect(supervisor.requests.slice(1)).toEqual(['GET /mounts', 'POST /mounts/NAS/reload', 'GET /mounts']);
      expect(await supervisor.check('NAS')).toEqual(says('yes', 'NAS is mounted'));
      expect(supervisor.requests.slice(4)).toEqual(['GET /mounts']);
    } finally {
      disk?.remove();
    }
  });

  test('"active" with nothing mounted, and a server that stays away', async () => {
    const supervisor = await new ScriptedSupervisor().start();
    mkdirSync(join(folder, 'share'));
    supervisor.mounts = [{ name: 'NAS', state: 'active', user_path: join(folder, 'share') }];
    expect(await supervisor.check('NAS', { upTo: '1s' })).toEqual(says('no', 'Nothing is mounted at'));
    supervisor.mounts = [{ name: 'NAS', state: 'failed', user_path: join(folder, 'share') }];
    supervisor.onReload = () => ({ result: 'error', message: 'Host is down' });
    const down = await supervisor.check('NAS', { upTo: '1s' });
    expect(down).toEqual(says('no', 'could not mount the network storage NAS again: Host is down'));
  });

  test('a name that there is not, a token that is not accepted, and no Home Assistant', async () => {
    const supervisor = await new ScriptedSupervisor().start();
    expect(await supervisor.check('NAS')).toEqual(says('no', 'Add it under Settings'));
    supervisor.mounts = [{ name: 'Media', state: 'active' }];
    expect(await supervisor.check('NAS')).toEqual(says('no', 'it has: Media'));
    expect(await supervisor.check('Media')).toEqual(says('yes', 'is mounted'));
    const denied = await supervisor.check('NAS', { token: 'wr0ng' });
    expect(denied).toEqual(says('unknown', 'does not let this app'));
    expect(denied.reason).not.toContain('wr0ng');
    expect(await supervisor.check('NAS', { token: '' })).toEqual(
      says('unknown', 'only inside Home Assistant'),
    );
    const nobody = { url: `http://127.0.0.1:${await freePort()}`, token: 's3cret' };
    expect(await checkReloadMount({ name: 'NAS' }, true, LOOK, nobody)).toEqual(
      says('unknown', 'did not answer'),
    );
    expect(supervisor.requests.filter((line) => line.startsWith('POST'))).toEqual([]);
  });
});
