import type { Clock } from '../clock.ts';
import { iso } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { Language } from '../language.ts';
import type { Carried, Ticket } from '../message.ts';
import { Problem } from '../problem.ts';
import type { Progress } from '../restic/outcome.ts';
import type { AnnouncementExtras, FinishedRun } from './announcement.ts';
import { backupMessage, envelope } from './announcement.ts';
import { Announcer } from './announcer.ts';
import { Attempts } from './attempts.ts';
import type { GateDoor, PlanDoor, Witness } from './doors.ts';
import { Lease } from './lease.ts';
import { Ledger } from './ledger.ts';
import { startWhatIsOwed } from './owed.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { decide } from './retry-policy.ts';
import { dueAfterSuccess, jitterOf, nextSlot } from './schedule.ts';
import { Sentences } from './sentences.ts';
import type { PlanSettings } from './settings.ts';
import type { PlanState, RunEnd, RunState, SuccessRecord, Trigger } from './state.ts';
import * as change from './transitions.ts';

/** The debt is looked at again at least so often, whatever happened to the clock. */
const LOOK_AGAIN_MS = 60_000;

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
  /** A drive or plug said it is there; forgotten when a check finds that it is not. */
  devicePresent = false;
  witness: Witness | undefined;
  readonly services: RecordServices;
  readonly ledger: Ledger;
  readonly attempts: Attempts = new Attempts(this);

  private plan: PlanDoor | undefined;
  private gate: GateDoor | undefined;
  private readonly lease: Lease;
  private readonly announcer: Announcer;
  private cancelTimer: (() => void) | undefined;
  private opened = false;
  private stopRestic: (() => void) | undefined;

  constructor(settings: PlanSettings, state: PlanState, services: RecordServices) {
    this.key = settings.key;
    this.settings = settings;
    this.services = services;
    this.clock = services.clock;
    this.sentences = new Sentences(services.language);
    this.lease = new Lease(services.clock, () => this.messageLost());
    this.announcer = new Announcer(this.sentences, (port, finished, extras, payload) => {
      const backup = backupMessage(this.state, port, { ...finished.extras, ...extras });
      this.gate?.send(port, envelope(this.carried, backup, payload));
    });
    this.ledger = new Ledger(
      state,
      services.journal,
      (committed) => {
        this.gate?.mirror(committed);
        this.refresh();
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

  // --- doors ---

  attachPlan(door: PlanDoor, settings: PlanSettings, witness: Witness | undefined): void {
    this.plan = door;
    this.settings = settings;
    this.witness = witness;
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
    if (this.state.run?.phase === 'deciding') this.conclude();
    this.tick();
    this.refresh();
  }

  warn(problem: Problem): void {
    this.plan?.warn(problem.in(this.services.language));
  }

  refresh(): void {
    this.plan?.refresh();
    this.gate?.refresh();
  }

  /** The message that answers "not now, because". */
  notNow(reason: string, carried: Carried): Carried {
    return envelope(carried, backupMessage(this.state, 'not-now', { reason }), reason);
  }

  // --- time ---

  /** Looks at the debt, starts what is owed, and sets the next look. */
  tick(): void {
    this.cancelTimer?.();
    if (!this.opened || this.plan === undefined) return;
    const now = this.clock.now();
    const until = this.state.paused?.until;
    if (until !== undefined && until !== null && Date.parse(until) <= now) this.unpause();
    if (this.state.paused === null) startWhatIsOwed(this, now);
    const next = Date.parse(this.state.paused?.until ?? this.state.nextAttemptAt ?? '') - this.clock.now();
    const wait = Number.isNaN(next) ? LOOK_AGAIN_MS : Math.min(Math.max(next, 0), LOOK_AGAIN_MS);
    this.cancelTimer = this.clock.after(wait, () => this.tick());
  }

  /** The next moment this plan may start by itself after a run without a good backup. */
  followingSlot(after: number): number | null {
    const slot = nextSlot(this.settings.schedule, parsed(this.state.dueAt), after);
    return slot === null ? null : slot + jitterOf(this.key, this.settings.jitterMs);
  }

  unpause(): void {
    void this.put({ ...this.state, paused: null, why: this.sentences.say('resumed') });
  }

  // --- runs and attempts ---

  /** Starts a run; the caller made sure that there is none. */
  startRun(trigger: Trigger, carried: Carried): void {
    const now = this.clock.now();
    this.carried = carried;
    const next = change.beginRun(this.state, {
      run: this.services.newRunId(),
      trigger,
      at: now,
      nextSlotAt: nextSlot(this.settings.schedule, parsed(this.state.dueAt), now),
      why: this.sentences.say('attempt.first'),
    });
    this.lease.start();
    void this.put(next, () => this.handOver('run'));
  }

  /** The waiting run makes its next attempt now. */
  tryAgain(why: 'again' | 'device' = 'again'): void {
    const run = this.state.run;
    if (run === null) return;
    const facts = {
      at: this.clock.now(),
      why: this.sentences.say(`attempt.${why}`, { attempt: run.attempt + 1 }),
    };
    this.lease.start();
    void this.put(change.handOut(this.state, run, facts), () => this.handOver('try-again'));
  }

  private handOver(event: 'run' | 'try-again'): void {
    const message = envelope(this.carried, backupMessage(this.state, event), this.state.why);
    if (event === 'try-again' && this.gate?.triesAgainByWire === true) this.gate.send('try-again', message);
    else this.plan?.send('run', message);
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

  // --- decisions ---

  /** A message of this plan reached its gate. False for copies and stale ones. */
  arrivedAtGate(ticket: Ticket, message: Carried): boolean {
    const finished = this.announcer.take(ticket);
    if (finished !== undefined) {
      this.carried = message;
      this.announcer.announce(finished, this.settings.name);
      return true;
    }
    if (this.current(ticket)?.phase !== 'deciding') return false;
    this.carried = message;
    this.conclude();
    return true;
  }

  /** Decides about an attempt whose outcome is known: try again, or end the run. */
  conclude(): void {
    const run = this.state.run;
    if (run === null || run.phase !== 'deciding' || run.outcome === null) return;
    if (run.outcome === 'partial' || run.outcome === 'cancelled') {
      void this.finish(run, run.outcome, run.reason);
      return;
    }
    if (this.gate === undefined) {
      void this.finish(run, this.endWithoutBackup(run), run.reason);
      return;
    }
    const now = this.clock.now();
    const decision = decide(this.gate.policyFor(this.settings.situation), {
      runId: run.id,
      attempt: run.attempt,
      outcome:
        run.outcome === 'blocked' || run.outcome === 'unverified' || run.outcome === 'lost'
          ? run.outcome
          : 'failed',
      failureClass: run.failureClass,
      failures: run.failures,
      waits: run.waits,
      ageMs: now - Date.parse(run.startedAt),
    });
    if (decision.kind === 'give-up') {
      void this.finish(run, this.endWithoutBackup(run), run.reason);
      return;
    }
    const at = now + decision.delayMs;
    const why = this.sentences.retry(decision, run.attempt + 1, at, now, run.reason);
    const { budget, used, allowed } = decision;
    const pending = { attempt: run.attempt + 1, at: iso(at), budget, used, allowed, because: run.reason };
    this.lease.end();
    void this.put(change.awaitRetry(this.state, run, pending, why));
    this.tick();
  }

  endWithoutBackup(run: RunState): RunEnd {
    return run.everFailed ? 'gave-up' : 'unmet';
  }

  /** Ends the run. Announced by the gate at once, or when the run's own message arrives there. */
  finish(
    run: RunState,
    end: RunEnd,
    reason: string,
    nextAttemptAt?: number,
    options: { extras?: AnnouncementExtras; announce?: boolean } = {},
  ): Promise<void> {
    const now = this.clock.now();
    const wasAlarmed = this.state.alarmed;
    if (end === 'succeeded' && this.state.lastSuccess !== null) {
      // The gap counts from the end of the run, which is only known now.
      const dueAt = this.dueAfter(this.state.lastSuccess, now);
      void this.put({ ...this.state, dueAt: dueAt === null ? null : iso(dueAt) });
    }
    const next =
      nextAttemptAt ?? (end === 'succeeded' ? this.startOf(this.state.dueAt) : this.followingSlot(now));
    const why = this.sentences.ended(end, reason, next, now);
    const { outcome, failureClass, trigger, attempt, id } = run;
    const extras = { outcome, failureClass, trigger, ...options.extras, run: id, attempt, end, reason };
    const told: FinishedRun = {
      id,
      attempt,
      end,
      sentence: why,
      extras,
      recovered: wasAlarmed && end === 'succeeded',
    };
    this.lease.end();
    this.stopRestic = undefined;
    if (options.announce === false && this.gate !== undefined) this.announcer.keep(told);
    const written = this.put(
      change.endRun(this.state, run, { at: now, end, reason, nextAttemptAt: next, why }),
      () => {
        if (options.announce !== false) this.announcer.announce(told, this.settings.name);
      },
    );
    this.tick();
    return written;
  }

  /** Stops the restic of the present attempt, if one runs. */
  stopAttempt(): boolean {
    if (this.stopRestic === undefined) return false;
    this.stopRestic();
    return true;
  }

  /** Who can stop the restic of the present attempt. */
  stoppedBy(stop: (() => void) | undefined): void {
    this.stopRestic = stop;
  }

  private messageLost(): void {
    const run = this.state.run;
    if (run === null || run.phase === 'waiting') return;
    if (run.phase === 'deciding') {
      this.warn(new Problem('outcome-lost', { plan: this.settings.name, attempt: run.attempt }));
      this.conclude();
      return;
    }
    const reason = this.sentences.say('lost', { attempt: run.attempt });
    this.warn(new Problem('message-lost', { plan: this.settings.name, attempt: run.attempt }));
    const facts = {
      at: this.clock.now(),
      outcome: 'lost',
      failureClass: 'lost',
      reason,
      claim: run.claim,
    } as const;
    void this.put(change.attemptFailed(this.state, run, facts));
    this.conclude();
  }

  /** A message about the present attempt. */
  message(event: 'ready' | 'not-ready' | 'finished' | 'not-finished', extras: AnnouncementExtras): Carried {
    return envelope(this.carried, backupMessage(this.state, event, extras), this.state.why);
  }

  /** When the next debt begins after a success, the run having ended at `endedAt` (ms). */
  dueAfter(success: SuccessRecord, endedAt: number): number | null {
    const { schedule, minimumGapMs } = this.settings;
    return dueAfterSuccess(schedule, { snapshotAt: Date.parse(success.at), endedAt, minimumGapMs });
  }

  /** When a debt is first paid: its beginning plus the plan's share of the jitter. */
  startOf(dueAt: string | null): number | null {
    return dueAt === null ? null : Date.parse(dueAt) + jitterOf(this.key, this.settings.jitterMs);
  }

  /** Takes a new state; `then` runs when it is on the disk. */
  put(next: PlanState, then?: () => void): Promise<void> {
    return this.ledger.commit(next, then);
  }
}

function parsed(time: string | null): number | null {
  return time === null ? null : Date.parse(time);
}
