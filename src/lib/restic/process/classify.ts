import type { FailureClass } from '../../failure.ts';
import type { Language } from '../../language.ts';
import { translate } from '../../language.ts';
import type { ProcessResult, StopReason } from './result.ts';
import type { Sign } from './signs.ts';

/** Who holds the lock, as far as restic said. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  readonly user: string;
  readonly exclusive: boolean;
  /** restic's own words, such as `5.6s`; empty when it did not say. */
  readonly ageText: string;
}

/** How a restic process went, and if not well, why. */
export interface Classification {
  /** `partial`: the command did something, and not all of it (for a backup: the snapshot exists). */
  readonly kind: 'ok' | 'partial' | 'failed' | 'cancelled';
  /** Set when `failed`; for `partial` where the reason is more than unreadable files (`corrupt`). */
  readonly class?: FailureClass;
  /** restic said success, and its own stderr says that the repository went away: believe no snapshot id. */
  readonly ghost?: boolean;
  /** The line that decided, redacted, <= 300 characters; empty when `ok`. */
  readonly detail: string;
  readonly lock?: LockHolder;
}

/** What `classify` looks at. */
export interface ClassifyFacts {
  /** restic's command: `backup`, `forget`, `restore`, ... */
  readonly operation: string;
  readonly localRepository: boolean;
  readonly result: ProcessResult;
}

const LONGEST_DETAIL = 300;

const STOP_CLASSES: Readonly<Record<Exclude<StopReason, 'cancel'>, FailureClass>> = {
  stall: 'stalled',
  device: 'device-unavailable',
  network: 'network',
  shutdown: 'interrupted',
  source: 'unknown',
};

/** One look at the evidence; undefined: it says nothing. */
type Rule = (evidence: Evidence) => Classification | undefined;

class Evidence {
  readonly operation: string;
  readonly localRepository: boolean;
  readonly result: ProcessResult;
  readonly #signs: ReadonlyMap<Sign, string>;

  constructor(facts: ClassifyFacts) {
    this.operation = facts.operation;
    this.localRepository = facts.localRepository;
    this.result = facts.result;
    this.#signs = new Map(facts.result.signs.map(({ sign, line }) => [sign, line]));
  }

  has(sign: Sign): boolean {
    return this.#signs.has(sign);
  }

  /** The line of the first of the signs that was seen, else restic's last word. */
  detail(...signs: Sign[]): string {
    const seen = signs.find((sign) => this.#signs.has(sign));
    return seen === undefined ? this.#lastWord() : (this.#signs.get(seen) ?? '').slice(0, LONGEST_DETAIL);
  }

  failed(failureClass: FailureClass, ...signs: Sign[]): Classification {
    return { kind: 'failed', class: failureClass, detail: this.detail(...signs) };
  }

  #lastWord(): string {
    const { exitCode, exitError, errors, signal, spawnError, stderrTail } = this.result;
    const words =
      spawnError?.message ??
      exitError?.message.split('\n')[0] ??
      stderrTail.findLast((line) => line.includes('Fatal: ')) ??
      stderrTail.at(-1) ??
      errors[0]?.message ??
      '';
    if (words !== '') return words.slice(0, LONGEST_DETAIL);
    if (signal !== undefined) return signal;
    return exitCode === undefined || exitCode === 0 ? '' : `exit code ${exitCode}`;
  }
}

/** A rule for what one or several signs mean, in whatever way restic ended. */
function means(failureClass: FailureClass, ...signs: Sign[]): Rule {
  return (evidence) =>
    signs.some((sign) => evidence.has(sign)) ? evidence.failed(failureClass, ...signs) : undefined;
}

/** A rule for an exit code, with the sign that goes with it in versions before that code. */
function code(exitCode: number, failureClass: FailureClass, ...signs: Sign[]): Rule {
  return (evidence) =>
    evidence.result.exitCode === exitCode || signs.some((sign) => evidence.has(sign))
      ? evidence.failed(failureClass, ...signs)
      : undefined;
}

/** restic did all it had to do, even if we had asked it to stop in the meantime. */
function finished(evidence: Evidence): boolean {
  const { exitCode, stopped, summary } = evidence.result;
  if (exitCode !== 0) return false;
  return stopped === undefined || summary !== undefined || !evidence.has('interrupted');
}

function ownStop(evidence: Evidence): Classification | undefined {
  const { stopped } = evidence.result;
  if (stopped === undefined) return undefined;
  if (stopped === 'cancel') return { kind: 'cancelled', detail: '' };
  if (stopped === 'device' && evidence.has('read-only')) {
    return evidence.failed('device-readonly', 'read-only');
  }
  return evidence.failed(STOP_CLASSES[stopped], 'io-error', 'read-only', 'network');
}

function notStarted(evidence: Evidence): Classification | undefined {
  const { spawnError } = evidence.result;
  if (spawnError === undefined) return undefined;
  // The working folder is on the drive of a local repository.
  if (spawnError.code === 'working-folder-missing') {
    return evidence.failed(evidence.localRepository ? 'device-unavailable' : 'config');
  }
  const permanent = ['ENOENT', 'EACCES', 'EPERM', 'ENOEXEC', 'E2BIG', 'ERR_INVALID_ARG_VALUE'];
  return evidence.failed(permanent.includes(spawnError.code) ? 'config' : 'unknown');
}

/** Exit 0. restic 0.14 to 0.18 say nothing else for a missing source and a snapshot that forget had to keep. */
function success(evidence: Evidence): Classification | undefined {
  if (!finished(evidence)) return undefined;
  if (evidence.has('lock-vanished')) {
    return { ...evidence.failed('device-unavailable', 'lock-vanished'), ghost: true };
  }
  if (evidence.operation !== 'backup' && evidence.has('snapshots-unread')) {
    // Every restic (seen with 0.14 to 0.19) then goes on with an empty list, or one with gaps.
    const reasons = [means('permission', 'permission'), means('device-unavailable', 'io-error')];
    const known = reasons.map((reason) => reason(evidence)).find((found) => found !== undefined);
    return known ?? evidence.failed('unknown', 'snapshots-unread');
  }
  const incomplete: Sign = evidence.operation === 'backup' ? 'source-skipped' : 'snapshot-kept';
  if (!evidence.has(incomplete)) return { kind: 'ok', detail: '' };
  return { kind: 'partial', detail: evidence.detail(incomplete) };
}

/** Exit 3 of a backup: the snapshot exists, so that what was retried and healed on the way counts no more. */
function incompleteBackup(evidence: Evidence): Classification | undefined {
  const { result, operation } = evidence;
  if (operation !== 'backup' || result.exitCode !== 3) return undefined;
  if (evidence.has('corrupt')) return { ...evidence.failed('corrupt', 'corrupt'), kind: 'partial' };
  const item = result.errors[0];
  const unreadable =
    item === undefined ? undefined : `${item.item}: ${item.message}`.slice(0, LONGEST_DETAIL);
  return { kind: 'partial', detail: unreadable ?? evidence.detail('source-skipped') };
}

function locked(evidence: Evidence): Classification | undefined {
  if (evidence.result.exitCode !== 11 && !evidence.has('locked')) return undefined;
  const line = evidence.detail('locked');
  const holder = /already locked( exclusively)? by PID (\d+) on (.+) by (.*?) ?(?:\(UID|$)/.exec(line);
  if (holder === null) return evidence.failed('locked', 'locked');
  const [, exclusive, pid, host = '', user = ''] = holder;
  const ageText = evidence.has('lock-created')
    ? (/\(([^()]+) ago\)/.exec(evidence.detail('lock-created'))?.[1] ?? '')
    : '';
  const lock = { pid: Number(pid), host, user, exclusive: exclusive !== undefined, ageText };
  return { ...evidence.failed('locked', 'locked'), lock };
}

function killedBySignal(evidence: Evidence): Classification | undefined {
  return evidence.result.signal === undefined ? undefined : evidence.failed('interrupted');
}

function partialExit(evidence: Evidence): Classification | undefined {
  if (evidence.result.exitCode !== 3 && !evidence.has('restore-errors')) return undefined;
  return { kind: 'partial', detail: evidence.detail('snapshot-kept', 'restore-errors') };
}

/** Measured on all captures; the order matters. */
const RULES: readonly Rule[] = [
  success,
  ownStop,
  notStarted,
  incompleteBackup,
  locked,
  means('lock-invalid', 'lock-invalid'),
  means('device-unavailable', 'io-error'),
  means('device-readonly', 'read-only'),
  means('disk-full', 'full'),
  killedBySignal,
  code(10, 'repo-missing'),
  means('source-missing', 'no-source'),
  means('permission', 'permission'),
  code(12, 'auth', 'wrong-password'),
  means('remote-auth', 'remote-auth'),
  means('network', 'network'),
  means('repo-missing', 'repository-missing'),
  means('device-unavailable', 'folder-gone'),
  means('corrupt', 'corrupt'),
  partialExit,
  means('config', 'config'),
  code(130, 'interrupted', 'lock-lost', 'interrupted'),
  means('device-unavailable', 'lock-vanished'),
  means('config', 'cache'),
];

/** Classifies a finished process in the order of the measured taxonomy. Pure. */
export function classify(facts: ClassifyFacts): Classification {
  const evidence = new Evidence(facts);
  for (const rule of RULES) {
    const classification = rule(evidence);
    if (classification !== undefined) return classification;
  }
  return evidence.failed('unknown');
}

/** One plain sentence and what to do, in the language; '' when `ok`. */
export function failureSentence(c: Classification, language: Language): string {
  if (c.kind === 'ok') return '';
  if (c.kind === 'cancelled') return translate(language, 'failures:cancelled');
  if (c.ghost === true) return translate(language, 'failures:ghost');
  if (c.lock !== undefined) {
    const { pid, host, ageText } = c.lock;
    const key = ageText === '' ? 'failures:locked-by' : 'failures:locked-by-since';
    return translate(language, key, { pid, host, age: ageText });
  }
  return translate(language, `failures:${c.class ?? 'partial'}`, { detail: c.detail });
}
