import type { Clock } from '../clock.ts';
import { iso } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { Language } from '../language.ts';
import type { Carried, Ticket } from '../message.ts';
import type { Problem } from '../problem.ts';
import type { Progress } from '../restic/outcome.ts';
import type { AlertDesk } from './alert-desk.ts';
import { PlanAlerts } from './alerts.ts';
import type { AnnouncementExtras } from './announcement.ts';
import { backupMessage, envelope } from './announcement.ts';
import { Attempts } from './attempts.ts';
import { afterClockSetBack } from './clock-set-back.ts';
import { Decisions } from './decisions.ts';
import type { DeviceDoor, GateDoor, PlanDoor, Witness } from './doors.ts';
import { Learning } from './learning.ts';
import { Lease } from './lease.ts';
import { Ledger } from './ledger.ts';
import { startWhatIsOwed } from './owed.ts';
import { Pace } from './pace.ts';
import { Presence } from './presence.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { dueAfterSuccess, jitterOf, nextSlot } from './schedule.ts';
import { Sentences } from './sentences.ts';
import type { PlanSettings } from './settings.ts';
import type { PlanState, RunState, SuccessRecord, Trigger } from './state.ts';
import { waitingFor } from './state.ts';
import * as change from './transitions.ts';

/** The debt is looked at again at least so often, whatever happened to the clock. */
const LOOK_AGAIN_MS = 60_000;

/** Why the restic of an attempt is stopped: a person asked, or its device was switched off. */
export type StopWish = 'cancel' | 'device';

/** What a record works with; tests pass in their own. */
export interface RecordServices {
  readonly clock: Clock;
  readonly language: Language;
  readonly journal: Journal<PlanState>;
  readonly newRunId: () => string;
}

/**
 * Everything that happens to one plan, one record per plan and process. Nodes report what happened; the record judges
 * it, journals it and only then lets it have consequences. It outlives redeploys.
 */
export class PlanRecord {
  readonly key: string;
  settings: PlanSettings;
  readonly clock: Clock;
  readonly sentences: Sentences;
  /** Latest word of a running restic; not kept. */
  progress: Progress | null = null;
  /** The user's own properties of the message that started or last carried the run. */
  carried: Carried = {};
  /** What its drive or plug said. */
  readonly presence: Presence = new Presence();
  /** How often attempts were asked for. */
  readonly pace: Pace = new Pace();
  witness: Witness | undefined;
  /** What is switched on and mounted for its backups. */
  device: DeviceDoor | undefined;
  readonly services: RecordServices;
  readonly ledger: Ledger;
  readonly lease: Lease;
  readonly attempts: Attempts;
  readonly decisions: Decisions;
  /** When its device is there. */
  readonly learning: Learning;
  /** What people are told. */
  readonly alerts: PlanAlerts;
  /** Its repository, to tell plans that wait for the same one. */
  place = '';

  private plan: PlanDoor | undefined;
  private gate: GateDoor | undefined;
  /** What is to be sent when flows run again: nodes that are being replaced lose what they send. */
  private unsent: (() => void)[] = [];
  private cancelTimer: (() => void) | undefined;
  /** What the clock showed at the last look. */
  private lookedAt = 0;
  private opened = false;
  private stopRestic: ((why: StopWish) => void) | undefined;
  private readonly changed: () => void;

  /** @param changed called whenever there is something new to show */
  constructor(
    settings: PlanSettings,
    state: PlanState,
    services: RecordServices,
    { desk, changed }: { readonly desk: AlertDesk; readonly changed: () => void },
  ) {
    this.key = settings.key;
    this.settings = settings;
    this.services = services;
    this.changed = changed;
    this.clock = services.clock;
    this.sentences = new Sentences(services.language);
    this.attempts = new Attempts(this);
    this.decisions = new Decisions(this);
    this.learning = new Learning(this);
    this.alerts = new PlanAlerts(this, desk);
    this.lease = new Lease(services.clock, () => this.decisions.messageLost());
    this.ledger = new Ledger(
      state,
      services.journal,
      (committed) => {
        this.gate?.mirror(committed);
        this.refresh();
        this.device?.reconsider();
        this.alerts.deliver();
      },
      (problem) => this.warn(problem),
    );
  }

  get state(): PlanState {
    return this.ledger.state;
  }

  get isOpen(): boolean {
    return this.opened;
  }

  /** What the owning gate does for plans in this situation; undefined without a gate. */
  get policy(): RetryPolicy | undefined {
    return this.gate?.policyFor(this.settings.situation);
  }

  /** Id of the gate that owns this plan. */
  get gateId(): string | undefined {
    return this.gate?.id;
  }

  get gateDoor(): GateDoor | undefined {
    return this.gate;
  }

  // --- doors ---

  attachPlan(
    door: PlanDoor,
    settings: PlanSettings,
    surroundings: { witness: Witness | undefined; device: DeviceDoor | undefined; place: string },
  ): void {
    this.plan = door;
    this.settings = settings;
    this.witness = surroundings.witness;
    this.device = surroundings.device;
    this.place = surroundings.place;
    this.refresh();
  }

  /** The plan node went away. Whoever runs restic for it goes on, or stops it by itself. */
  detachPlan(): void {
    this.plan = undefined;
    this.opened = false;
    this.cancelTimer?.();
  }

  attachGate(door: GateDoor): void {
    this.gate = door;
    door.mirror(this.state);
    this.refresh();
  }

  /** No gate owns the plan: it runs and is recorded, without retries and alerts. */
  detachGate(): void {
    this.gate = undefined;
    this.refresh();
  }

  /** Flows run and the past is known: from here on things start by themselves. */
  open(): void {
    this.opened = true;
    this.alerts.wakes();
    for (const send of this.unsent.splice(0)) send();
    if (this.state.run?.phase === 'deciding') this.decisions.conclude();
    this.tick();
    this.refresh();
  }

  warn(problem: Problem): void {
    this.plan?.warn(problem.in(this.services.language));
  }

  refresh(): void {
    this.plan?.refresh();
    this.gate?.refresh();
    this.changed();
  }

  /** The message that answers "not now, because". */
  notNow(reason: string, carried: Carried): Carried {
    return envelope(carried, backupMessage(this.state, 'not-now', { reason }), reason);
  }

  /** Says "not now" at the plan's own output: what was asked for came by another way. */
  sayNotNow(reason: string): void {
    this.deliver(() => this.plan?.send('not-now', this.notNow(reason, {})));
  }

  /** The message that has the plan's device switched; it belongs to no run's way through the flow. */
  powerMessage(on: boolean, payload: unknown): Carried {
    const name = this.device?.name ?? '';
    const reason = this.sentences.say(on ? 'power.on' : 'power.off', { device: name });
    return { topic: name, payload, backup: backupMessage(this.state, 'power', { reason }) };
  }

  /** Sends at once, or when the nodes that are being replaced are there again. */
  deliver(send: () => void): void {
    if (this.opened) send();
    else this.unsent.push(send);
  }

  // --- time ---

  /** Looks at the debt, starts what is owed, and sets the next look. */
  tick(): void {
    this.cancelTimer?.();
    if (!this.opened || this.plan === undefined) return;
    const now = this.clock.now();
    const healed = afterClockSetBack(this.state, now, this.lookedAt, () => this.followingSlot(now));
    this.lookedAt = now;
    if (healed !== this.state) void this.put(healed);
    const until = this.state.paused?.until ?? null;
    if (until !== null && Date.parse(until) <= now) this.unpause();
    if (this.state.paused === null) startWhatIsOwed(this, now);
    this.alerts.look(now);
    // What was started may have set the next look already.
    this.cancelTimer?.();
    this.cancelTimer = this.clock.after(this.untilNextLook(now), () => this.tick());
  }

  /**
   * At most a minute; what was past at `now`, the moment of this look, and did not start waits for something else than
   * time. A later `now` would take a moment that came while we looked for one that was looked at.
   */
  private untilNextLook(now: number): number {
    const { paused, nextAttemptAt } = this.state;
    const next = parsed(paused === null ? nextAttemptAt : paused.until);
    const wait = next === null ? 0 : next - now;
    return wait > 0 ? Math.min(wait, LOOK_AGAIN_MS) : LOOK_AGAIN_MS;
  }

  /** The next moment this plan may start by itself after a run without a good backup, ms. */
  followingSlot(after: number): number | null {
    const slot = nextSlot(this.settings.schedule, parsed(this.state.dueAt), after);
    return slot === null ? null : slot + this.jitterMs;
  }

  /** The plan's share of the jitter. */
  get jitterMs(): number {
    return jitterOf(this.key, this.settings.jitterMs);
  }

  unpause(): void {
    const now = this.clock.now();
    const next = this.sentences.next(parsed(this.state.nextAttemptAt), now);
    const why = this.state.run === null ? `${this.sentences.say('resumed')} ${next}` : this.state.run.reason;
    this.alerts.wakes();
    void this.put({ ...this.state, paused: null, why });
  }

  // --- runs and attempts ---

  /** Starts a run; the caller made sure that there is none. */
  startRun(trigger: Trigger, carried: Carried): void {
    const now = this.clock.now();
    this.carried = carried;
    this.presence.attemptStarts(trigger === 'device');
    this.handOut(
      change.beginRun(this.state, {
        run: this.services.newRunId(),
        trigger,
        at: now,
        nextSlotAt: this.followingSlot(now),
        why: this.sentences.say('attempt.first'),
      }),
      'run',
    );
  }

  /** The waiting run makes its next attempt now. */
  tryAgain(): void {
    const { run, nextAttemptAt } = this.state;
    if (run === null) return;
    const byDevice = this.presence.isWhy(nextAttemptAt);
    this.presence.attemptStarts(byDevice);
    const attempt = run.attempt + 1;
    const why = this.sentences.say(byDevice ? 'attempt.device' : 'attempt.again', { attempt });
    this.handOut(change.handOut(this.state, run, { at: this.clock.now(), why }), 'try-again');
  }

  private handOut(next: PlanState, event: 'run' | 'try-again'): void {
    const { run } = next;
    if (run === null) return;
    const ticket = { plan: this.key, run: run.id, attempt: run.attempt };
    this.lease.start();
    void this.put(next, () =>
      this.deliver(() => {
        // It may have been cancelled before it could leave.
        if (this.current(ticket)?.phase !== 'handed-out') return;
        const message = envelope(this.carried, backupMessage(this.state, event), this.state.why);
        if (event === 'try-again' && this.gate?.triesAgainByWire === true)
          this.gate.send('try-again', message);
        else this.plan?.send('run', message);
      }),
    );
  }

  /** A message in the plan's input that is its own run coming round: passed on as it is. */
  passOn(ticket: Ticket, message: Carried): boolean {
    if (this.current(ticket)?.phase !== 'handed-out') return false;
    this.carried = message;
    this.plan?.send('run', envelope(message, backupMessage(this.state, 'run'), this.state.why));
    return true;
  }

  /** A node of ours has the run's message until the returned function is called. */
  hold(): () => void {
    return this.lease.hold();
  }

  /** The present run, if the ticket is for its present attempt. */
  current(ticket: Ticket): RunState | undefined {
    const run = this.state.run;
    return run !== null && run.id === ticket.run && run.attempt === ticket.attempt ? run : undefined;
  }

  /** A message of this plan reached its gate. False for copies and stale ones. */
  arrivedAtGate(ticket: Ticket, message: Carried): boolean {
    return this.decisions.arrivedAtGate(ticket, message);
  }

  /** Stops the restic of the present attempt, if one runs. */
  stopAttempt(why: StopWish): boolean {
    if (this.stopRestic === undefined) return false;
    this.stopRestic(why);
    return true;
  }

  /** Who can stop the restic of the present attempt. */
  stoppedBy(stop: ((why: StopWish) => void) | undefined): void {
    this.stopRestic = stop;
  }

  /** A message about the present attempt. */
  message(event: 'ready' | 'not-ready' | 'finished' | 'not-finished', extras: AnnouncementExtras): Carried {
    return envelope(this.carried, backupMessage(this.state, event, extras), this.state.why);
  }

  /** What a success leaves owed, its run having ended at `endedAt` (ms). */
  debtAfter(success: SuccessRecord, endedAt: number): change.NextDebt {
    const { schedule, minimumGapMs, latenessPerDrive: perDrive } = this.settings;
    const dueAt = dueAfterSuccess(schedule, { snapshotAt: Date.parse(success.at), endedAt, minimumGapMs });
    return { dueAt, perDrive };
  }

  /** An attempt is being made. */
  get isTrying(): boolean {
    return this.state.run !== null && this.state.run.phase !== 'waiting';
  }

  /** When it starts by itself next, ms; null while an attempt is made, while paused, and when only an event does. */
  get nextStartAt(): number | null {
    return this.state.paused === null ? parsed(this.state.nextAttemptAt) : null;
  }

  /** When a debt is first paid: its beginning plus the plan's share of the jitter. */
  startOf(dueAt: string | null): number | null {
    return dueAt === null ? null : Date.parse(dueAt) + this.jitterMs;
  }

  /** Takes a new state; `then` runs when it is on the disk. */
  put(next: PlanState, then?: () => void): Promise<void> {
    // Not set back with the clock: what waits is to be looked at first (clock-set-back.ts).
    const changedAt = iso(Math.max(this.clock.now(), parsed(next.changedAt) ?? 0));
    if (this.isTrying && (next.run === null || next.run.phase === 'waiting')) this.attempts.over();
    const learned = this.learning.news();
    const alerts = this.alerts.after(next);
    return this.ledger.commit({ ...next, ...learned, alerts, changedAt, waitingFor: waitingFor(next) }, then);
  }
}

function parsed(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
