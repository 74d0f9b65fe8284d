import type { Clock } from '../clock.ts';
import { parseDuration } from '../duration.ts';
import type { CheckLeaf, CheckResult } from './check.ts';
import { checkCommand } from './command.ts';
import type { CheckContext } from './context.ts';
import { checkMarker } from './marker.ts';
import { checkMount } from './mount.ts';
import { checkPort } from './port.ts';
import { checkSpace } from './space.ts';
import { checkState } from './state.ts';
import { subjectOf } from './subject.ts';
import { checkTime } from './time.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';
import { checkWritable } from './writable.ts';

/** Of a check that names none. */
const TIMEOUT_MS = 10_000;

/** Makes one check that is no group. Never rejects: a check that breaks is `unknown`, with the message. */
export function lookAtLeaf(spec: CheckLeaf, context: CheckContext): Promise<CheckResult> {
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
    case 'state':
      return timed('state', subjectOf(spec), spec.timeout, context, (look) =>
        checkState(spec, context, look),
      );
    case 'time':
      return timed('time', subjectOf(spec), spec.timeout, context, (look) =>
        checkTime(spec, context.clock.now(), look),
      );
    default:
      return ofNewerVersion(spec, context);
  }
}

/** A kind that the configuration has and this version has not. */
function ofNewerVersion({ kind }: CheckLeaf, context: CheckContext): Promise<CheckResult> {
  return timed(kind, '', undefined, context, (look) => verdict('unknown', look, 'newer', { kind }));
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
