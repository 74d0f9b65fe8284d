import { iso } from '../clock.ts';
import type { Carried } from '../message.ts';
import { Problem } from '../problem.ts';
import { MOST_ASKED_AN_HOUR } from './pace.ts';
import type { PlanRecord } from './record.ts';
import type { PlanState } from './state.ts';
import { endOf } from './state.ts';
import { acceptPartial, stampSuccess } from './transitions.ts';

/** What a person, a message or a house may ask of a plan; one meaning wherever it comes from. */
export const PLAN_COMMANDS = [
  'run',
  'cancel',
  'pause',
  'resume',
  'skip',
  'accept',
  'accept-repository',
] as const;
export type PlanCommand = (typeof PLAN_COMMANDS)[number];

/** A pause without an end of its own lasts so long: forgotten pauses must not last for ever. */
export const DEFAULT_PAUSE_MS: number = 7 * 86_400_000;

/** What became of a command or a device event. */
export interface Answer {
  /** False: "not now"; the sentence says why. */
  readonly accepted: boolean;
  readonly sentence: string;
}

/** Carries out a command. Checks are never bypassed by one. */
export function obey(
  record: PlanRecord,
  command: PlanCommand,
  options: { carried?: Carried; pauseMs?: number } = {},
): Answer {
  if (!record.isOpen)
    return notNow(record, 'answer.notReady', { reason: record.sentences.say('notReady.starting') });
  switch (command) {
    case 'run':
      return run(record, options.carried ?? {});
    case 'cancel':
      return cancel(record);
    case 'pause':
      return pause(record, options.pauseMs ?? DEFAULT_PAUSE_MS);
    case 'resume':
      return resume(record);
    case 'skip':
      return skip(record);
    case 'accept':
      return accept(record);
    case 'accept-repository':
      return acceptRepository(record);
  }
}

function run(record: PlanRecord, carried: Carried): Answer {
  const present = record.state.run;
  if (present !== null && present.phase !== 'waiting') return notNow(record, 'answer.running');
  if (!record.pace.allows(record.clock.now())) return tooOften(record);
  if (present === null) {
    record.startRun('command', carried);
    return accepted(record, 'answer.started');
  }
  record.carried = { ...record.carried, ...carried };
  record.tryAgain();
  return accepted(record, 'answer.now');
}

function cancel(record: PlanRecord): Answer {
  const present = record.state.run;
  if (present === null) return notNow(record, 'answer.nothing');
  if (present.phase === 'retention') {
    return record.stopAttempt('cancel')
      ? accepted(record, 'answer.stoppingUpkeep')
      : notNow(record, 'answer.running');
  }
  if (record.stopAttempt('cancel')) return accepted(record, 'answer.cancelling');
  void record.decisions.finish(present, 'cancelled', { reason: record.sentences.say('cancelled.person') });
  return accepted(record, 'answer.cancelled');
}

function pause(record: PlanRecord, pauseMs: number): Answer {
  const now = record.clock.now();
  const time = record.sentences.when(now + pauseMs, now);
  void record.put({
    ...record.state,
    paused: { since: record.state.paused?.since ?? iso(now), until: iso(now + pauseMs) },
    why: record.sentences.say('paused.until', { time }),
  });
  record.tick();
  return accepted(record, 'answer.pausedUntil', { time });
}

function resume(record: PlanRecord): Answer {
  if (record.state.paused === null) return notNow(record, 'answer.notPaused');
  record.unpause();
  record.tick();
  return accepted(record, 'answer.resumed');
}

function skip(record: PlanRecord): Answer {
  const { state, clock, sentences } = record;
  const now = clock.now();
  if (state.run !== null && state.run.phase !== 'waiting') return notNow(record, 'answer.running');
  const planned =
    state.run === null && state.nextAttemptAt !== null
      ? Date.parse(state.nextAttemptAt) - record.jitterMs
      : now;
  const next = record.followingSlot(Math.max(now, planned));
  const time = next === null ? '' : sentences.when(next, now);
  const why = sentences.say(next === null ? 'answer.skippedOpen' : 'skipped', { time });
  if (state.run === null) {
    void record.put({ ...state, nextAttemptAt: next === null ? null : iso(next), why });
    record.tick();
  } else {
    const nextAttemptAt = next === null ? {} : { nextAttemptAt: next };
    void record.decisions.finish(state.run, 'cancelled', { reason: why, ...nextAttemptAt });
  }
  return { accepted: true, sentence: why };
}

/** The last incomplete snapshot counts as good, once; it pays the debt that it would have paid when it was made. */
function accept(record: PlanRecord): Answer {
  const { state } = record;
  const { lastPartial } = state;
  if (lastPartial === null || !awaitsAcceptance(state)) return notNow(record, 'answer.nothingToAccept');
  // Not later than now: the clock may have been put back since.
  const debt = record.debtAfter(lastPartial, Math.min(endOf(lastPartial), record.clock.now()));
  const start = record.startOf(debt.dueAt === null ? null : iso(debt.dueAt));
  void record.put({
    ...stampSuccess(acceptPartial(state, lastPartial), lastPartial, debt),
    nextAttemptAt: state.run === null ? (start === null ? null : iso(start)) : state.nextAttemptAt,
    why: record.sentences.say('accepted', { snapshot: lastPartial.snapshotId.slice(0, 8) }),
  });
  record.tick();
  return accepted(record, 'answer.accepted');
}

/** Is there an incomplete snapshot that a person can accept, later than the last good one? */
export function awaitsAcceptance({ lastPartial, lastSuccessAt }: PlanState): boolean {
  if (lastPartial === null) return false;
  return lastSuccessAt === null || Date.parse(lastPartial.at) >= Date.parse(lastSuccessAt);
}

/** Another repository, a new drive: it is right as well from now on, and nothing good is in it yet. */
function acceptRepository(record: PlanRecord): Answer {
  if (!record.pace.allows(record.clock.now())) return tooOften(record);
  const owe = (): void => {
    const { state } = record;
    const now = record.clock.now();
    // A debt that has begun is not forgiven by a new drive.
    const dueAt = state.dueAt !== null && Date.parse(state.dueAt) <= now ? state.dueAt : iso(now);
    void record.put({ ...state, dueAt, nextAttemptAt: state.run === null ? iso(now) : state.nextAttemptAt });
    // What waited for the other drive looks again at once.
    if (state.run?.phase === 'waiting' && state.paused === null) record.tryAgain();
    record.tick();
  };
  // Only when it is remembered: a look before that would still say no.
  void Promise.resolve(record.witness?.accept())
    .catch((cause: unknown) => record.warn(new Problem('journal-unwritable', { path: '' }, { cause })))
    .then(owe);
  return accepted(record, 'answer.acceptedRepository');
}

/** Asked for too often. */
export function tooOften(record: PlanRecord): Answer {
  return notNow(record, 'answer.tooOften', { most: MOST_ASKED_AN_HOUR });
}

/** Followed, and what happens now. */
export function accepted(
  record: PlanRecord,
  key: string,
  values: Record<string, string | number> = {},
): Answer {
  return { accepted: true, sentence: record.sentences.say(key, values) };
}

/** Not followed, and why. */
export function notNow(
  record: PlanRecord,
  key: string,
  values: Record<string, string | number> = {},
): Answer {
  return { accepted: false, sentence: record.sentences.say(key, values) };
}
