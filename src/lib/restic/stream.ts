import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FailureClass } from '../failure.ts';
import { httpTarget, shownAddress } from '../http-address.ts';
import type { TextValues } from '../problem.ts';
import { formatSize } from '../size.ts';
import { commandEnvironment } from '../user-command.ts';
import type { Failure } from './outcome.ts';
import { atLeast } from './process/binary.ts';
import type { FeedSpec } from './process/feed.ts';
import type { ResticRepository } from './repository.ts';
import { INCOMPLETE_TAG, UNFINISHED_TAG } from './snapshots.ts';

/** What a plan saves instead of folders: what a program prints or a server sends, as one file of the snapshot. */
export type StreamSource = {
  /** Name of that file; without slashes. */
  readonly name: string;
} & (
  | { readonly kind: 'command'; readonly command: readonly [program: string, ...words: string[]] }
  | {
      readonly kind: 'download';
      readonly url: string;
      /** `Name: value`, one a line; `${NAME}` in a value stands for a variable of our environment. A secret. */
      readonly headers: string;
    }
);

/**
 * What the process of `stream-child.ts` is to bring, as JSON in its environment. `report`: the file that it writes when
 * it cannot, because restic may lose what a program says at its end.
 */
export type StreamJob = { readonly report: string } & (
  | {
      readonly kind: 'command';
      readonly command: readonly [program: string, ...words: string[]];
      readonly environment: Readonly<Record<string, string>>;
      readonly folder: string;
    }
  | {
      readonly kind: 'download';
      readonly url: string;
      /** The address without what may be secret in it. */
      readonly address: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Home Assistant's Supervisor is asked: its backups have names as well. */
      readonly isSupervisor: boolean;
    }
);

/** Why the process of `stream-child.ts` could not bring all of it; a text of `restic:stream` with its values. */
export interface StreamReport {
  readonly class: FailureClass;
  readonly key: string;
  readonly values: TextValues;
}

/** Variable that holds the job; never a command line, because a job has secrets in it. */
export const JOB_VARIABLE = 'LASTGOOD_STREAM';

/** How restic gets a stream. */
export interface StreamWay {
  /** In place of paths: options of `restic backup`, the last of them. */
  readonly arguments: readonly string[];
  /** Variables beside restic's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Set when restic cannot start the program itself. */
  readonly feed?: FeedSpec;
  readonly report: string;
  /** Tags that have to be taken away again when the stream has proven whole. */
  readonly marks: readonly string[];
}

/**
 * Can this restic start the program itself? Then its exit code decides whether there is a snapshot, and the death of
 * Node-RED is no end of the stream. `restic backup --stdin-from-command`, 0.17.
 */
export function startsPrograms(version: string): boolean {
  return atLeast(version, '0.17.0');
}

/** How a restic of this version gets a stream; or what is wrong with the stream's settings. */
export function streamWay(
  repository: ResticRepository,
  source: StreamSource,
  version: string,
): StreamWay | { readonly failure: Failure } {
  const report = join(tmpdir(), `lastgood-stream-${randomUUID()}`);
  const job = streamJob(source, repository.host.env, report);
  if ('key' in job) return { failure: streamFailure(repository, job) };
  // `.ts` when our sources are run directly (tests), `.js` when built.
  const script = fileURLToPath(new URL(`./stream-child${extname(import.meta.url)}`, import.meta.url));
  const program = [process.execPath, script] as const;
  const environment = { [JOB_VARIABLE]: JSON.stringify(job) };
  const named = ['--stdin-filename', source.name];
  if (startsPrograms(version)) {
    return {
      arguments: [...named, '--stdin-from-command', '--', ...program],
      environment,
      report,
      marks: [],
    };
  }
  // An end of the stream is all that this restic sees, also when it is our own end.
  const marks = [INCOMPLETE_TAG, UNFINISHED_TAG];
  const { env } = repository.host;
  const feed = { command: program, environment: { PATH: env['PATH'] ?? '', ...environment } };
  return { arguments: [...named, '--stdin'], environment: {}, feed, report, marks };
}

/** Why the stream ended before its time, as the program that brought it wrote; undefined when it did not. */
export async function streamTrouble(
  repository: ResticRepository,
  { report: file }: StreamWay,
): Promise<Failure | undefined> {
  try {
    const report: StreamReport = JSON.parse(await readFile(file, 'utf8'));
    return streamFailure(repository, report);
  } catch {
    // None, or one that was cut off with the process.
    return undefined;
  } finally {
    await rm(file, { force: true }).catch(() => {});
  }
}

function streamFailure(repository: ResticRepository, { class: kind, key, values }: StreamReport): Failure {
  const size = formatSize(Number(values['bytes'] ?? 0));
  return { class: kind, reason: repository.redact(repository.text(`stream.${key}`, { ...values, size })) };
}

/** Exported for tests. */
export function streamJob(
  source: StreamSource,
  env: Readonly<Record<string, string | undefined>>,
  report: string,
): StreamJob | StreamReport {
  if (source.kind === 'command') {
    const { command } = source;
    return { kind: 'command', report, command, environment: commandEnvironment(env), folder: process.cwd() };
  }
  const target = httpTarget(source.url);
  if (target === undefined) return { class: 'config', key: 'address', values: {} };
  const headers: Record<string, string> = { ...target.headers };
  for (const line of source.headers.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const [, name, value] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    // Not even a part of the line is shown: it may be the secret itself.
    if (name === undefined || value === undefined) return { class: 'config', key: 'header', values: {} };
    let missing: string | undefined;
    headers[name.toLowerCase()] = value.replaceAll(/\$\{(\w+)\}/g, (_all, variable: string) => {
      missing ??= env[variable] === undefined ? variable : undefined;
      return env[variable] ?? '';
    });
    if (missing !== undefined) return { class: 'config', key: 'variable', values: { name: missing } };
  }
  const token = env['SUPERVISOR_TOKEN'] ?? '';
  const isSupervisor = target.url.origin === 'http://supervisor';
  // The Supervisor takes nobody without it, and nobody else is called so.
  if (isSupervisor && token !== '') headers['authorization'] ??= `Bearer ${token}`;
  const address = shownAddress(source.url);
  return { kind: 'download', report, url: target.url.href, address, headers, isSupervisor };
}
