import { iso } from '../clock.ts';
import type { Carried, Ticket } from '../message.ts';
import { Problem } from '../problem.ts';
import type { AnnouncementExtras, FinishedRun } from './announcement.ts';
import { backupMessage, envelope } from './announcement.ts';
import { dueAfterLast } from './drives.ts';
import { PendingAnnouncements } from './pending-announcements.ts';
import { mayPowerUp, meansAbsent } from './power-up.ts';
import type { PlanRecord } from './record.ts';
import type { Decision } from './retry-policy.ts';
import { decide, SHORTEST_DELAY_MS } from './retry-policy.ts';
import type { RunEnd, RunState } from './state.ts';
import * as change from './transitions.ts';
import { noteEnd } from './worth-telling.ts';

/** A drive that is switched off and on again is off for at least so long. */
const OFF_MS = 5000;

/** What follows from attempts: another one, or the end of the run; one decision per attempt. */
export class Decisions {
  private readonly record: PlanRecord;
  private readonly pending: PendingAnnouncements;

  constructor(record: PlanRecord) {
    this.record = record;
    this.pending = new PendingAnnouncements(record.clock);
  }

  /** A message of this plan reached its gate. False for copies and stale ones. */
  arrivedAtGate(ticket: Ticket, message: Carried): boolean {
    const finished = this.pending.take(ticket, message);
    if (finished !== undefined) {
      this.announce(finished);
      return true;
    }
    if (this.record.current(ticket)?.phase !== 'deciding') return false;
    this.record.carried = message;
    this.conclude();
    return true;
  }

  /** Decides about an attempt whose outcome is known: try again, or end the run. */
  conclude(): void {
    const { record } = this;
    const { run } = record.state;
    if (run === null || run.phase !== 'deciding' || run.outcome === null) return;
    const { reason } = run;
    if (run.outcome === 'partial' || run.outcome === 'cancelled') {
      void this.finish(run, run.outcome, { reason });
      return;
    }
    const policy = record.policy;
    const now = record.clock.now();
    const decision =
      policy === undefined
        ? undefined
        : decide(policy, {
            runId: run.id,
            attempt: run.attempt,
            outcome:
              run.outcome === 'blocked' || run.outcome === 'unverified' || run.outcome === 'lost'
                ? run.outcome
                : 'failed',
            failureClass: run.failureClass,
            failures: run.failures,
            waits: run.waits,
            mayPowerUp: mayPowerUp(run),
            ageMs: now - Date.parse(run.startedAt),
          });
    if (decision === undefined || decision.kind === 'give-up') {
      void this.finish(run, this.endWithoutBackup(run), { reason });
      return;
    }
    this.awaitRetry(run, decision, now);
  }

  private awaitRetry(run: RunState, decision: Extract<Decision, { kind: 'retry' }>, now: number): void {
    const { record } = this;
    const { budget, used, allowed } = decision;
    const attempt = run.attempt + 1;
    // The device came while its check was still looking: nothing else would say so again.
    const cameMeanwhile = run.outcome === 'blocked' && record.presence.takeNoted();
    const settleMs = Math.max(record.settings.settleMs, SHORTEST_DELAY_MS);
    // The second chance of a drive that did not come is to be off in between.
    const offMs = run.failureClass === 'power-up-failed' ? record.settings.powerOffAfterMs + OFF_MS : 0;
    const chosen = this.chosen(run, decision, now);
    const delayMs = Math.max(chosen === undefined ? decision.delayMs : chosen.at - now, offMs);
    const at = now + (cameMeanwhile ? Math.min(settleMs, delayMs) : delayMs);
    if (cameMeanwhile) record.presence.settles(iso(at));
    const why = cameMeanwhile
      ? record.sentences.say('device.settling', { attempt, time: record.sentences.when(at, now) })
      : (chosen?.why ?? record.sentences.retry(decision, attempt, at, now, run.reason));
    const pending = { attempt, at: iso(at), budget, used, allowed, because: run.reason };
    record.lease.end();
    void record.put(change.awaitRetry(record.state, run, pending, why));
    record.tick();
  }

  /** When an absent device is looked for again, as far as the gate leaves that to what was learned. */
  private chosen(
    run: RunState,
    decision: Extract<Decision, { kind: 'retry' }>,
    now: number,
  ): { at: number; why: string } | undefined {
    const adaptive = this.record.policy?.adaptive;
    if (adaptive === undefined || run.outcome !== 'blocked' || !meansAbsent(run.blockedBy)) return undefined;
    const wait = { now, since: Date.parse(run.startedAt), ordinaryMs: decision.delayMs };
    return this.record.learning.choose(adaptive, wait, run.reason);
  }

  endWithoutBackup(run: RunState): RunEnd {
    return run.everFailed ? 'gave-up' : 'unmet';
  }

  /**
   * Ends the run. On the disk when this resolves.
   *
   * @param facts `nextAttemptAt` in ms, where it is not the next slot; `byMessage`: announced when the run's own message
   * arrives at the gate instead of at once
   */
  finish(
    run: RunState,
    end: RunEnd,
    facts: { reason: string; nextAttemptAt?: number; extras?: AnnouncementExtras; byMessage?: boolean },
  ): Promise<void> {
    const { record } = this;
    const { reason, extras, byMessage = false } = facts;
    const now = record.clock.now();
    const next =
      facts.nextAttemptAt ??
      (end === 'succeeded' ? record.startOf(dueAfterLast(record.state)) : record.followingSlot(now));
    const why = record.sentences.ended(end, reason, next, now);
    const { outcome, failureClass, trigger, attempt, id } = run;
    const told: FinishedRun = {
      id,
      attempt,
      end,
      sentence: why,
      extras: { outcome, failureClass, trigger, ...extras, run: id, attempt, end, reason },
      carried: record.carried,
    };
    record.lease.end();
    record.stoppedBy(undefined);
    if (byMessage && record.gateDoor !== undefined)
      this.pending.keep(told, (finished) => this.announcementLost(finished));
    noteEnd(record.alerts, run, end, facts);
    const written = record.put(
      change.endRun(record.state, run, { at: now, end, reason, nextAttemptAt: next, why }),
      () => {
        if (!byMessage) this.announce(told);
      },
    );
    record.tick();
    return written;
  }

  /** The message of the present attempt did not come back in time. */
  messageLost(): void {
    const { record } = this;
    const { run } = record.state;
    if (run === null || run.phase === 'waiting') return;
    const { attempt } = run;
    if (run.phase === 'deciding') {
      record.warn(new Problem('outcome-lost', { plan: record.settings.name, attempt }));
      this.conclude();
      return;
    }
    record.warn(new Problem('message-lost', { plan: record.settings.name, attempt }));
    record.stoppedBy(undefined);
    const facts = {
      at: record.clock.now(),
      outcome: 'lost',
      failureClass: 'lost',
      reason: record.sentences.say('lost', { attempt }),
      claim: run.claim,
    } as const;
    void record.put(change.attemptFailed(record.state, run, facts));
    this.conclude();
  }

  private announcementLost(finished: FinishedRun): void {
    const { attempt } = finished;
    this.record.warn(new Problem('outcome-lost', { plan: this.record.settings.name, attempt }));
    this.announce(finished);
  }

  /** The end by its port. */
  private announce(finished: FinishedRun): void {
    const { record } = this;
    const port = finished.end === 'succeeded' ? 'good-backup' : 'ended';
    // Without a gate nobody is there to be told; one that comes later says nothing of it.
    record.deliver(() => {
      const backup = backupMessage(record.state, port, finished.extras);
      record.gateDoor?.send(port, envelope(finished.carried, backup, finished.sentence));
    });
  }
}
