import { QUIET } from '../alerts/trouble.ts';
import type { Clock } from '../clock.ts';
import { iso } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { Problem } from '../problem.ts';
import type { RecordedProcess } from '../system-process.ts';
import { isAlive } from '../system-process.ts';
import type { Testimony, WitnessAnswer } from './doors.ts';
import { debtOf, drivesAfter } from './drives.ts';
import type { PlanRecord } from './record.ts';
import { dueAfterSuccess, firstDue, scheduleText } from './schedule.ts';
import type { PlanSettings } from './settings.ts';
import type { PlanState, SuccessRecord } from './state.ts';
import { endOf, newPlanState } from './state.ts';
import { isPlanState } from './state-shape.ts';
import * as change from './transitions.ts';

/** How often a restic that outlived its Node-RED is looked at. */
const LOOK_FOR_SURVIVOR_MS = 2000;

/** So many names are as much as a person reads. */
const MOST_HOSTS = 3;

/** What was remembered of a plan, and what a person should know about the remembering. */
export interface Recollection {
  readonly state: PlanState;
  readonly problems: readonly Problem[];
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
  // A file that was copied from another plan would claim that plan's successes.
  if (entry.found === 'state' && entry.state.plan === settings.key)
    return { state: completed(entry.state), problems: [] };
  const problems =
    entry.found === 'damaged'
      ? [new Problem('journal-damaged', { plan: settings.name, kept: entry.kept })]
      : [];
  const mirror = await recallMirror().catch(() => undefined);
  if (isPlanState(mirror) && mirror.plan === settings.key) {
    return { state: unconfirmed(completed(mirror)), problems };
  }
  return { state: { ...newPlanState(settings.key, settings.name), testimonyOwed: true }, problems };
}

/** A state that only context remembers: nothing in it makes a snapshot a good one that nobody has seen. */
function unconfirmed(mirror: PlanState): PlanState {
  const { run } = mirror;
  return {
    ...mirror,
    lastSuccess: null,
    lastSuccessAt: null,
    lastPartial: null,
    drives: [],
    // Its backup was good, says context: the next attempt finds out, and finds its data already there.
    run: run?.phase === 'retention' ? { ...run, phase: 'verifying', outcome: null } : run,
    testimonyOwed: true,
  };
}

/** A state as a journal of version 0.1 may have it. */
type OlderState = Omit<PlanState, 'drives' | 'alerts'> & Partial<Pick<PlanState, 'drives' | 'alerts'>>;

/** A state with what an older version did not know of: its only drive is that of the last success. */
function completed(state: OlderState): PlanState {
  const { lastSuccess, dueAt, alerts = QUIET } = state;
  const drives = state.drives ?? (lastSuccess === null ? [] : drivesAfter([], lastSuccess, dueAt));
  return { ...state, drives, alerts };
}

/** Fits a remembered state to the present settings: new plans, renamed ones, edited schedules, other hosts. */
export function fitToSettings(record: PlanRecord, before: PlanSettings): void {
  const { settings, state } = record;
  const now = record.clock.now();
  const schedule = scheduleText(settings.schedule);
  let next: PlanState = { ...state, name: settings.name, schedule };
  if (state.schedule !== schedule) next = { ...next, ...underNewSchedule(record, now) };
  // A plan that takes another host's name may take over what that one backed up.
  if (before.contents.host !== settings.contents.host && state.lastSuccess === null)
    next = { ...next, testimonyOwed: true };
  if (state.schedule === '' && settings.startPaused) {
    next = { ...next, paused: { since: iso(now), until: null }, why: record.sentences.say('paused.open') };
  }
  if (JSON.stringify(next) !== JSON.stringify(state)) void record.put(next);
}

/** A debt to come begins when the new schedule says; one that has begun stays, and is tried for at the new slots. */
function underNewSchedule(record: PlanRecord, now: number): Partial<PlanState> {
  const { state, settings } = record;
  const { run } = state;
  const following = record.followingSlot(now);
  const nextSlotAt = following === null ? null : iso(following);
  const toCome = (dueAt: string | null): boolean => dueAt === null || Date.parse(dueAt) > now;
  const drives = state.drives.map((drive) => {
    if (!toCome(drive.dueAt)) return drive;
    const success = { at: drive.lastSuccessAt, endedAt: Date.parse(drive.lastSuccessAt) };
    return { ...drive, dueAt: isoOrNull(dueUnder(settings, success, now)) };
  });
  if (toCome(state.dueAt)) {
    const { lastSuccess } = state;
    const success = lastSuccess && { at: lastSuccess.at, endedAt: endOf(lastSuccess) };
    const due = isoOrNull(dueUnder(settings, success, now));
    const dueAt = debtOf(drives, due, settings.latenessPerDrive);
    return { drives, dueAt, ...(run === null ? idle(record, due) : { run: { ...run, nextSlotAt } }) };
  }
  if (run !== null) return { drives, run: { ...run, nextSlotAt } };
  const isOwedNow = state.nextAttemptAt !== null && Date.parse(state.nextAttemptAt) <= now;
  if (isOwedNow) return { drives };
  return { drives, nextAttemptAt: nextSlotAt, why: record.sentences.next(following, now) };
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : iso(time);
}

/** When the debt after a success begins under a schedule that was edited now. */
function dueUnder(
  settings: PlanSettings,
  success: { at: string; endedAt: number } | null,
  now: number,
): number | null {
  const { schedule, minimumGapMs } = settings;
  if (success === null) return firstDue(schedule, now);
  const snapshotAt = Math.min(Date.parse(success.at), now);
  const endedAt = Math.min(success.endedAt, now);
  // Slots of the new schedule that have passed were never promised.
  if (schedule.kind === 'cron') return schedule.cron.next(Math.max(now, endedAt + minimumGapMs - 1)) ?? null;
  return dueAfterSuccess(schedule, { snapshotAt, endedAt, minimumGapMs });
}

function idle(record: PlanRecord, dueAt: string | null): Pick<PlanState, 'nextAttemptAt' | 'why'> {
  const start = record.startOf(dueAt);
  if (start === null) return { nextAttemptAt: null, why: record.sentences.say('idle.event') };
  const time = record.sentences.when(start, record.clock.now());
  return { nextAttemptAt: iso(start), why: record.sentences.say('idle.due', { time }) };
}

/** Asks the repository for the last good backup when nothing else knows it. False: it could not be asked now. */
export async function hearTestimony(record: PlanRecord): Promise<boolean> {
  if (!record.state.testimonyOwed || record.witness === undefined) return true;
  let answer: WitnessAnswer;
  try {
    answer = await record.witness.newestGood(record.key, record.settings.contents.host);
  } catch {
    return false;
  }
  const { state } = record;
  const now = record.clock.now();
  const { newest: testimony, otherHosts } = answer;
  if (testimony === undefined) {
    if (otherHosts.length > 0) warnOfOtherHosts(record, otherHosts);
    // A debt that counted from a success which nobody confirms begins now.
    const isUnfounded = state.run === null && state.dueAt !== null && Date.parse(state.dueAt) > now;
    const dueAt = isUnfounded ? firstDue(record.settings.schedule, now) : undefined;
    await record.put({ ...state, testimonyOwed: false, ...(dueAt === undefined ? {} : owed(record, dueAt)) });
    return true;
  }
  const success = witnessed(testimony);
  const debt = record.debtAfter(success, Math.min(endOf(success), now));
  const why = record.sentences.say('testimony', { snapshot: testimony.snapshot.id.slice(0, 8) });
  await record.put({ ...change.stampSuccess(state, success, debt), ...owed(record, debt.dueAt), why });
  return true;
}

/** A flow that was copied, or moved: whose snapshots these are only a person can say. */
function warnOfOtherHosts(record: PlanRecord, otherHosts: readonly string[]): void {
  const { name, contents } = record.settings;
  const others = otherHosts
    .slice(0, MOST_HOSTS)
    .map((other) => other.slice(0, 60))
    .join(', ');
  record.warn(new Problem('other-host', { plan: name, others, host: contents.host }));
}

function owed(record: PlanRecord, dueAt: number | null): Partial<PlanState> {
  const due = dueAt === null ? null : iso(dueAt);
  return { dueAt: due, ...(record.state.run === null ? idle(record, due) : {}) };
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
    // Its debt was paid before we died; slots since then are owed.
    void record.decisions.finish(run, 'succeeded', { reason: record.state.why });
    return;
  }
  await untilGone(run.process, record.clock);
  const reason = record.sentences.say('interrupted', { attempt: run.attempt });
  if (!run.freeRestartUsed) {
    await record.put(change.attemptInterrupted(record.state, run, { at: now(), reason }));
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
  if (survivor === null) return;
  while (isAlive(survivor)) {
    await new Promise<void>((resolve) => void clock.after(LOOK_FOR_SURVIVOR_MS, resolve));
  }
}
