import { expect } from 'vitest';
import { MOST_ASKED_AN_HOUR } from '../../src/lib/plan/pace.ts';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { ms } from '../unit/fake-house.ts';
import type { FaultyHouse } from './model-house.ts';

const SHORTEST_DELAY_MS = ms('5m');

/** What an event may do that no other may. */
export interface Licence {
  /** The debt may move although nothing was backed up. */
  readonly movesDebt?: 'always' | 'before it began';
  /** A storm of requests. */
  readonly isStorm?: boolean;
}

/** What was seen of a house so far, and what must hold at every moment, whatever happened. */
export class Watch {
  readonly house: FaultyHouse;
  /** Attempts since time went by. */
  private atOnce = 0;
  private events = 0;
  private isClockPutBack = false;
  private revision = 0;
  private lastSuccessAt = 0;
  private before: PlanState | undefined;
  private beforeAt = 0;
  private readonly attempts = new Map<string, number>();
  private sentSeen = 0;
  private alertsSeen = 0;
  private snapshotsSeen = 0;
  /** Somebody was told of trouble and not yet that it is over. */
  private isTroubleTold = false;
  /** The process died, and what it had not said yet died with it. */
  private mayBeUnsaid = false;

  constructor(house: FaultyHouse) {
    this.house = house;
  }

  /** One event, and what it may lead to. */
  async during(happen: () => Promise<void> | void, licence: Licence = {}, durationMs = 0): Promise<void> {
    const { house } = this;
    const attempts = house.handedOutAt.length;
    const sent = house.sent.length;
    await happen();
    const made = house.handedOutAt.length - attempts;
    this.atOnce = durationMs >= ms('1h') ? 0 : this.atOnce + made;
    const most = 3 + (licence.isStorm === true ? MOST_ASKED_AN_HOUR : durationMs / SHORTEST_DELAY_MS);
    expect(made, 'a bounded number of attempts, whatever arrives').toBeLessThanOrEqual(most);
    // An event that asks for nothing may end a wait, as a new slot or a restart does.
    this.events += 1;
    expect(this.atOnce, 'storm upon storm').toBeLessThanOrEqual(MOST_ASKED_AN_HOUR + 2 * this.events);
    const bySlot = house.sent
      .slice(sent)
      .filter(({ port, backup }) => port === 'run' && backup.attempt === 1)
      .map(({ backup }) => backup.trigger);
    const slots = Math.ceil(durationMs / this.shortestSlotMs);
    expect(
      bySlot.filter((trigger) => trigger === 'schedule' || trigger === 'catch-up').length,
      'one run a slot, and one catch-up for all slots that were missed',
    ).toBeLessThanOrEqual(slots + 1);
    this.check(licence);
  }

  /** Time goes by. */
  async passes(durationMs: number): Promise<void> {
    await this.during(() => this.house.clock.pass(durationMs), {}, durationMs);
    if (durationMs >= ms('1m')) this.isClockPutBack = false;
  }

  /** Timers stand still while the clock goes on; awake for a minute after it. */
  async sleeps(durationMs: number): Promise<void> {
    this.house.clock.jump(durationMs);
    this.atOnce = 0;
    await this.during(() => this.house.clock.pass(ms('1m')), {}, ms('1m'));
    this.isClockPutBack = false;
  }

  jumps(durationMs: number): void {
    this.house.clock.jump(durationMs);
    this.atOnce = 0;
    if (durationMs < 0) this.isClockPutBack = true;
  }

  /** The process dies; what the journal could not write is forgotten, and `harm` may be done to its file. */
  async dies(harm?: () => void): Promise<void> {
    const { house } = this;
    if (!house.isDeployed) return;
    const { state: before } = house;
    const isWritten = house.disk.get('photos') === JSON.stringify(before);
    house.dies();
    this.mayBeUnsaid = true;
    this.atOnce = 0;
    harm?.();
    if (!isWritten || harm !== undefined) this.forgets();
    await house.deploys();
    const after = house.state;
    if (isWritten && harm === undefined && this.isQuiet(before)) {
      expect(remembered(after), 'nothing is forgotten').toEqual(remembered(before));
    }
    this.isClockPutBack = false;
  }

  /** Nothing was going on, and no moment that something waits for has come. */
  private isQuiet({ run, paused, nextAttemptAt, testimonyOwed }: PlanState): boolean {
    const { house } = this;
    const now = house.clock.now();
    const limit = run === null ? NaN : Date.parse(run.startedAt) + (house.policy.timeLimitMs ?? Infinity);
    const moments = [
      Date.parse((paused === null ? nextAttemptAt : paused.until) ?? ''),
      Date.parse(run?.nextSlotAt ?? ''),
      limit,
    ];
    const isAtRest = run === null || run.phase === 'waiting';
    return isAtRest && !testimonyOwed && !this.isClockPutBack && !moments.some((moment) => moment <= now);
  }

  private forgets(): void {
    this.revision = 0;
    this.lastSuccessAt = 0;
    this.attempts.clear();
    this.house.plug?.inVain.clear();
    // Who forgets an attempt makes it again.
    this.house.resticStarts.length = 0;
    this.isTroubleTold = false;
    this.before = undefined;
  }

  private get shortestSlotMs(): number {
    const schedule = this.house.settings?.schedule;
    if (schedule?.kind === 'interval') return schedule.everyMs;
    // Every six hours or daily; the day on which the clocks go forward is shorter.
    return schedule?.kind === 'cron' && schedule.cron.expression.includes('/') ? ms('5h') : ms('22h');
  }

  /** What must hold at every moment. */
  check({ movesDebt }: Licence = {}): void {
    const { house } = this;
    expect(house.mostRunning, 'never two backups at once').toBeLessThanOrEqual(1);
    expect(new Set(house.resticStarts).size, 'one restic an attempt').toBe(house.resticStarts.length);
    for (const { port, backup } of house.sent.slice(this.sentSeen)) {
      if ((port !== 'run' && port !== 'try-again') || backup.run === null) continue;
      const most = this.attempts.get(backup.run) ?? 0;
      expect(backup.attempt, 'attempts of a run only grow').toBeGreaterThanOrEqual(most);
      this.attempts.set(backup.run, backup.attempt);
    }
    this.sentSeen = house.sent.length;
    for (const [slot, times] of house.plug?.inVain ?? []) {
      expect(times, `power is wanted in vain twice a slot at most (${slot})`).toBeLessThanOrEqual(2);
    }
    if (!house.isDeployed) return;
    const { state } = house;
    const successAt = state.lastSuccessAt === null ? 0 : Date.parse(state.lastSuccessAt);
    expect(successAt, 'a success is never moved back').toBeGreaterThanOrEqual(this.lastSuccessAt);
    expect(state.revision).toBeGreaterThanOrEqual(this.revision);
    this.checkAlerts(state);
    this.checkDebt(state, movesDebt);
    checkShape(state);
    this.lastSuccessAt = successAt;
    this.revision = state.revision;
    this.snapshotsSeen = house.snapshots.length;
    this.before = state;
    this.beforeAt = house.clock.now();
  }

  /** Only a good backup moves a debt, or one that is accepted, or an edit before it began. */
  private checkDebt(state: PlanState, movesDebt: Licence['movesDebt']): void {
    const { before } = this;
    if (before === undefined || before.dueAt === null || state.dueAt === before.dueAt) return;
    // A success by a clock that was put back pays as well, and is not the last one.
    const isPaid =
      this.house.snapshots.length > this.snapshotsSeen ||
      state.lastSuccess?.snapshotId !== before.lastSuccess?.snapshotId ||
      before.run?.phase === 'retention';
    const hadBegun = Date.parse(before.dueAt) <= Math.min(this.beforeAt, this.house.clock.now());
    // The repository was asked for the last success at last, and its answer stands for the lost journal.
    const isHeard = before.testimonyOwed && !state.testimonyOwed;
    const isAllowed = isHeard || movesDebt === 'always' || (movesDebt === 'before it began' && !hadBegun);
    expect(isPaid || isAllowed, `the debt of ${before.dueAt} became ${state.dueAt}`).toBe(true);
  }

  /** Who is told of trouble is told when it is over, and nobody is told of the end of what he never heard of. */
  private checkAlerts(state: PlanState): void {
    const { house } = this;
    for (const alert of house.told.slice(this.alertsSeen)) {
      if (alert !== 'recovered') {
        this.isTroubleTold = true;
        continue;
      }
      expect(this.isTroubleTold || this.mayBeUnsaid, 'over is only what was told').toBe(true);
      this.isTroubleTold = false;
      this.mayBeUnsaid = false;
    }
    this.alertsSeen = house.alerts.length;
    // Where no gate is, nobody can be told.
    if (!house.hasGate && state.alerts.troubles.backup === undefined) this.isTroubleTold = false;
  }

  /** At the end, when all is well. */
  checkNobodyWaits(): void {
    expect(this.house.state.alerts.troubles, 'no trouble stays open').toEqual({});
    if (!this.mayBeUnsaid)
      expect(this.isTroubleTold, 'who was told of trouble hears that it is over').toBe(false);
  }
}

function remembered(state: PlanState): Partial<PlanState> {
  const { dueAt, nextAttemptAt, lastSuccessAt, lastSuccess, lastPartial, pending, paused, run } = state;
  const { alerts, drives } = state;
  return {
    dueAt,
    nextAttemptAt,
    lastSuccessAt,
    lastSuccess,
    lastPartial,
    pending,
    paused,
    run,
    alerts,
    drives,
  };
}

function checkShape(state: PlanState): void {
  const { run, pending, nextAttemptAt, waitingFor } = state;
  expect(state.history.length).toBeLessThanOrEqual(50);
  expect(state.drives.length).toBeLessThanOrEqual(8);
  if (run?.phase === 'waiting') {
    expect(pending).not.toBeNull();
    expect(nextAttemptAt).toBe(pending?.at);
    expect(pending?.attempt).toBe(run.attempt + 1);
  } else expect(pending).toBeNull();
  if (run !== null && run.phase !== 'waiting') {
    expect(nextAttemptAt).toBeNull();
    expect(waitingFor).toBeNull();
  } else expect(waitingFor).not.toBeNull();
}
