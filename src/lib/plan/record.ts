import type { CheckReport } from '../checks/check.ts';
import type { Clock } from '../clock.ts';
import { iso } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { Language } from '../language.ts';
import type { Carried, MaintenanceResult, Ticket } from '../message.ts';
import { Problem } from '../problem.ts';
import type { BackupOutcome, Progress, SnapshotClaim } from '../restic/outcome.ts';
import { formatSize } from '../size.ts';
import type { AnnouncementExtras, FinishedRun } from './announcement.ts';
import { backupMessage, envelope } from './announcement.ts';
import type { GateDoor, PlanDoor, Witness } from './doors.ts';
import { Lease } from './lease.ts';
import { Ledger } from './ledger.ts';
import { decide } from './retry-policy.ts';
import { dueAfterSuccess, jitterOf, nextSlot } from './schedule.ts';
import { Sentences } from './sentences.ts';
import type { PlanSettings } from './settings.ts';
import type { PlanState, RecordedProcess, RunEnd, RunState, SuccessRecord, Trigger } from './state.ts';
import * as change from './transitions.ts';

/** The debt is looked at again at least so often, whatever happened to the clock. */
const LOOK_AGAIN_MS = 60_000;
/** A start that is later than this pays for slots that were missed. */
const CATCH_UP_AFTER_MS = 5 * 60_000;

/** What a record works with; tests pass in their own. */
export interface RecordServices {
  readonly clock: Clock;
  readonly language: Language;
  readonly journal: Journal<PlanState>;
  readonly newRunId: () => string;
}

/** What a restic-run node gets for an attempt that it may make. */
export interface ClaimedAttempt {
  readonly runId: string;
  readonly settings: PlanSettings;
  /** Set: restic already reported this snapshot; only look for it. */
  readonly claim: SnapshotClaim | null;
  readonly lastSuccess: SuccessRecord | null;
  /** Call once, when the node has sent its message on. */
  readonly release: () => void;
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

  private plan: PlanDoor | undefined;
  private gate: GateDoor | undefined;
  private readonly lease: Lease;
  private readonly finished = new Map<string, FinishedRun>();
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
    if (this.state.paused === null) this.startWhatIsOwed(now);
    const next = Date.parse(this.state.paused?.until ?? this.state.nextAttemptAt ?? '') - this.clock.now();
    const wait = Number.isNaN(next) ? LOOK_AGAIN_MS : Math.min(Math.max(next, 0), LOOK_AGAIN_MS);
    this.cancelTimer = this.clock.after(wait, () => this.tick());
  }

  private startWhatIsOwed(now: number): void {
    const { run, nextAttemptAt, pending } = this.state;
    if (nextAttemptAt === null) return;
    if (run === null) {
      const lateMs = now - Date.parse(nextAttemptAt);
      if (lateMs >= 0) this.startRun(lateMs > CATCH_UP_AFTER_MS ? 'catch-up' : 'schedule', {});
      return;
    }
    if (run.phase !== 'waiting' || pending === null) return;
    const policy = this.gate?.policyFor(this.settings.situation);
    if (policy?.timeLimitMs != null && now - Date.parse(run.startedAt) >= policy.timeLimitMs) {
      this.finish(run, this.endWithoutBackup(run), this.sentences.say('limit', { reason: run.reason }));
      return;
    }
    if (run.nextSlotAt !== null && Date.parse(run.nextSlotAt) <= now) {
      if (policy?.giveUpAtNextSlot === true) {
        const slot = now;
        this.finish(
          run,
          this.endWithoutBackup(run),
          this.sentences.say('newSlot', { reason: run.reason }),
          slot,
        );
        return;
      }
      this.put(
        change.freshBudgets(this.state, run, nextSlot(this.settings.schedule, parsed(this.state.dueAt), now)),
      );
      this.tryAgain();
      return;
    }
    if (Date.parse(pending.at) <= now) this.tryAgain();
  }

  /** The next moment this plan may start by itself after a run without a good backup. */
  followingSlot(after: number): number | null {
    const slot = nextSlot(this.settings.schedule, parsed(this.state.dueAt), after);
    return slot === null ? null : slot + jitterOf(this.key, this.settings.jitterMs);
  }

  unpause(): void {
    this.put({ ...this.state, paused: null, why: this.sentences.say('resumed') });
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
    this.put(next, () => this.handOver('run'));
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
    this.put(change.handOut(this.state, run, facts), () => this.handOver('try-again'));
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

  /** The present run, if the ticket is for its present attempt. */
  current(ticket: Ticket): RunState | undefined {
    const run = this.state.run;
    return run !== null && run.id === ticket.run && run.attempt === ticket.attempt ? run : undefined;
  }

  /** A precondition-check begins to look; undefined for copies and stale messages. */
  beginCheck(ticket: Ticket, message: Carried): (() => void) | undefined {
    const run = this.current(ticket);
    if (run === undefined || (run.phase !== 'handed-out' && run.phase !== 'ready')) return undefined;
    this.carried = message;
    this.put(change.enterPhase(this.state, run, 'checking', this.sentences.say('phase.checking')));
    return this.lease.hold();
  }

  /** What the check found. Returns the message to send; undefined when the attempt was ended meanwhile. */
  async checked(ticket: Ticket, report: CheckReport): Promise<Carried | undefined> {
    const run = this.current(ticket);
    if (run?.phase !== 'checking') return undefined;
    if (report.passed) {
      await this.put(
        change.enterPhase(this.state, run, 'ready', this.sentences.say('phase.ready'), { checked: true }),
      );
      return this.message('ready', { checks: report });
    }
    this.devicePresent = false;
    await this.put(change.attemptBlocked(this.state, run, { at: this.clock.now(), reason: report.reason }));
    const message = this.message('not-ready', { checks: report, reason: report.reason });
    if (this.gate === undefined) this.conclude();
    return message;
  }

  /**
   * A restic-run node takes the attempt; undefined for copies and stale messages, which are to be dropped quietly.
   * @throws Problem `check-not-passed` when the plan has a check and this attempt did not pass it
   */
  claim(
    ticket: Ticket,
    message: Carried,
    options: { hasCheck: boolean; stop: () => void },
  ): ClaimedAttempt | undefined {
    const run = this.current(ticket);
    if (run === undefined) return undefined;
    if (
      run.phase === 'checking' ||
      run.outcome === 'blocked' ||
      (options.hasCheck && !run.checked && run.phase === 'handed-out')
    ) {
      throw new Problem('check-not-passed', { plan: this.settings.name, attempt: run.attempt });
    }
    if (run.phase !== 'handed-out' && run.phase !== 'ready') return undefined;
    this.carried = message;
    this.stopRestic = options.stop;
    const release = this.lease.hold();
    this.put(change.enterPhase(this.state, run, 'queued', this.sentences.say('phase.queued')));
    return {
      runId: run.id,
      settings: this.settings,
      claim: run.claim,
      lastSuccess: this.state.lastSuccess,
      release,
    };
  }

  /** restic runs (or the look for its snapshot does). On the disk when this resolves. */
  async started(ticket: Ticket, process: RecordedProcess): Promise<void> {
    await this.move(ticket, 'backing-up', { process });
  }

  async verifying(ticket: Ticket): Promise<void> {
    await this.move(ticket, 'verifying');
  }

  /** At most one call a second is worth it. */
  progressed(ticket: Ticket, progress: Progress): Carried | undefined {
    if (this.current(ticket) === undefined) return undefined;
    this.progress = progress;
    this.refresh();
    return envelope(
      this.carried,
      backupMessage(this.state, 'progress', { progress }),
      Math.floor(progress.fraction * 100),
    );
  }

  private async move(
    ticket: Ticket,
    phase: 'backing-up' | 'verifying',
    more: Partial<RunState> = {},
  ): Promise<void> {
    const run = this.current(ticket);
    if (run !== undefined) {
      await this.put(change.enterPhase(this.state, run, phase, this.sentences.say(`phase.${phase}`), more));
    }
  }

  /** The outcome of an attempt; stamped durably when this resolves. A success is stamped before retention starts. */
  async report(ticket: Ticket, outcome: BackupOutcome): Promise<void> {
    const run = this.current(ticket);
    if (run === undefined) return;
    const at = this.clock.now();
    this.progress = null;
    this.stopRestic = undefined;
    switch (outcome.kind) {
      case 'succeeded': {
        const success = successOf(run.id, outcome);
        const why = this.sentences.say('phase.retention', { snapshot: success.snapshotId.slice(0, 8) });
        const dueAt = this.dueAfter(success, at);
        await this.put(change.attemptSucceeded(this.state, run, { at, success, dueAt, why }));
        return;
      }
      case 'partial':
        await this.put(
          change.attemptPartial(this.state, run, {
            at,
            partial: successOf(run.id, outcome),
            reason: outcome.reason,
          }),
        );
        return;
      case 'cancelled':
        await this.put({
          ...this.state,
          run: { ...run, phase: 'deciding', outcome: 'cancelled', process: null },
        });
        return;
      case 'failed':
      case 'unverified':
        if (outcome.kind === 'failed' && outcome.failure.class === 'source-missing') {
          // restic did not start: this is waiting, not failing.
          await this.put(change.attemptBlocked(this.state, run, { at, reason: outcome.failure.reason }));
          return;
        }
        await this.put(
          change.attemptFailed(this.state, run, {
            at,
            outcome: outcome.kind,
            failureClass: outcome.kind === 'failed' ? outcome.failure.class : 'unverified',
            reason: outcome.failure.reason,
            claim: outcome.kind === 'unverified' ? outcome.claim : null,
          }),
        );
    }
  }

  /** The attempt is over, retention included. Returns the message that leaves restic-run. */
  complete(
    ticket: Ticket,
    outcome: BackupOutcome,
    maintenance: MaintenanceResult | undefined,
  ): Carried | undefined {
    const run = this.current(ticket);
    if (run === undefined) return undefined;
    const extras: AnnouncementExtras = {
      ...(maintenance === undefined ? {} : { maintenance }),
      ...('snapshot' in outcome ? { snapshotId: outcome.snapshot.id, figures: outcome.figures } : {}),
      ...(outcome.kind === 'partial' ? { unreadable: outcome.unreadable } : {}),
    };
    const event = 'snapshot' in outcome ? 'finished' : 'not-finished';
    if (run.outcome === 'succeeded' || run.outcome === 'partial' || run.outcome === 'cancelled') {
      const reason = this.reasonOf(outcome);
      const message = this.message(event, { ...extras, reason, end: run.outcome });
      this.finish(run, run.outcome, reason, undefined, { extras, announce: false });
      return { ...message, payload: this.state.why };
    }
    const message = this.message(event, extras);
    if (this.gate === undefined) this.conclude();
    return message;
  }

  private reasonOf(outcome: BackupOutcome): string {
    if (outcome.kind === 'succeeded') {
      const { filesTotal, bytesTotal } = outcome.figures;
      const snapshot = outcome.snapshot.id.slice(0, 8);
      return this.sentences.say('good', { files: filesTotal, size: formatSize(bytesTotal), snapshot });
    }
    return outcome.kind === 'cancelled' || outcome.kind === 'partial'
      ? outcome.reason
      : outcome.failure.reason;
  }

  // --- decisions ---

  /** A message of this plan reached its gate. False for copies and stale ones. */
  arrivedAtGate(ticket: Ticket, message: Carried): boolean {
    const finished = this.finished.get(ticket.run);
    if (finished !== undefined && finished.attempt === ticket.attempt) {
      this.finished.delete(ticket.run);
      this.carried = message;
      this.announce(finished);
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
      this.finish(run, run.outcome, run.reason);
      return;
    }
    if (this.gate === undefined) {
      this.finish(run, this.endWithoutBackup(run), run.reason);
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
      this.finish(run, this.endWithoutBackup(run), run.reason);
      return;
    }
    const at = now + decision.delayMs;
    const why = this.sentences.retry(decision, run.attempt + 1, at, now, run.reason);
    const { budget, used, allowed } = decision;
    const pending = { attempt: run.attempt + 1, at: iso(at), budget, used, allowed, because: run.reason };
    this.lease.end();
    this.put(change.awaitRetry(this.state, run, pending, why));
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
  ): void {
    const now = this.clock.now();
    const wasAlarmed = this.state.alarmed;
    if (end === 'succeeded' && this.state.lastSuccess !== null) {
      // The gap counts from the end of the run, which is only known now.
      const dueAt = this.dueAfter(this.state.lastSuccess, now);
      this.put({ ...this.state, dueAt: dueAt === null ? null : iso(dueAt) });
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
    if (options.announce === false && this.gate !== undefined) {
      this.finished.set(id, told);
      if (this.finished.size > 4) this.finished.delete(this.finished.keys().next().value ?? '');
    }
    this.put(change.endRun(this.state, run, { at: now, end, reason, nextAttemptAt: next, why }), () => {
      if (options.announce !== false) this.announce(told);
    });
    this.tick();
  }

  private announce(told: FinishedRun): void {
    const send = (
      port: 'good-backup' | 'ended' | 'alert',
      extras: AnnouncementExtras,
      payload: string,
    ): void => {
      const backup = backupMessage(this.state, port, { ...told.extras, ...extras });
      this.gate?.send(port, envelope(this.carried, backup, payload));
    };
    const name = this.settings.name;
    const reason = told.sentence;
    send(told.end === 'succeeded' ? 'good-backup' : 'ended', {}, reason);
    if (told.end === 'gave-up') {
      send('alert', { alert: 'gave-up' }, this.sentences.say('alertGaveUp', { name, reason }));
    }
    if (told.recovered)
      send('alert', { alert: 'recovered' }, this.sentences.say('recovered', { name, reason }));
    const { maintenance } = told.extras;
    if (maintenance?.ok === false) {
      const text = this.sentences.say('alertMaintenance', { name, reason: maintenance.reason });
      send('alert', { alert: 'maintenance-failed' }, text);
    }
  }

  /** Stops the restic of the present attempt, if one runs. */
  stopAttempt(): boolean {
    if (this.stopRestic === undefined) return false;
    this.stopRestic();
    return true;
  }

  /** The present attempt is given to somebody who can stop it (after a redeploy: the adopting node). */
  stoppedBy(stop: () => void): void {
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
    this.put(change.attemptFailed(this.state, run, facts));
    this.conclude();
  }

  private message(
    event: 'ready' | 'not-ready' | 'finished' | 'not-finished',
    extras: AnnouncementExtras,
  ): Carried {
    return envelope(this.carried, backupMessage(this.state, event, extras), this.state.why);
  }

  private dueAfter(success: SuccessRecord, endedAt: number): number | null {
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

function successOf(
  run: string,
  outcome: Extract<BackupOutcome, { kind: 'succeeded' | 'partial' }>,
): SuccessRecord {
  const { snapshot, repositoryId, figures } = outcome;
  return { at: snapshot.time, snapshotId: snapshot.id, repositoryId, run, figures };
}
