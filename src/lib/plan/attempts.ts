import type { CheckReport } from '../checks/check.ts';
import { firstObstacle } from '../checks/obstacle.ts';
import type { Carried, Ticket } from '../message.ts';
import { Problem } from '../problem.ts';
import type { MaintenanceResult, MaintenanceStep } from '../restic/maintenance-result.ts';
import type { BackupOutcome, Progress, SnapshotClaim } from '../restic/outcome.ts';
import { formatSize } from '../size.ts';
import type { RecordedProcess } from '../system-process.ts';
import type { AnnouncementExtras } from './announcement.ts';
import { backupMessage, envelope } from './announcement.ts';
import { foundAbsent, mayPowerUp, meansAbsent } from './power-up.ts';
import type { PlanRecord, StopWish } from './record.ts';
import type { PlanSettings } from './settings.ts';
import type { PlanState, RunState, SuccessRecord } from './state.ts';
import * as change from './transitions.ts';

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

/** Nobody has so many precondition-checks one after the other. */
const MOST_CHECKS = 20;

/**
 * What precondition-check and restic-run report about the attempts of a plan. Only the present attempt is believed;
 * copies and stale messages change nothing.
 */
export class Attempts {
  private readonly record: PlanRecord;
  private attemptOver: AbortController = new AbortController();
  /** The attempt that its device was switched on for last, and whether it is on because of us. */
  private powered: { readonly attempt: string; readonly isOurs: boolean } | undefined;
  /** Checks of the present attempt. */
  private looks = 0;
  /** The last good snapshot that was missed last. */
  private vanished: string | undefined;
  /** What is done now that the backup is good. */
  step: MaintenanceStep | undefined;

  constructor(record: PlanRecord) {
    this.record = record;
  }

  /** The attempt is about to look at its device, or to use it: it is switched on once, and mounted where that is ours. */
  async needsDevice(ticket: Ticket, signal: AbortSignal): Promise<void> {
    const { device } = this.record;
    const run = this.record.current(ticket);
    if (run === undefined || device === undefined) return;
    const isFirst = this.powered?.attempt !== nameOf(ticket);
    if (isFirst) {
      const isOurs = (mayPowerUp(run) || device.isOurs) && (await device.switchOn());
      this.powered = { attempt: nameOf(ticket), isOurs };
    }
    await device.arrive(
      isFirst && this.isPoweredUp(ticket),
      AbortSignal.any([signal, this.attemptOver.signal]),
    );
  }

  /** The present attempt has ended: nothing is waited for, or mounted, for it any more. */
  over(): void {
    this.attemptOver.abort();
    this.attemptOver = new AbortController();
  }

  /** Somebody else switched the device off: that it is not there is no failed power-up, and it is not waited for. */
  powerWasCut(): void {
    if (this.powered !== undefined) this.powered = { ...this.powered, isOurs: false };
    this.over();
  }

  /** The device was switched on for this attempt, by us. */
  private isPoweredUp(ticket: Ticket): boolean {
    return this.powered?.attempt === nameOf(ticket) && this.powered.isOurs;
  }

  /**
   * A precondition-check begins to look; undefined for copies and stale messages.
   * @throws Problem `check-circle` when the attempt was checked so often that its wires must lead round in a circle
   */
  beginCheck(ticket: Ticket, message: Carried): (() => void) | undefined {
    const run = this.record.current(ticket);
    if (run === undefined || (run.phase !== 'handed-out' && run.phase !== 'ready')) return undefined;
    if (run.phase === 'handed-out') this.looks = 0;
    this.looks += 1;
    if (this.looks > MOST_CHECKS)
      throw new Problem('check-circle', { plan: this.record.settings.name, attempt: run.attempt });
    this.record.carried = message;
    void this.record.put(
      change.enterPhase(this.record.state, run, 'checking', this.record.sentences.say('phase.checking')),
    );
    return this.record.hold();
  }

  /** What the check found. Returns the message to send; undefined when the attempt was ended meanwhile. */
  async checked(ticket: Ticket, report: CheckReport): Promise<Carried | undefined> {
    const run = this.record.current(ticket);
    if (run?.phase !== 'checking') return undefined;
    if (report.passed) {
      this.record.learning.saw(true);
      await this.record.put(
        change.enterPhase(this.record.state, run, 'ready', this.record.sentences.say('phase.ready'), {
          checked: true,
        }),
      );
      // Who cancels while this is being written ends the run, and a message of no run is nobody's.
      const isStill = this.record.current(ticket)?.phase === 'ready';
      return isStill ? this.record.message('ready', { checks: report }) : undefined;
    }
    this.record.presence.isMissed();
    const blockedBy = firstObstacle(report)?.kind ?? null;
    if (meansAbsent(blockedBy)) this.record.learning.saw(false);
    const at = this.record.clock.now();
    const inVain = this.isPoweredUp(ticket);
    if (inVain && meansAbsent(blockedBy)) {
      await this.record.put(this.powerUpFailed(run, at, report.reason));
    } else {
      const facts = { at, reason: report.reason, blockedBy, inVain };
      await this.record.put(change.attemptBlocked(this.record.state, run, facts));
    }
    if (this.record.current(ticket)?.phase !== 'deciding') return undefined;
    const message = this.record.message('not-ready', { checks: report, reason: this.record.state.why });
    if (this.record.gateId === undefined) this.record.decisions.conclude();
    return message;
  }

  /**
   * A restic-run node takes the attempt; undefined for copies and stale messages, which are to be dropped quietly.
   * @throws Problem `check-not-passed` when the plan has a check and this attempt did not pass it
   */
  claim(
    ticket: Ticket,
    message: Carried,
    options: { hasCheck: boolean; stop: (why: StopWish) => void },
  ): ClaimedAttempt | undefined {
    const run = this.record.current(ticket);
    if (run === undefined) return undefined;
    if (
      run.phase === 'checking' ||
      run.outcome === 'blocked' ||
      (options.hasCheck && !run.checked && run.phase === 'handed-out')
    ) {
      throw new Problem('check-not-passed', { plan: this.record.settings.name, attempt: run.attempt });
    }
    if (run.phase !== 'handed-out' && run.phase !== 'ready') return undefined;
    this.record.carried = message;
    this.record.stoppedBy(options.stop);
    const release = this.record.hold();
    void this.record.put(
      change.enterPhase(this.record.state, run, 'queued', this.record.sentences.say('phase.queued')),
    );
    return {
      runId: run.id,
      settings: this.record.settings,
      claim: run.claim,
      lastSuccess: this.record.state.lastSuccess,
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
    if (this.record.current(ticket) === undefined) return undefined;
    this.record.progress = progress;
    this.record.refresh();
    return envelope(
      this.record.carried,
      backupMessage(this.record.state, 'progress', { progress }),
      Math.floor(progress.fraction * 100),
    );
  }

  /** The backup is good, and a step of the maintenance runs. On the disk when this resolves. */
  async maintaining(ticket: Ticket, step: MaintenanceStep, process: RecordedProcess): Promise<void> {
    const { record } = this;
    const run = record.current(ticket);
    if (run?.phase !== 'retention') return;
    this.step = step;
    const snapshot = record.state.lastSuccess?.snapshotId.slice(0, 8) ?? '';
    const why = record.sentences.say(`phase.${step}`, { snapshot });
    await record.put(change.enterPhase(record.state, run, 'retention', why, { process }));
  }

  private async move(
    ticket: Ticket,
    phase: 'backing-up' | 'verifying',
    more: Partial<RunState> = {},
  ): Promise<void> {
    const run = this.record.current(ticket);
    if (run !== undefined) {
      await this.record.put(
        change.enterPhase(this.record.state, run, phase, this.record.sentences.say(`phase.${phase}`), more),
      );
    }
  }

  /** The outcome of an attempt; stamped durably when this resolves. A success is stamped before retention starts. */
  async report(ticket: Ticket, outcome: BackupOutcome): Promise<void> {
    const run = this.record.current(ticket);
    if (run === undefined) return;
    const at = this.record.clock.now();
    this.record.progress = null;
    this.step = undefined;
    // What follows a good backup may take hours, and can still be stopped.
    if (outcome.kind !== 'succeeded') this.record.stoppedBy(undefined);
    if ('snapshot' in outcome) this.record.learning.saw(true);
    if (outcome.kind === 'failed' && foundAbsent(run, outcome.failure.class)) this.record.learning.saw(false);
    switch (outcome.kind) {
      case 'succeeded': {
        const success = successOf(run.id, outcome);
        const why = this.record.sentences.say('phase.retention', {
          snapshot: success.snapshotId.slice(0, 8),
        });
        const debt = this.record.debtAfter(success, at);
        this.record.alerts.succeeded();
        await this.record.put(change.attemptSucceeded(this.record.state, run, { at, success, debt, why }));
        return;
      }
      case 'partial':
        await this.record.put(
          change.attemptPartial(this.record.state, run, {
            at,
            partial: successOf(run.id, outcome),
            reason: outcome.reason,
            heldBack: outcome.heldBack,
          }),
        );
        return;
      case 'cancelled':
        await this.record.put({
          ...this.record.state,
          run: { ...run, phase: 'deciding', outcome: 'cancelled', reason: outcome.reason, process: null },
        });
        return;
      case 'failed':
      case 'unverified':
        if (outcome.kind === 'failed' && outcome.failure.class === 'source-missing') {
          // restic did not start: this is waiting, not failing.
          await this.record.put(
            change.attemptBlocked(this.record.state, run, {
              at,
              reason: outcome.failure.reason,
              blockedBy: 'sources',
            }),
          );
          return;
        }
        if (
          outcome.kind === 'failed' &&
          this.isPoweredUp(ticket) &&
          foundAbsent(run, outcome.failure.class)
        ) {
          await this.record.put(this.powerUpFailed(run, at, outcome.failure.reason));
          return;
        }
        await this.record.put(
          change.attemptFailed(this.record.state, run, {
            at,
            outcome: outcome.kind,
            failureClass: outcome.kind === 'failed' ? outcome.failure.class : 'unverified',
            reason: outcome.failure.reason,
            claim: outcome.kind === 'unverified' ? outcome.claim : null,
          }),
        );
    }
  }

  /**
   * A last good snapshot is not in its repository any more, and it was not us who removed it. `at`: its time, ISO 8601.
   * Said once for each snapshot and process.
   */
  lastGoodVanished(snapshotId: string, at: string): void {
    if (this.vanished === snapshotId) return;
    this.vanished = snapshotId;
    const { settings, sentences, clock } = this.record;
    const time = sentences.when(Date.parse(at), clock.now());
    const values = { plan: settings.name, snapshot: snapshotId.slice(0, 8), time };
    this.record.warn(new Problem('last-good-vanished', values));
    const cause = `snapshot-vanished:${snapshotId.slice(0, 16)}`;
    this.record.alerts.raise('backup', {
      kind: 'snapshot-vanished',
      severity: 'critical',
      cause,
      reason: '',
      failureClass: null,
    });
    void this.record.put(this.record.state);
  }

  /** The attempt is over, retention included. Returns the message that leaves restic-run. */
  async complete(
    ticket: Ticket,
    outcome: BackupOutcome,
    maintenance: MaintenanceResult | undefined,
  ): Promise<Carried | undefined> {
    const run = this.record.current(ticket);
    if (run === undefined) return undefined;
    const extras: AnnouncementExtras = {
      ...(maintenance === undefined ? {} : { maintenance }),
      ...('snapshot' in outcome ? { snapshotId: outcome.snapshot.id, figures: outcome.figures } : {}),
      ...(outcome.kind === 'partial' ? { unreadable: outcome.unreadable } : {}),
    };
    const event = 'snapshot' in outcome ? 'finished' : 'not-finished';
    if (run.outcome === 'succeeded' || run.outcome === 'partial' || run.outcome === 'cancelled') {
      const reason = this.reasonOf(outcome);
      const message = this.record.message(event, { ...extras, reason, end: run.outcome });
      if (run.outcome === 'succeeded') this.countGapFromNow();
      const ended = this.record.decisions.finish(run, run.outcome, {
        reason,
        extras,
        byMessage: true,
      });
      const payload = this.record.state.why;
      await ended;
      return { ...message, payload };
    }
    const message = this.record.message(event, extras);
    if (this.record.gateId === undefined) this.record.decisions.conclude();
    return message;
  }

  /** It was switched on and did not come: that is no mere waiting. */
  private powerUpFailed(run: RunState, at: number, why: string): PlanState {
    const device = this.record.device?.name ?? '';
    return change.attemptFailed(this.record.state, run, {
      at,
      outcome: 'failed',
      failureClass: 'power-up-failed',
      reason: this.record.sentences.say('powerUpFailed', { device, reason: why }),
      claim: null,
    });
  }

  /** The minimum gap counts from the end of the run, which is only known after its retention. */
  private countGapFromNow(): void {
    const { state, clock } = this.record;
    if (state.lastSuccess === null) return;
    const debt = this.record.debtAfter(state.lastSuccess, clock.now());
    void this.record.put(change.withDebt(state, state.lastSuccess, debt));
  }

  private reasonOf(outcome: BackupOutcome): string {
    if (outcome.kind === 'succeeded') {
      const { filesTotal, bytesTotal } = outcome.figures;
      const snapshot = outcome.snapshot.id.slice(0, 8);
      return this.record.sentences.say('good', { files: filesTotal, size: formatSize(bytesTotal), snapshot });
    }
    return outcome.kind === 'cancelled' || outcome.kind === 'partial'
      ? outcome.reason
      : outcome.failure.reason;
  }
}

function nameOf({ run, attempt }: Ticket): string {
  return `${run}/${attempt}`;
}

function successOf(
  run: string,
  outcome: Extract<BackupOutcome, { kind: 'succeeded' | 'partial' }>,
): SuccessRecord {
  const { snapshot, repositoryId, figures } = outcome;
  return { at: snapshot.time, snapshotId: snapshot.id, repositoryId, run, figures };
}
