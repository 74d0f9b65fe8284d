import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type HubRequest, type HubResponse, sendToHub } from '../../src/hub-request.ts';

const started: Server[] = [];
afterEach(() => {
  for (const server of started.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** Serves, and gives a request to it. */
async function serve(server: Server, scheme = 'http'): Promise<HubRequest> {
  started.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = new URL(`${scheme}://localhost:${(server.address() as AddressInfo).port}/`);
  return { url, method: 'GET', headers: { 'Lastgood-Token': 'x' }, signal: new AbortController().signal };
}

const serveHttp = (listener: RequestListener): Promise<HubRequest> => serve(createServer(listener));

async function textOf(response: HubResponse): Promise<string> {
  let text = '';
  for await (const piece of response.body) text += piece;
  return text;
}

describe('a request', () => {
  test('gives status, body and what the server says of coming again', async () => {
    const request = await serveHttp((incoming, response) => {
      response
        .writeHead(503, { 'Retry-After': '7' })
        .end(`${incoming.method} ${String(incoming.headers['lastgood-token'])} 照片`);
    });
    const response = await sendToHub(request);
    expect(response).toMatchObject({ status: 503, retryAfter: 7 });
    expect(await textOf(response)).toBe('GET x 照片');
  });

  test('does not follow a redirect with its token', async () => {
    let strangers = 0;
    const stranger = await serveHttp((_incoming, response) => {
      strangers += 1;
      response.end();
    });
    const request = await serveHttp((_incoming, response) => {
      response.writeHead(302, { Location: stranger.url.href }).end();
    });
    expect(await sendToHub(request)).toMatchObject({ status: 302, retryAfter: null });
    expect(strangers).toBe(0);
  });

  test('rejects when nothing listens', async () => {
    const request = await serveHttp(() => undefined);
    started[0]?.close();
    await expect(sendToHub(request)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('ends its body with an error when the connection breaks', async () => {
    const request = await serveHttp((_incoming, response) => {
      response.write('half');
      setImmediate(() => response.destroy());
    });
    await expect(textOf(await sendToHub(request))).rejects.toThrow('aborted');
  });

  test('whose body nobody reads may break without harm', async () => {
    const request = await serveHttp((_incoming, response) => {
      response.write('half');
    });
    const abort = new AbortController();
    const response = await sendToHub({ ...request, signal: abort.signal });
    expect(response.status).toBe(200);
    abort.abort();
    started[0]?.closeAllConnections();
    // Vitest fails the run for an error that nobody handles.
    await new Promise((resolve) => setImmediate(resolve));
  });

  test('can be aborted before and while it is answered', async () => {
    const abort = new AbortController();
    const request = await serveHttp((_incoming, response) => response.write('half'));
    const response = await sendToHub({ ...request, signal: abort.signal });
    const reading = textOf(response);
    abort.abort();
    await expect(reading).rejects.toThrow();
    await expect(sendToHub({ ...request, signal: abort.signal })).rejects.toThrow();
  });
});

const hasOpenssl = ((): boolean => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('a request over https', () => {
  test("trusts a house's own certificate only when its file is given", async ({ skip }) => {
    if (!hasOpenssl) skip('openssl is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'lastgood-certificate-'));
    try {
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
      execFileSync(
        'openssl',
        [
          'req',
          '-x509',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:prime256v1',
          '-nodes',
          '-keyout',
          key,
          '-out',
          cert,
          ...subject,
        ],
        { stdio: 'ignore' },
      );
      const options = { key: readFileSync(key), cert: readFileSync(cert) };
      const request = await serve(
        createSecureServer(options, (_incoming, response) => {
          response.end('hello');
        }),
        'https',
      );
      await expect(sendToHub(request)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      expect(await textOf(await sendToHub({ ...request, ca: options.cert.toString() }))).toBe('hello');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
