import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runBackup } from '../../src/lib/restic/backup.ts';
import type { BackupRequest } from '../../src/lib/restic/backup-request.ts';
import type { BackupOutcome } from '../../src/lib/restic/outcome.ts';
import type { ResticRepository } from '../../src/lib/restic/repository.ts';
import { newestGoodSnapshot } from '../../src/lib/restic/snapshots.ts';
import type { StreamJob, StreamSource } from '../../src/lib/restic/stream.ts';
import { streamJob } from '../../src/lib/restic/stream.ts';
import { backupOf, Home, RESTICS } from './restic-fixtures.ts';

interface SnapshotJson {
  id: string;
  tags: string[];
  paths: string[];
}

/** A secret that must be nowhere to be seen. */
const TOKEN = 'a-token-that-nobody-sees';
const MEGABYTE = 2 ** 20;

/** A plan that saves a stream. */
function streamOf(stream: StreamSource, change: Partial<BackupRequest> = {}): BackupRequest {
  return backupOf([`/${stream.name}`], { stream, ...change });
}

function command(...words: [string, ...string[]]): StreamSource {
  return { kind: 'command', name: 'dump.sql', command: words };
}

function failureOf(outcome: BackupOutcome): { class: string; reason: string } {
  if (outcome.kind !== 'failed') throw new Error(`not failed: ${JSON.stringify(outcome)}`);
  return outcome.failure;
}

// Each restic that opens a repository takes half a second, more on a busy machine.
describe.each(RESTICS)('a stream with $name', { timeout: 120_000 }, (restic) => {
  const home = new Home(restic);
  const url = home.path('repo');
  let repository: ResticRepository;
  const stored = (): SnapshotJson[] => JSON.parse(home.run(url, 'snapshots', '--json', '--no-lock'));
  const good = (): SnapshotJson[] => stored().filter(({ tags }) => !tags.includes('incomplete'));

  /** What a plan that saves this leaves behind: its outcome, and no good snapshot more than before. */
  async function broken(stream: StreamSource): Promise<{ class: string; reason: string }> {
    const before = good().length;
    const { outcome } = await runBackup(repository, streamOf(stream));
    expect(good()).toHaveLength(before);
    expect(home.run(url, 'list', 'locks', '--no-lock').trim()).toBe('');
    return failureOf(outcome);
  }

  /** A server that answers so, and what it was asked. */
  async function serving<T>(
    answer: RequestListener,
    use: (address: string) => Promise<T>,
  ): Promise<{ result: T; headers: Record<string, unknown>[] }> {
    const headers: Record<string, unknown>[] = [];
    const server = createServer((request, response) => {
      headers.push(request.headers);
      answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      return { result: await use(`http://127.0.0.1:${port}/backup?key=${TOKEN}`), headers };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const download = (address: string, headers = ''): StreamSource => ({
    kind: 'download',
    name: 'home-assistant.tar',
    url: address,
    headers,
  });

  beforeAll(async () => {
    repository = await home.created(url);
  });
  afterAll(() => home.remove());

  test('saves what a command prints as one file, in a snapshot like any other', async () => {
    const { outcome } = await runBackup(
      repository,
      streamOf(command('sh', '-c', 'printf %s "$1"; echo all is well >&2', 'sh', 'what was saved'), {
        runId: 'printed',
        tags: ['mine'],
      }),
    );
    if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
    const only = stored().find(({ tags }) => tags.includes('run:printed'));
    expect(outcome.snapshot).toMatchObject({ id: only?.id, paths: ['/dump.sql'], tags: only?.tags });
    expect(only?.tags.toSorted()).toEqual(['created-by:lastgood', 'mine', 'plan:docs', 'run:printed']);
    expect(outcome.figures).toMatchObject({ filesTotal: 1, bytesTotal: 14 });
    expect(home.run(url, 'dump', outcome.snapshot.id, '/dump.sql')).toBe('what was saved');
    const testimony = await newestGoodSnapshot(repository, { planKey: 'docs', host: 'house' });
    expect(testimony).toMatchObject({ ok: true, value: { newest: { id: only?.id } } });
  });

  test('keeps no snapshot when the command fails after it has printed, and says what it said', async () => {
    const code = `head -c ${3 * MEGABYTE} /dev/urandom; echo "dump: no space left on device" >&2; exit 3`;
    expect(await broken(command('sh', '-c', code))).toMatchObject({
      class: 'unknown',
      reason: expect.stringContaining('sh ended with 3: dump: no space left on device.'),
    });
  });

  test('keeps no snapshot when the command is killed in the middle', async () => {
    const { reason } = await broken(command('sh', '-c', `head -c ${MEGABYTE} /dev/urandom; kill -9 $$`));
    expect(reason).toContain('sh ended with SIGKILL');
  });

  test('waits when the command is not there', async () => {
    expect(await broken(command('/nowhere/dump'))).toEqual({
      class: 'source-missing',
      reason: "The command /nowhere/dump is not there. Check the plan's command; nothing was saved.",
    });
  });

  test('gives the command none of the secrets of restic, of Home Assistant or of Node-RED', async () => {
    process.env['SUPERVISOR_TOKEN'] = TOKEN;
    try {
      const { outcome } = await runBackup(repository, streamOf(command('env'), { runId: 'environment' }));
      if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
      const environment = home.run(url, 'dump', outcome.snapshot.id, '/dump.sql');
      expect(environment).toMatch(/^PATH=/m);
      expect(environment).not.toMatch(/RESTIC_PASSWORD|RESTIC_REPOSITORY|LASTGOOD_STREAM|SUPERVISOR_TOKEN/);
    } finally {
      delete process.env['SUPERVISOR_TOKEN'];
    }
  });

  test('is not good when there was nothing to save, and says so', async () => {
    const before = good().length;
    const { outcome } = await runBackup(repository, streamOf(command('true'), { unreadableAccepted: true }));
    // restic 0.17 and newer make an empty snapshot.
    expect(['failed', 'partial']).toContain(outcome.kind);
    expect(JSON.stringify(outcome)).toMatch(/What was to be saved is empty|snapshot is empty/);
    expect(good()).toHaveLength(before);
  });

  test('is not good when it shrank suddenly', async () => {
    const { outcome } = await runBackup(
      repository,
      streamOf(command('echo', 'hardly anything'), { previous: { files: 1, bytes: 5000 } }),
    );
    expect(outcome).toMatchObject({ kind: 'partial', reason: expect.stringContaining('more than 50 %') });
    if (outcome.kind !== 'partial') return;
    // It can be accepted: nothing marks it as half of something.
    expect(outcome.snapshot.tags).not.toContain('unfinished');
  });

  test('saves a download, and the secrets of its request are in no command line and no snapshot', async () => {
    process.env['TEST_TOKEN'] = TOKEN;
    const seen = home.path('command-lines');
    const watched = home.around(repository, `ps -ww -eo args >> '${seen}'; exec "$RESTIC" "$@"`);
    const content = Buffer.alloc(3 * MEGABYTE, 'some bytes');
    try {
      const { result, headers } = await serving(
        (_request, response) => {
          response.writeHead(200, { 'content-length': content.length });
          response.end(content);
        },
        async (address) => {
          const source = download(address, `Authorization: Bearer \${TEST_TOKEN}\nX-Other: plain`);
          return (await runBackup(watched, streamOf(source, { runId: 'downloaded' }))).outcome;
        },
      );
      if (result.kind !== 'succeeded') throw new Error(JSON.stringify(result));
      expect(headers).toMatchObject([{ authorization: `Bearer ${TOKEN}`, 'x-other': 'plain' }]);
      expect(result.figures.bytesTotal).toBe(content.length);
      expect(JSON.stringify([result, stored()])).not.toContain(TOKEN);
      expect(readFileSync(seen, 'utf8')).not.toContain(TOKEN);
    } finally {
      delete process.env['TEST_TOKEN'];
    }
  });

  test('keeps no snapshot when the server cuts a download in the middle', async () => {
    const { result } = await serving(
      (_request, response) => {
        response.writeHead(200, { 'content-length': 3 * MEGABYTE });
        response.write(Buffer.alloc(MEGABYTE, 'half'), () => response.destroy());
      },
      async (address) => await broken(download(address)),
    );
    expect(result).toMatchObject({ class: 'network', reason: expect.stringContaining('broke off after 1') });
    expect(result.reason).not.toContain(TOKEN);
  });

  test('keeps no snapshot when a chunked download has no end', async () => {
    const { result } = await serving(
      (_request, response) => {
        response.write(Buffer.alloc(MEGABYTE, 'half'), () => response.socket?.end());
      },
      async (address) => await broken(download(address)),
    );
    expect(result.class).toBe('network');
  });

  test.each([
    ['waits when the answer is an error', 500, {}, 'source-missing', 'answered 500'],
    ['gives up when access is refused', 401, {}, 'config', 'refuses access (401)'],
    [
      'gives up when the file is elsewhere',
      302,
      { location: '/other' },
      'config',
      'answers with another address',
    ],
    [
      'gives up when nobody could tell a broken answer',
      200,
      { connection: 'close' },
      'config',
      'does not say how long',
    ],
  ])('%s', async (_what, status, headers, failureClass, words) => {
    const { result } = await serving(
      (_request, response) => {
        response.useChunkedEncodingByDefault = false;
        response.writeHead(status, headers);
        response.end('a page of words');
      },
      async (address) => await broken(download(address)),
    );
    expect(result).toMatchObject({ class: failureClass, reason: expect.stringContaining(words) });
    expect(result.reason).not.toContain(TOKEN);
  });

  test('waits when nobody answers', async () => {
    const { result: address } = await serving(
      (_request, response) => response.end(),
      async (unanswered) => unanswered,
    );
    expect(await broken(download(address))).toMatchObject({
      class: 'source-missing',
      reason: expect.stringContaining('cannot be reached (ECONNREFUSED)'),
    });
  });

  test('can be cancelled while the source is silent', async () => {
    const abort = new AbortController();
    const before = good().length;
    const { outcome } = await runBackup(
      repository,
      streamOf(command('sh', '-c', 'echo begun; sleep 600')),
      { onStarted: () => abort.abort('cancel') },
      abort.signal,
    );
    expect(outcome.kind).toBe('cancelled');
    expect(good()).toHaveLength(before);
  });
});

describe('a request for a download', () => {
  const source = (url: string, headers = ''): StreamSource => ({ kind: 'download', name: 'x', url, headers });

  test('brings the token of the app along for the Supervisor, and for nobody else', () => {
    const env = { SUPERVISOR_TOKEN: TOKEN };
    expect(streamJob(source('http://supervisor/backups/abc/download'), env, 'report')).toMatchObject({
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    for (const url of ['http://supervisor.example.org/', 'http://supervisor:81/', 'https://other/'])
      expect(JSON.stringify(streamJob(source(url), env, 'report'))).not.toContain(TOKEN);
  });

  test('takes user and password out of the address', () => {
    expect(streamJob(source('https://me:secret@host/a'), {}, 'report')).toMatchObject({
      url: 'https://host/a',
      address: 'https://host/a',
      headers: { authorization: `Basic ${Buffer.from('me:secret').toString('base64')}` },
    });
  });

  test.each([
    ['a variable that is not there', 'X: ${NOWHERE}', 'variable'],
    ['a line that is no header', TOKEN, 'header'],
  ])('says that the headers have %s, and shows nothing of them', (_what, headers, key) => {
    const report = streamJob(source('http://host/', headers), {}, 'report');
    expect(report).toMatchObject({ class: 'config', key });
    expect(JSON.stringify(report)).not.toContain(TOKEN);
  });
});

describe('a backup of Home Assistant', () => {
  const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();

  /** What the process of a stream brings from a Supervisor with these backups: text, and why not. */
  async function brought(
    called: string,
    backups: readonly { slug: string; name: string; date: string }[],
  ): Promise<{ text: string; report: unknown }> {
    const server = createServer((request, response) => {
      const isList = request.url === '/backups';
      const body = isList ? JSON.stringify({ result: 'ok', data: { backups } }) : `content of ${request.url}`;
      response.writeHead(200, { 'content-length': body.length }).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const folder = mkdtempSync(join(tmpdir(), 'stream-'));
    const report = join(folder, 'report');
    const url = `http://127.0.0.1:${port}/backups/${called}/download`;
    const job: StreamJob = { kind: 'download', report, url, address: url, headers: {}, isSupervisor: true };
    const script = fileURLToPath(new URL('../../src/lib/restic/stream-child.ts', import.meta.url));
    const child = spawn(process.execPath, [script], {
      env: { LASTGOOD_STREAM: JSON.stringify(job) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const printed = await text(child.stdout);
      return {
        text: printed,
        report: existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined,
      };
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  }

  const backups = [
    { slug: 'aaaa0001', name: 'lastgood', date: hoursAgo(30) },
    { slug: 'aaaa0002', name: 'lastgood', date: hoursAgo(2) },
    { slug: 'aaaa0003', name: 'another', date: hoursAgo(1) },
    { slug: 'aaaa0004', name: 'old one', date: hoursAgo(49.5) },
  ];

  test('is the newest of a name, or the one with a slug', async () => {
    expect(await brought('lastgood', backups)).toEqual({
      text: 'content of /backups/aaaa0002/download',
      report: undefined,
    });
    expect((await brought('aaaa0001', backups)).text).toBe('content of /backups/aaaa0001/download');
  });

  test('is waited for while there is none, or only one of another day', async () => {
    expect(await brought('missing', backups)).toEqual({
      text: '',
      report: { class: 'source-missing', key: 'no-backup', values: { name: 'missing' } },
    });
    expect(await brought('old%20one', backups)).toEqual({
      text: '',
      report: { class: 'source-missing', key: 'old-backup', values: { name: 'old one', hours: 49 } },
    });
  });
});
