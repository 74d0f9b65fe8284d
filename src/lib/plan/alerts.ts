import type { Severity } from '../alerts/alert.ts';
import type { AlertPolicy } from '../alerts/policy.ts';
import { thresholdMs, tierOf } from '../alerts/tiers.ts';
import type { AlertState, Noted, PendingAlert, Subject } from '../alerts/trouble.ts';
import { late, mentionPause, noted, over, told } from '../alerts/trouble.ts';
import { isWithin } from '../day-window.ts';
import type { Carried } from '../message.ts';
import { machineTimeZone, zoneOffset } from '../time-zone.ts';
import type { AlertDesk } from './alert-desk.ts';
import { alertMessage } from './alert-message.ts';
import { cadenceMs } from './cadence.ts';
import { inTheWay } from './in-the-way.ts';
import type { PlanRecord } from './record.ts';
import type { PlanSettings } from './settings.ts';
import type { PlanState } from './state.ts';

/** After a start, a sleep or a pause, and while an attempt is this young, a backup gets its chance before anybody is told. */
const GRACE_MS = 15 * 60_000;
/** The debt is looked at every minute: a longer gap is a sleep, or a clock that was set. */
const LONGEST_LOOK_GAP_MS = 3 * 60_000;
const DAY_MS = 86_400_000;
/** A plan that will be late enough so soon is told together with one that is: share of its threshold. */
const NEARLY = 0.9;

/**
 * What people are told about a plan, each thing once. What is noted is part of the transition that it belongs to; what is
 * sent is first taken off the list on the disk, so that nothing is told twice.
 */
export class PlanAlerts {
  private readonly record: PlanRecord;
  private readonly desk: AlertDesk;
  /** To be noted with the next transition. */
  private news: ((alerts: AlertState, at: number) => AlertState)[] = [];
  /** A good backup comes with the next transition. */
  private isGoodAgain = false;
  /** Since when the plan has been watched without a gap, ms. */
  private awakeSince = 0;
  private lookedAt = 0;
  private cadence: { readonly settings: PlanSettings; readonly at: number; readonly ms: number } | undefined;

  constructor(record: PlanRecord, desk: AlertDesk) {
    this.record = record;
    this.desk = desk;
  }

  /** The plan begins to be watched anew: it was just started, or its pause is over. */
  wakes(): void {
    this.awakeSince = this.record.clock.now();
    this.lookedAt = this.awakeSince;
  }

  /** Something is wrong, to be noted with the next transition. Without a gate nobody would hear of it. */
  raise(subject: Subject, what: Noted): void {
    if (this.policy === undefined) return;
    const { lastSuccessAt } = this.record.state;
    this.news.push((alerts, at) => noted(alerts, subject, what, { at, lastSuccessAt }));
  }

  /** A good backup was made. Its time does not tell: by a clock that was put back it may be older than the last one. */
  succeeded(): void {
    this.isGoodAgain = true;
  }

  /** A step of what follows a backup was done: its trouble is over with the next transition. */
  isRight(subject: Subject): void {
    this.news.push((alerts, at) => over(alerts, subject, { at, reason: '' }));
  }

  /** The alerts of a state that is about to become the present one. */
  after(state: PlanState): AlertState {
    const now = this.record.clock.now();
    let { alerts } = state;
    for (const note of this.news.splice(0)) alerts = note(alerts, now);
    alerts = mentionPause(alerts, state.paused, now);
    const tier = this.tierOf(state, now);
    const { backup } = alerts.troubles;
    const isNewer = state.lastSuccessAt !== null && state.lastSuccessAt !== backup?.lastSuccessAt;
    const isGood = this.isGoodAgain || isNewer;
    this.isGoodAgain = false;
    if (backup !== undefined && isGood && tier === null)
      alerts = over(alerts, 'backup', { at: now, reason: '' });
    if (tier === null || state.dueAt === null || this.isTooEarly(state, now)) return alerts;
    const { dueAt, lastSuccessAt } = state;
    return late(alerts, tier, { at: now, dueAt, lastSuccessAt });
  }

  /** A look at the debt: lateness grows without any transition. */
  look(now: number): void {
    const isGap = now < this.lookedAt || now - this.lookedAt > LONGEST_LOOK_GAP_MS;
    if (isGap) this.awakeSince = now;
    this.lookedAt = now;
    const { record } = this;
    if (this.after(record.state) !== record.state.alerts) void record.put(record.state);
    else this.deliver();
  }

  /** Sends what may be sent now. */
  deliver(): void {
    const ready = this.ready();
    const gathered = ready.filter((one) => this.isGathered(one));
    const alone = ready.filter((one) => !gathered.includes(one));
    if (alone.length > 0) {
      const { state } = this.record;
      void this.record.put({ ...state, alerts: told(state.alerts, alone) }, () => {
        for (const alert of alone) this.send(alertMessage([this.record], alert));
      });
    }
    if (gathered.length > 0) this.desk.offer(this.record);
  }

  /** The alert about lateness that waits for others of its kind; undefined when there is none to be sent now. */
  gathered(): PendingAlert | undefined {
    return this.ready().find((one) => this.isGathered(one));
  }

  /** Whether the plan is as good as late for this tier, and nobody has been told: it is told with those that are. */
  isNearly(tier: Severity, now: number): boolean {
    const { state } = this.record;
    const { policy } = this;
    if (policy === undefined || state.dueAt === null || state.paused !== null || !this.record.isOpen)
      return false;
    const from = thresholdMs(policy.tiers, tier, this.cadenceMs(now));
    return from !== null && now - Date.parse(state.dueAt) >= NEARLY * from;
  }

  /** The alert about this tier as taken off the list, whether or not it was due; undefined: it was told before. */
  async takeLate(tier: Severity): Promise<PendingAlert | undefined> {
    const { state, clock } = this.record;
    if (state.dueAt === null) return undefined;
    const { dueAt, lastSuccessAt } = state;
    const alerts = late(state.alerts, tier, { at: clock.now(), dueAt, lastSuccessAt });
    const alert = alerts.pending.find(({ kind, severity }) => kind === 'late' && severity === tier);
    if (alert === undefined) return undefined;
    await this.record.put({ ...state, alerts: told(alerts, [alert]) });
    return alert;
  }

  /** Sends an alert by the plan's gate, when flows run. */
  send(message: Carried): void {
    this.record.deliver(() => this.record.gateDoor?.send('alert', message));
  }

  private get policy(): AlertPolicy | undefined {
    return this.record.gateDoor?.alerts;
  }

  private isGathered(alert: PendingAlert): boolean {
    return alert.kind === 'late' && this.policy?.gathers === true && inTheWay(this.record.state).isAbsent;
  }

  private ready(): readonly PendingAlert[] {
    const { state, gateDoor, clock } = this.record;
    const { pending } = state.alerts;
    if (pending.length === 0 || !this.record.isOpen || gateDoor?.hearsAlerts !== true) return [];
    const { quiet } = gateDoor.alerts;
    const isQuiet = quiet !== null && isWithin(quiet, clock.now(), zoneOffset(machineTimeZone()));
    return pending.filter(
      ({ severity, kind }) =>
        (!isQuiet || severity === 'critical') && (state.paused === null || kind === 'paused'),
    );
  }

  private tierOf({ dueAt }: PlanState, now: number): Severity | null {
    const { policy } = this;
    const latenessMs = dueAt === null ? 0 : now - Date.parse(dueAt);
    if (policy === undefined || latenessMs <= 0) return null;
    return tierOf(policy.tiers, latenessMs, this.cadenceMs(now));
  }

  /** How far apart good backups are. Asking cron takes longer than all else here: an answer holds for a day. */
  cadenceMs(now: number): number {
    const { settings } = this.record;
    const { cadence } = this;
    if (cadence?.settings === settings && Math.abs(now - cadence.at) < DAY_MS) return cadence.ms;
    this.cadence = { settings, at: now, ms: cadenceMs(settings, now) };
    return this.cadence.ms;
  }

  private isTooEarly({ run, paused }: PlanState, now: number): boolean {
    if (paused !== null || !this.record.isOpen) return true;
    if (now - this.awakeSince < GRACE_MS) return true;
    const isTrying = run !== null && run.phase !== 'waiting';
    const age = isTrying ? now - Date.parse(run.attemptStartedAt) : GRACE_MS;
    return age >= 0 && age < GRACE_MS;
  }
}
