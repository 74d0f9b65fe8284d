import { iso } from '../clock.ts';
import type { Carried } from '../message.ts';
import { Problem } from '../problem.ts';
import type { PlanRecord } from './record.ts';
import { dueAfterSuccess } from './schedule.ts';
import { stampSuccess } from './transitions.ts';

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

/** A drive was mounted, a plug was switched on: once per appearance. */
export function deviceAppeared(record: PlanRecord, carried: Carried): Answer {
  if (!record.isOpen)
    return notNow(record, 'answer.notReady', { reason: record.sentences.say('notReady.starting') });
  if (record.devicePresent) return notNow(record, 'answer.sameAppearance');
  record.devicePresent = true;
  const { state, clock, settings, sentences } = record;
  const now = clock.now();
  const noted = { ...state, lastDeviceAt: iso(now) };
  const present = state.run;
  if (state.paused !== null || (present !== null && present.phase !== 'waiting')) {
    void record.put(noted);
    return accepted(record, state.paused === null ? 'answer.noted' : 'answer.paused');
  }
  const startAt = now + settings.settleMs;
  const time = sentences.when(startAt, now);
  if (present !== null) {
    record.carried = { ...record.carried, ...carried };
    const attempt = present.attempt + 1;
    void record.put({
      ...noted,
      pending: state.pending === null ? null : { ...state.pending, at: iso(startAt) },
      nextAttemptAt: iso(startAt),
      why: sentences.say('device.settling', { attempt, time }),
    });
    record.tick();
    return accepted(record, 'answer.settling', { time });
  }
  if (!owedOnAppearance(record, now)) {
    void record.put(noted);
    if (state.nextAttemptAt === null) return notNow(record, 'answer.notOwedEvent');
    return notNow(record, 'answer.notOwed', { time: sentences.when(Date.parse(state.nextAttemptAt), now) });
  }
  if (settings.settleMs > 0) {
    void record.put({
      ...noted,
      dueAt: state.dueAt ?? iso(now),
      nextAttemptAt: iso(startAt),
      waitingFor: 'slot',
    });
    record.tick();
    return accepted(record, 'answer.settling', { time });
  }
  void record.put(noted);
  record.startRun('device', carried);
  return accepted(record, 'answer.started');
}

/** The device is gone: its next appearance counts again. */
export function deviceVanished(record: PlanRecord): void {
  record.devicePresent = false;
}

/** Whether a device that appears starts a run of an idle plan. */
function owedOnAppearance(record: PlanRecord, now: number): boolean {
  const { state, settings } = record;
  const lastSuccess = state.lastSuccessAt === null ? -Infinity : Date.parse(state.lastSuccessAt);
  const gapOver = now - lastSuccess >= settings.minimumGapMs;
  // Without a schedule every appearance is a slot.
  if (settings.deviceStarts === 'always' || settings.schedule.kind === 'event') return gapOver;
  return state.dueAt !== null && Date.parse(state.dueAt) <= now;
}

function run(record: PlanRecord, carried: Carried): Answer {
  const present = record.state.run;
  if (present === null) {
    record.startRun('command', carried);
    return accepted(record, 'answer.started');
  }
  if (present.phase !== 'waiting') return notNow(record, 'answer.running');
  record.carried = { ...record.carried, ...carried };
  record.tryAgain();
  return accepted(record, 'answer.now');
}

function cancel(record: PlanRecord): Answer {
  const present = record.state.run;
  if (present === null) return notNow(record, 'answer.nothing');
  if (present.phase === 'retention') return notNow(record, 'answer.running');
  if (record.stopAttempt()) return accepted(record, 'answer.cancelling');
  void record.finish(present, 'cancelled', record.sentences.say('cancelled.person'));
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
  const from =
    state.run === null && state.nextAttemptAt !== null ? Math.max(now, Date.parse(state.nextAttemptAt)) : now;
  const next = record.followingSlot(from);
  const time = next === null ? '' : sentences.when(next, now);
  const why = sentences.say(next === null ? 'answer.skippedOpen' : 'skipped', { time });
  if (state.run !== null) void record.finish(state.run, 'cancelled', why, next ?? undefined);
  else void record.put({ ...state, nextAttemptAt: next === null ? null : iso(next), why });
  record.tick();
  return { accepted: true, sentence: why };
}

/** The last incomplete snapshot counts as good, once; the debt is paid with it. */
function accept(record: PlanRecord): Answer {
  const { state, settings } = record;
  if (state.lastPartial === null) return notNow(record, 'answer.nothingToAccept');
  const stamped = stampSuccess({ ...state, lastPartial: null }, state.lastPartial);
  const dueAt = dueAfterSuccess(settings.schedule, {
    snapshotAt: Date.parse(state.lastPartial.at),
    endedAt: record.clock.now(),
    minimumGapMs: settings.minimumGapMs,
  });
  const due = dueAt === null ? null : iso(dueAt);
  const start = record.startOf(due);
  void record.put({
    ...stamped,
    dueAt: due,
    nextAttemptAt: state.run === null ? (start === null ? null : iso(start)) : state.nextAttemptAt,
    why: record.sentences.say('accepted', { snapshot: state.lastPartial.snapshotId.slice(0, 8) }),
  });
  record.tick();
  return accepted(record, 'answer.accepted');
}

/** Another repository, a new drive: it is the right one from now on, and nothing good is in it yet. */
function acceptRepository(record: PlanRecord): Answer {
  const { state, witness } = record;
  const now = iso(record.clock.now());
  void witness?.accept().catch((cause: unknown) => {
    record.warn(new Problem('journal-unwritable', { path: '' }, { cause }));
  });
  void record.put({ ...state, dueAt: now, nextAttemptAt: state.run === null ? now : state.nextAttemptAt });
  record.tick();
  return accepted(record, 'answer.acceptedRepository');
}

function accepted(record: PlanRecord, key: string, values: Record<string, string | number> = {}): Answer {
  return { accepted: true, sentence: record.sentences.say(key, values) };
}

function notNow(record: PlanRecord, key: string, values: Record<string, string | number> = {}): Answer {
  return { accepted: false, sentence: record.sentences.say(key, values) };
}
