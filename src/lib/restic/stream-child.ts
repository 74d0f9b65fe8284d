/**
 * The process that brings a stream: started by restic itself (0.17 and newer), or by us with a pipe to an older restic.
 * Writes the stream to stdout. Exit code 0 means that it was whole; before any other, a file is written that says why.
 * A module of its own, run by Node directly; imports nothing of ours but types.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { StreamJob, StreamReport } from './stream.ts';

/** A server that sends nothing for so long will not. The Supervisor first packs what it sends. */
const SILENCE_MS = 10 * 60_000;
const LONGEST_LINE = 200;
/** A backup that Home Assistant made longer ago is not today's. */
const STALE_HOURS = 24;

const job: StreamJob = JSON.parse(process.env['LASTGOOD_STREAM'] ?? '');
type Command = Extract<StreamJob, { kind: 'command' }>;
type Download = Extract<StreamJob, { kind: 'download' }>;

let running: ChildProcess | undefined;

/** Ends with the reason; restic then makes no snapshot. */
function fail(failureClass: StreamReport['class'], key: string, values: StreamReport['values'] = {}): never {
  const report: StreamReport = { class: failureClass, key, values };
  writeFileSync(job.report, JSON.stringify(report), { mode: 0o600, flag: 'wx' });
  process.exit(1);
}

/** Somebody else has already said why: restic is gone, or is being stopped. */
function leave(): void {
  running?.kill('SIGTERM');
  process.exit(1);
}

function print({ command: [program, ...words], environment, folder }: Command): void {
  // What it prints goes straight to restic.
  const child = spawn(program, words, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  running = child;
  let lines = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    lines = (lines + chunk).slice(-4096);
  });
  child.on('error', (error: NodeJS.ErrnoException) => {
    const isAbsent = error.code === 'ENOENT';
    fail(isAbsent ? 'source-missing' : 'config', isAbsent ? 'absent' : 'not-started', {
      program,
      code: error.code ?? '',
    });
  });
  child.on('close', (code, signal) => {
    if (code === 0) process.exit(0);
    // restic has gone, and with it whatever the program printed into.
    if (signal === 'SIGPIPE') process.exit(1);
    const said = lastLine(lines);
    const end = signal ?? String(code);
    fail('unknown', said === '' ? 'command' : 'command-said', { program, code: end, line: said });
  });
}

function lastLine(said: string): string {
  const lines = said.split(/[\r\n]+/).map((line) => line.replaceAll(/\p{Cc}/gu, ' ').trim());
  return Array.from(lines.findLast((line) => line !== '') ?? '')
    .slice(0, LONGEST_LINE)
    .join('');
}

async function download({ url, address, headers, isSupervisor }: Download): Promise<void> {
  let bytes = 0;
  try {
    const response = await ask(isSupervisor ? await withSlug(url, address, headers) : url, headers);
    answerIsGood(response, address);
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await pipeline(response, createWriteStream('', { fd: 1 }));
    if (!response.complete) fail('network', 'broken', { address, bytes });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EPIPE') leave();
    if (code === 'SILENT') fail('network', 'silent', { address });
    if (bytes > 0) fail('network', 'broken', { address, bytes });
    if (code === 'ERR_INVALID_CHAR' || code === 'ERR_INVALID_HTTP_TOKEN') fail('config', 'header');
    if (/CERT|SELF_SIGNED|ISSUER/.test(code)) fail('config', 'certificate', { address });
    fail('source-missing', 'unreachable', { address, code });
  }
  // An empty file is no backup of anything.
  if (bytes === 0) fail('unknown', 'empty', { address });
  process.exit(0);
}

/** A backup in the list of Home Assistant's Supervisor (developers.home-assistant.io, "Endpoints", backup). */
interface SupervisorBackup {
  readonly slug: string;
  readonly name: string;
  /** ISO 8601. */
  readonly date: string;
}

/**
 * The Supervisor makes up a slug for each backup, which nobody can know beforehand: in its place a name may stand, and
 * then the newest backup of that name is meant. Yesterday's would be an old one that is saved as if it were new.
 */
async function withSlug(url: string, address: string, headers: Download['headers']): Promise<string> {
  const target = new URL(url);
  const [, called] = /^\/backups\/([^/]+)\/download$/.exec(target.pathname) ?? [];
  if (called === undefined) return url;
  const name = decodeURIComponent(called);
  const response = await ask(new URL('/backups', url).href, headers);
  answerIsGood(response, address);
  const { data } = JSON.parse(await text(response)) as { data: { backups: readonly SupervisorBackup[] } };
  if (data.backups.some(({ slug }) => slug === name)) return url;
  const newest = data.backups
    .filter((backup) => backup.name === name)
    .toSorted((one, other) => Date.parse(other.date) - Date.parse(one.date))[0];
  if (newest === undefined) fail('source-missing', 'no-backup', { name });
  const hours = Math.floor((Date.now() - Date.parse(newest.date)) / 3_600_000);
  if (hours >= STALE_HOURS) fail('source-missing', 'old-backup', { name, hours });
  target.pathname = `/backups/${newest.slug}/download`;
  return target.href;
}

function ask(url: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getHttps : getHttp;
    // Compressed on the way, its length would prove nothing.
    const request = get(url, { headers: { ...headers, 'accept-encoding': 'identity' } }, resolve);
    request.on('error', reject);
    request.setTimeout(SILENCE_MS, () => {
      request.destroy(Object.assign(new Error('silent'), { code: 'SILENT' }));
    });
  });
}

/** An answer that is no 200, or whose end could not be told from a broken line, is not begun with. */
function answerIsGood(response: IncomingMessage, address: string): void {
  const { statusCode: status = 0, headers } = response;
  if (status === 401 || status === 403) fail('config', 'denied', { address, status });
  if (status >= 300 && status < 400) fail('config', 'moved', { address, status });
  if (status !== 200) fail('source-missing', 'status', { address, status });
  const isChunked = headers['transfer-encoding']?.includes('chunked') === true;
  if (!isChunked && headers['content-length'] === undefined) fail('config', 'endless', { address });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
}

process.on('SIGINT', leave);
process.on('SIGTERM', leave);
if (job.kind === 'command') print(job);
else void download(job);
