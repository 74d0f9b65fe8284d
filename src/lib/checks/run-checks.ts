import type { Clock } from '../clock.ts';
import { parseDuration } from '../duration.ts';
import type { Language } from '../language.ts';
import { allOf } from './all.ts';
import type { CheckReport, CheckResult, CheckSpec } from './check.ts';
import { checkCommand } from './command.ts';
import { checkMarker } from './marker.ts';
import { checkMount } from './mount.ts';
import { checkPort } from './port.ts';
import type { RepositoryPlace } from './repository.ts';
import { checkRepository } from './repository.ts';
import type { RepositoryEndpoint } from './repository-endpoint.ts';
import { repositoryEndpoint } from './repository-endpoint.ts';
import { checkSource } from './sources.ts';
import { checkSpace } from './space.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';
import { checkWritable } from './writable.ts';

/** What a look needs to know besides the checks. */
export interface CheckContext {
  readonly language: Language;
  readonly clock: Clock;
  /** Aborted: what has no answer yet is `unknown`, and commands are killed. */
  readonly signal?: AbortSignal;
  /** Paths that are backed up; looked at when the list of checks is empty. */
  readonly sources: readonly string[];
  /** Looked at when the list of checks is empty. */
  readonly repository?: RepositoryPlace;
}

/** Of a check that names none. */
const TIMEOUT_MS = 10_000;

/**
 * Looks once, at everything at the same time; results keep the order of `specs`. An empty list asks for the obvious:
 * every source and the repository's place. Never rejects: a check that breaks is `unknown`, with the message.
 */
export async function runChecks(specs: readonly CheckSpec[], context: CheckContext): Promise<CheckReport> {
  const results = await Promise.all(
    specs.length === 0 ? obvious(context) : specs.map((spec) => runOne(spec, context)),
  );
  return {
    passed: results.every(({ answer }) => answer === 'yes'),
    results,
    reason: results.find(({ answer }) => answer !== 'yes')?.reason ?? '',
  };
}

function obvious(context: CheckContext): Promise<CheckResult>[] {
  const checks = context.sources.map((path) =>
    timed('sources', path, undefined, context, (look) => checkSource(path, look)),
  );
  const { repository } = context;
  if (repository === undefined) return checks;
  const endpoint = repositoryEndpoint(repository.url);
  return [
    ...checks,
    timed('repository', subjectOf(endpoint), undefined, context, (look) =>
      checkRepository(repository, endpoint, look),
    ),
  ];
}

function runOne(spec: CheckSpec, context: CheckContext): Promise<CheckResult> {
  switch (spec.kind) {
    case 'mount':
      return timed('mount', spec.path, spec.timeout, context, (look) => checkMount(spec.path, look));
    case 'marker':
      return timed('marker', spec.path, spec.timeout, context, (look) => checkMarker(spec.path, look));
    case 'writable':
      return timed('writable', spec.path, spec.timeout, context, (look) => checkWritable(spec.path, look));
    case 'space':
      return timed('space', spec.path, spec.timeout, context, (look) => checkSpace(spec, look));
    case 'port': {
      const { host, port } = spec;
      return timed('port', `${host}:${port}`, spec.timeout, context, (look) => checkPort(host, port, look));
    }
    case 'command':
      // Its arguments may hold a secret and are not shown.
      return timed('command', spec.command, spec.timeout, context, (look) =>
        checkCommand(spec.command, spec.arguments, look),
      );
    case 'all':
      return runAll(spec.checks, context);
    default:
      return ofNewerVersion(spec, context);
  }
}

function subjectOf(endpoint: RepositoryEndpoint): string {
  if (endpoint.kind === 'folder') return endpoint.path;
  if (endpoint.kind === 'unnamed') return endpoint.backend;
  return endpoint.port === undefined ? endpoint.host : `${endpoint.host}:${endpoint.port}`;
}

/** A kind that the configuration has and this version has not. */
function ofNewerVersion({ kind }: CheckSpec, context: CheckContext): Promise<CheckResult> {
  return timed(kind, '', undefined, context, (look) => verdict('unknown', look, 'newer', { kind }));
}

async function runAll(specs: readonly CheckSpec[], context: CheckContext): Promise<CheckResult> {
  const began = context.clock.now();
  const parts = await Promise.all(specs.map((spec) => runOne(spec, context)));
  const subject = parts.map((part) => part.subject).join(', ');
  return { kind: 'all', subject, ...allOf(parts), durationMs: since(began, context.clock), parts };
}

/** Runs one check, and makes an `unknown` of whatever goes wrong in it. */
async function timed(
  kind: CheckResult['kind'],
  subject: string,
  timeout: string | undefined,
  context: CheckContext,
  check: (look: Look) => Promise<Verdict> | Verdict,
): Promise<CheckResult> {
  const { language, clock, signal } = context;
  const began = clock.now();
  const timeoutMs = timeout === undefined || timeout.trim() === '' ? TIMEOUT_MS : parseDuration(timeout);
  const look: Look = {
    language,
    timeoutMs: timeoutMs ?? TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  };
  let said: Verdict;
  try {
    if (timeoutMs === undefined || timeoutMs === 0)
      said = verdict('unknown', look, 'timeout', { timeout: timeout ?? '' });
    else said = await unlessAborted(check, look);
  } catch (error) {
    said = verdict('unknown', look, 'broken', {
      message: error instanceof Error ? error.message : String(error),
    });
  }
  return { kind, subject, ...said, durationMs: since(began, clock) };
}

async function unlessAborted(
  check: (look: Look) => Promise<Verdict> | Verdict,
  look: Look,
): Promise<Verdict> {
  const { signal } = look;
  const cancelled = verdict('unknown', look, 'cancelled');
  if (signal === undefined) return check(look);
  if (signal.aborted) return cancelled;
  const settled = new AbortController();
  const aborted = new Promise<Verdict>((resolve) => {
    signal.addEventListener('abort', () => resolve(cancelled), { signal: settled.signal });
  });
  try {
    return await Promise.race([check(look), aborted]);
  } finally {
    settled.abort();
  }
}

/** ms; the wall clock may have been set back meanwhile. */
function since(began: number, clock: Clock): number {
  return Math.max(0, clock.now() - began);
}
