import type { Clock } from '../clock.ts';
import { durationOr } from '../duration.ts';
import type { CheckLeaf, CheckResult } from './check.ts';
import { checkCommand } from './command.ts';
import type { CheckContext } from './context.ts';
import { checkHealth } from './health.ts';
import { checkHttp } from './http.ts';
import { checkLoad } from './load.ts';
import { checkMains } from './mains.ts';
import { checkMarker } from './marker.ts';
import { checkMount } from './mount.ts';
import { checkPort } from './port.ts';
import { checkPresent } from './present.ts';
import { checkReloadMount } from './reload-mount.ts';
import { checkRepository } from './repository.ts';
import { repositoryEndpoint } from './repository-endpoint.ts';
import { checkSmart } from './smart.ts';
import { checkSources } from './source-content.ts';
import { checkSpace } from './space.ts';
import { checkState } from './state.ts';
import { sourcesOf, subjectOf } from './subject.ts';
import { checkTime } from './time.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';
import { checkWake } from './wake.ts';
import { checkWritable } from './writable.ts';

/** Of a check that names none. */
const TIMEOUT_MS = 10_000;
/** restic takes seconds to start on a small machine, and a server may be far. */
const RESTIC_TIMEOUT_MS = 60_000;

/** How long a kind of check may take where its configuration does not say, ms. */
function defaultTimeoutMs(kind: CheckResult['kind']): number {
  return kind === 'answers' ? RESTIC_TIMEOUT_MS : TIMEOUT_MS;
}

/** Makes one check that is no group. Never rejects: a check that breaks is `unknown`, with the message. */
export function lookAtLeaf(spec: CheckLeaf, context: CheckContext): Promise<CheckResult> {
  return timed(spec.kind, subjectOf(spec, context), spec.timeout, context, (look) =>
    verdictOf(spec, context, look),
  );
}

function verdictOf(spec: CheckLeaf, context: CheckContext, look: Look): Promise<Verdict> | Verdict {
  switch (spec.kind) {
    case 'mount':
      return checkMount(spec, look);
    case 'marker':
      return checkMarker(spec.path, spec.id, look);
    case 'present':
      return checkPresent(spec, look);
    case 'writable':
      return checkWritable(spec.path, look);
    case 'space':
      return checkSpace(spec, look);
    case 'health':
      return checkHealth(spec, look);
    case 'smart':
      return checkSmart(spec, look);
    case 'repository':
      return context.repository === undefined
        ? verdict('unknown', look, 'repository.none')
        : checkRepository(context.repository, repositoryEndpoint(context.repository.url), look);
    case 'answers':
      return context.repositoryAnswers?.(look) ?? verdict('unknown', look, 'repository.none');
    case 'source':
      return checkSources(sourcesOf(spec, context), spec.mounted === true, look);
    case 'port':
      return checkPort(spec.host, spec.port, look);
    case 'http':
      return checkHttp(spec, look);
    case 'command':
      return checkCommand(spec.command, spec.arguments, look);
    case 'state':
      return checkState(spec, context, look);
    case 'time':
      return checkTime(spec, context.clock.now(), look);
    case 'mains':
      return checkMains(spec, look);
    case 'load':
      return checkLoad(spec.below, look);
    case 'wake':
      return checkWake(spec, context.mayAct, look);
    case 'reload-mount':
      return checkReloadMount(spec, context.mayAct, look);
    default:
      // A kind that the configuration has and this version has not.
      return verdict('unknown', look, 'newer', { kind: (spec as CheckLeaf).kind });
  }
}

/** Runs one check, and makes an `unknown` of whatever goes wrong in it. */
export async function timed(
  kind: CheckResult['kind'],
  subject: string,
  timeout: string | undefined,
  context: CheckContext,
  check: (look: Look) => Promise<Verdict> | Verdict,
): Promise<CheckResult> {
  const { language, clock, signal } = context;
  const began = clock.now();
  const otherwise = defaultTimeoutMs(kind);
  const timeoutMs = durationOr(timeout, otherwise);
  const look: Look = {
    language,
    timeoutMs: timeoutMs ?? otherwise,
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
