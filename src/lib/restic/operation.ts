import type { Failure } from './outcome.ts';
import type { Place } from './place.ts';
import type { Command, CommandOutcome, ResticRepository, RunHooks } from './repository.ts';

/** What an operation runs in: its caller holds the lane and has looked at the repository. */
export interface OperationContext {
  readonly hooks: RunHooks;
  readonly signal?: AbortSignal;
  /** Of a local repository, just seen. */
  readonly place?: Place;
}

/** The parts of a command that come from its context. */
export function inContext(context: OperationContext): Pick<Command, 'hooks' | 'signal' | 'driveSeen'> {
  const { hooks, signal, place } = context;
  return { hooks, driveSeen: place !== undefined, ...(signal === undefined ? {} : { signal }) };
}

/** How an operation other than a backup went. */
export interface OperationResult {
  /** `partial`: it did something, and not all of it. */
  readonly kind: 'done' | 'partial' | 'failed' | 'cancelled';
  /** What a person would want to see; the shape is each operation's own. Undefined where there is nothing. */
  readonly payload: unknown;
  /** Set when `failed`; when `partial`, what is missing. */
  readonly failure?: Failure;
}

/** An operation's result with its duration, the wait for the lane included. */
export interface OperationOutcome extends OperationResult {
  readonly durationMs: number;
}

/** The result of an operation that is one restic command. */
export function resultOf(
  repository: ResticRepository,
  ended: CommandOutcome,
  payload: unknown,
): OperationResult {
  const { classification, failure } = ended;
  if (classification.kind === 'ok') return { kind: 'done', payload };
  if (classification.kind === 'cancelled') return { kind: 'cancelled', payload };
  if (classification.kind === 'failed') {
    return {
      kind: 'failed',
      payload,
      failure: failure ?? { class: 'unknown', reason: classification.detail },
    };
  }
  const reason = repository.text('operation.partial', { detail: classification.detail });
  return { kind: 'partial', payload, failure: { class: classification.class ?? 'unknown', reason } };
}

/** An operation that was refused or could not be started. */
export function refused(failure: Failure): OperationResult {
  return { kind: 'failed', payload: undefined, failure };
}

/** Of a text output, what a person reads: without progress lines; redacted and bounded. */
export function reportOf(repository: ResticRepository, stdout: string): string {
  const lines = stdout.split('\n').filter((line) => !/^\[(\d+:)?\d+:\d+\]/.test(line));
  return repository.redact(lines.join('\n')).trim().slice(0, 16_384);
}

/** The JSON document that a command printed; undefined when there is none. */
export function documentOf(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}
