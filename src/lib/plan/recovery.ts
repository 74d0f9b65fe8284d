import type { Clock } from '../clock.ts';
import { iso } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { Problem } from '../problem.ts';
import type { RecordedProcess } from '../system-process.ts';
import { isAlive } from '../system-process.ts';
import type { Testimony } from './doors.ts';
import type { PlanRecord } from './record.ts';
import { dueAfterSuccess, firstDue, scheduleText } from './schedule.ts';
import type { PlanSettings } from './settings.ts';
import type { PlanState, SuccessRecord } from './state.ts';
import { newPlanState, STATE_SCHEMA } from './state.ts';
import * as change from './transitions.ts';

/** How often a restic that outlived its Node-RED is looked at. */
const LOOK_FOR_SURVIVOR_MS = 2000;

/** What was remembered of a plan, and what a person should know about the remembering. */
export interface Recollection {
  readonly state: PlanState;
  readonly problems: readonly Problem[];
}

/** Tells a whole plan state from garbage. Of its parts only those are looked at that decisions rest on. */
export function isPlanState(value: unknown): value is PlanState {
  if (typeof value !== 'object' || value === null) return false;
  const state = value as Partial<Record<keyof PlanState, unknown>>;
  const isTime = (time: unknown): boolean =>
    time === null || (typeof time === 'string' && !Number.isNaN(Date.parse(time)));
  return (
    state.schema === STATE_SCHEMA &&
    Number.isSafeInteger(state.revision) &&
    typeof state.plan === 'string' &&
    Array.isArray(state.history) &&
    Array.isArray(state.acceptedRepositories) &&
    [state.dueAt, state.nextAttemptAt, state.lastSuccessAt, state.lastPartialAt].every(isTime) &&
    [state.run, state.pending, state.paused, state.lastSuccess].every(
      (part) => part === null || typeof part === 'object',
    )
  );
}

/**
 * Remembers a plan: the journal first, then its mirror in context, whose success only counts after the repository
 * confirmed it. `testimonyOwed` says that the repository is still to be asked.
 * @throws Problem `journal-newer` when a newer version of this package wrote the journal
 */
export async function recollect(
  settings: PlanSettings,
  journal: Journal<PlanState>,
  recallMirror: () => Promise<unknown>,
): Promise<Recollection> {
  const entry = await journal.load(settings.key);
  if (entry.found === 'newer')
    throw new Problem('journal-newer', { plan: settings.name, schema: entry.schema });
  if (entry.found === 'state') return { state: entry.state, problems: [] };
  const problems =
    entry.found === 'damaged'
      ? [new Problem('journal-damaged', { plan: settings.name, kept: entry.kept })]
      : [];
  const mirror = await recallMirror().catch(() => undefined);
  if (isPlanState(mirror) && mirror.plan === settings.key) {
    const unconfirmed = { ...mirror, lastSuccess: null, lastSuccessAt: null, testimonyOwed: true };
    return { state: unconfirmed, problems };
  }
  return { state: { ...newPlanState(settings.key, settings.name), testimonyOwed: true }, problems };
}

/** Fits a remembered state to the present settings: new plans, renamed ones, edited schedules, missed slots. */
export function fitToSettings(record: PlanRecord, options: { afterDowntime: boolean }): void {
  const { settings, state } = record;
  const now = record.clock.now();
  const schedule = scheduleText(settings.schedule);
  let next: PlanState = { ...state, name: settings.name, schedule };
  if (state.schedule !== schedule && (state.dueAt === null || Date.parse(state.dueAt) > now)) {
    const dueAt = dueUnder(settings, state, now);
    next = { ...next, dueAt: dueAt === null ? null : iso(dueAt) };
    if (state.run === null) next = { ...next, ...idle(record, next.dueAt) };
  }
  if (state.schedule === '' && settings.startPaused) {
    next = { ...next, paused: { since: iso(now), until: null }, why: record.sentences.say('paused.open') };
  }
  const missed = next.run === null && next.nextAttemptAt !== null && Date.parse(next.nextAttemptAt) < now;
  if (options.afterDowntime && missed && !settings.catchUp && state.schedule !== '') {
    const following = record.followingSlot(now);
    next = { ...next, nextAttemptAt: following === null ? null : iso(following) };
  }
  if (JSON.stringify(next) !== JSON.stringify(state)) void record.put(next);
}

function dueUnder(settings: PlanSettings, state: PlanState, now: number): number | null {
  if (state.lastSuccessAt === null) return firstDue(settings.schedule, now);
  const snapshotAt = Date.parse(state.lastSuccessAt);
  const endedAt = settings.schedule.kind === 'cron' ? Math.max(snapshotAt, now) : snapshotAt;
  return dueAfterSuccess(settings.schedule, { snapshotAt, endedAt, minimumGapMs: settings.minimumGapMs });
}

function idle(
  record: PlanRecord,
  dueAt: string | null,
): Pick<PlanState, 'nextAttemptAt' | 'waitingFor' | 'why'> {
  const start = record.startOf(dueAt);
  if (start === null)
    return { nextAttemptAt: null, waitingFor: 'event', why: record.sentences.say('idle.event') };
  const time = record.sentences.when(start, record.clock.now());
  return { nextAttemptAt: iso(start), waitingFor: 'slot', why: record.sentences.say('idle.due', { time }) };
}

/** Asks the repository for the last good backup when nothing else knows it. False: it could not be asked now. */
export async function hearTestimony(record: PlanRecord): Promise<boolean> {
  if (!record.state.testimonyOwed || record.witness === undefined) return true;
  let testimony: Testimony | undefined;
  try {
    testimony = await record.witness.newestGood(record.key, record.settings.contents.host);
  } catch {
    return false;
  }
  if (testimony === undefined) {
    await record.put({ ...record.state, testimonyOwed: false });
    return true;
  }
  const stamped = change.stampSuccess(record.state, witnessed(testimony));
  const dueAt = dueUnder(record.settings, stamped, record.clock.now());
  const due = dueAt === null ? null : iso(dueAt);
  const why = record.sentences.say('testimony', { snapshot: testimony.snapshot.id.slice(0, 8) });
  const rest = stamped.run === null ? idle(record, due) : {};
  await record.put({ ...stamped, dueAt: due, ...rest, why });
  return true;
}

function witnessed({ snapshot, repositoryId }: Testimony): SuccessRecord {
  const run = snapshot.tags.find((tag) => tag.startsWith('run:'))?.slice('run:'.length) ?? null;
  return { at: snapshot.time, snapshotId: snapshot.id, repositoryId, run, figures: null };
}

/**
 * Goes on after our own death: waits for a restic that outlived us, then attempts again at once, once per run without
 * any budget paying for it. A snapshot that the survivor made is not taken for a success: how restic ended, complete or
 * not, nobody saw; the next attempt finds its data already there.
 */
export async function resumeInterrupted(record: PlanRecord): Promise<void> {
  const run = record.state.run;
  if (run === null || run.phase === 'waiting' || run.phase === 'deciding') return;
  const now = (): number => record.clock.now();
  if (run.phase === 'retention') {
    void record.finish(run, 'succeeded', record.state.why);
    return;
  }
  await untilGone(run.process, record.clock);
  const reason = record.sentences.say('interrupted', { attempt: run.attempt });
  if (!run.freeRestartUsed) {
    await record.put(change.attemptInterrupted(record.state, run, { at: now(), reason }));
    record.tryAgain();
    return;
  }
  const facts = {
    at: now(),
    outcome: 'interrupted',
    failureClass: 'interrupted',
    reason,
    claim: run.claim,
  } as const;
  await record.put(change.attemptFailed(record.state, run, facts));
}

/** Resolves when a process that was recorded has ended. */
async function untilGone(survivor: RecordedProcess | null, clock: Clock): Promise<void> {
  if (survivor === null || !isAlive(survivor)) return;
  await new Promise<void>((resolve) => void clock.after(LOOK_FOR_SURVIVOR_MS, resolve));
  await untilGone(survivor, clock);
}
