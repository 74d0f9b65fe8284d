import type { ProbeFailure } from '../drive/probe.ts';
import { prober } from '../drive/probe.ts';
import type { Language } from '../language.ts';
import { translateBriefly } from '../language.ts';
import type { TextValues } from '../problem.ts';
import type { CheckAnswer } from './check.ts';

/** What one check says, before it is timed and listed. */
export interface Verdict {
  readonly answer: CheckAnswer;
  readonly reason: string;
}

/** How one check is to look. */
export interface Look {
  readonly language: Language;
  readonly timeoutMs: number;
  /** Aborted: nobody waits for the answer any more; stop what was started. */
  readonly signal?: AbortSignal;
}

/** A verdict whose reason is the text `checks:<key>`. */
export function verdict(answer: CheckAnswer, look: Look, key: string, values: TextValues = {}): Verdict {
  return { answer, reason: translateBriefly(look.language, `checks:${key}`, values) };
}

/** The time limit as texts show it: seconds, with at most one decimal. */
export function seconds(look: Look): number {
  return Math.round(look.timeoutMs / 100) / 10;
}

/** What a failed look at `path` says; an answer that did not come is `unknown`. */
export function failedProbe({ code, message }: ProbeFailure, path: string, look: Look): Verdict {
  const known = FAILURES.get(code);
  if (known !== undefined) return verdict('no', look, `failure.${known}`, { path });
  if (code === 'TIMEOUT')
    return verdict('unknown', look, 'failure.timeout', {
      path,
      seconds: seconds(look),
      hanging: prober.abandoned.length,
    });
  if (code === 'TOO_MANY_ABANDONED') return verdict('unknown', look, 'failure.crowded', { path });
  return verdict('unknown', look, 'failure.other', { path, message });
}

const FAILURES: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'absent'],
  ['ENOTDIR', 'absent'],
  ['EISDIR', 'folder'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['EROFS', 'readonly'],
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  // A drive that was pulled out, a share whose server is off, an automount that found nothing.
  ['EIO', 'gone'],
  ['ENXIO', 'gone'],
  ['ENODEV', 'gone'],
  ['ESTALE', 'gone'],
  ['ENOTCONN', 'gone'],
  ['EHOSTDOWN', 'gone'],
  ['EHOSTUNREACH', 'gone'],
  ['ETIMEDOUT', 'gone'],
  ['ESHUTDOWN', 'gone'],
]);
