import type { Alert } from '../../src/lib/alerts/alert.ts';
import type { AlertPolicy } from '../../src/lib/alerts/policy.ts';
import type { CheckReport, CheckResult } from '../../src/lib/checks/check.ts';
import { iso } from '../../src/lib/clock.ts';
import { parseDuration } from '../../src/lib/duration.ts';
import { readMessage } from '../../src/lib/events/read-message.ts';
import type { FailureClass } from '../../src/lib/failure.ts';
import { FAILURE_CLASSES, PERMANENT_CLASSES } from '../../src/lib/failure.ts';
import type { JournalEntry } from '../../src/lib/journal/journal.ts';
import { Journal } from '../../src/lib/journal/journal.ts';
import type { BackupMessage, Carried, Ticket } from '../../src/lib/message.ts';
import { readTicket } from '../../src/lib/message.ts';
import type { Answer, PlanCommand } from '../../src/lib/plan/commands.ts';
import { obey } from '../../src/lib/plan/commands.ts';
import { parseCron } from '../../src/lib/plan/cron.ts';
import { deviceAppeared, deviceVanished, hear } from '../../src/lib/plan/device-events.ts';
import type { DeviceDoor, GateDoor, PlanDoor, Witness, WitnessAnswer } from '../../src/lib/plan/doors.ts';
import type { PlanRecord } from '../../src/lib/plan/record.ts';
import type { PlanJoin } from '../../src/lib/plan/registry.ts';
import { PlanRegistry } from '../../src/lib/plan/registry.ts';
import type { RetryPolicy } from '../../src/lib/plan/retry-policy.ts';
import { exponentialDelay, fixedDelay } from '../../src/lib/plan/retry-policy.ts';
import type { PlanSettings } from '../../src/lib/plan/settings.ts';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { STATE_SCHEMA } from '../../src/lib/plan/state.ts';
import { isPlanState } from '../../src/lib/plan/state-shape.ts';
import { Problem } from '../../src/lib/problem.ts';
import type { MaintenanceResult } from '../../src/lib/restic/maintenance-result.ts';
import type { BackupFigures, BackupOutcome, Snapshot, SnapshotClaim } from '../../src/lib/restic/outcome.ts';
import { FakeClock, settled } from './fake-clock.ts';

const MINUTE = 60_000;

/** Milliseconds of `25d`, `90s`. */
export function ms(duration: string): number {
  const parsed = parseDuration(duration);
  if (parsed === undefined) throw new Error(`not a duration: ${duration}`);
  return parsed;
}

/** How a plan of a story is set; everything has a default. */
export interface PlanWishes extends Partial<Omit<PlanSettings, 'schedule'>> {
  /** Such as `24h`. */
  readonly every?: string;
  readonly cron?: string;
  readonly timeZone?: string;
  readonly byEventOnly?: boolean;
  readonly settle?: string;
  readonly jitter?: string;
  readonly minimumGap?: string;
}

/** What restic does in a story. */
export type ResticEnd =
  | 'succeeded'
  | 'partial'
  | 'unverified'
  | 'cancelled'
  /** It reported a snapshot that is nowhere. */
  | 'ghost'
  /** It never ends by itself. */
  | 'hangs'
  | FailureClass;

const FIGURES: BackupFigures = {
  filesNew: 1,
  filesChanged: 0,
  filesUnmodified: 9,
  filesTotal: 10,
  bytesTotal: 1000,
  bytesAdded: 100,
  durationMs: 1000,
};

/** A journal without a disk. */
class FakeJournal extends Journal<PlanState> {
  private readonly house: House;
  private readonly generation: number;

  constructor(house: House, generation: number) {
    super('memory', STATE_SCHEMA, isPlanState);
    this.house = house;
    this.generation = generation;
  }

  override async load(name: string): Promise<JournalEntry<PlanState>> {
    const text = this.house.disk.get(name);
    if (text === undefined) return { found: 'nothing' };
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return { found: 'damaged', kept: 'aside' };
    }
    const { schema } = value as { schema: number };
    if (schema > STATE_SCHEMA) return { found: 'newer', schema };
    return isPlanState(value) ? { found: 'state', state: value } : { found: 'damaged', kept: 'aside' };
  }

  override async save(name: string, state: PlanState): Promise<void> {
    this.house.stirred();
    await Promise.resolve();
    // What a dead process still wanted to write was never written.
    if (this.generation !== this.house.generation) return new Promise(() => undefined);
    if (this.house.journalFails) throw new Problem('journal-unwritable', { path: name });
    const text = JSON.stringify(state);
    this.house.disk.set(name, text);
    this.house.written.push(text);
  }
}

/**
 * A house with one plan, its check, its restic-run and its gate, wired as the four nodes are, and a clock moved by
 * hand. The nodes behave as the real ones do; what they find is told by the story.
 */
export class House {
  readonly clock: FakeClock;
  /** The journal's files. */
  readonly disk: Map<string, string> = new Map();
  /** Everything the journal ever had on the disk, in its order. */
  readonly written: string[] = [];
  journalFails = false;
  /** What flow context holds; undefined: nothing. */
  context: unknown;
  /** Grows when the process dies: what belonged to an earlier one does nothing any more. */
  generation = 0;
  registry: PlanRegistry;
  settings: PlanSettings | undefined;
  /** Plans beside it, which do as it does. */
  others: readonly PlanSettings[] = [];
  policy: RetryPolicy;
  /** Nobody is told of lateness unless the story is about it. */
  alertPolicy: AlertPolicy = {
    tiers: { info: null, warning: null, critical: null },
    quiet: null,
    gathers: true,
  };
  /** A wire leads from the gate's alert output. */
  hearsAlerts = true;
  hasGate = true;
  hasCheck = true;
  /** A wire leads from the gate's "try again" to the plan's input. */
  retryWire = false;
  /** Everything that left the plan and the gate. */
  readonly sent: { readonly port: string; readonly message: Carried; readonly backup: BackupMessage }[] = [];
  readonly warnings: Problem[] = [];
  readonly refusals: Problem[] = [];
  readonly alerts: Alert[] = [];
  readonly snapshots: { readonly id: string; readonly time: string }[] = [];
  /** Attempts at which a restic was started, `run/attempt`; a look for a snapshot is no start. */
  readonly resticStarts: string[] = [];
  readonly looks: string[] = [];
  /** When each attempt was handed out, ms. */
  readonly handedOutAt: number[] = [];
  running = 0;
  mostRunning = 0;
  repositoryAnswers = true;
  /** The host whose snapshots the repository has, and others that have some. */
  snapshotsOf = 'home';
  otherHosts: readonly string[] = [];
  repositoryAsked = 0;
  repositoryAccepted = 0;
  repositoryRemembers: Promise<void> = Promise.resolve();
  /** Id of the repository on the drive that is connected. */
  repositoryId = 'repo';
  maintenance: MaintenanceResult | undefined;
  /** A guard makes the next partial backups partial. */
  heldBack = false;
  /** The device that the plan switches; undefined: none. */
  device: FakeDevice | undefined;
  /** Messages after these nodes are eaten by a filter of the user's. */
  readonly eaten: Set<'backup-plan' | 'precondition-check' | 'restic-run'> = new Set();
  /** So many copies of each message travel. */
  copies = 1;

  readonly check: { passes: boolean; reason: string; takes: number; kind: CheckResult['kind'] } = {
    passes: true,
    reason: '',
    takes: 0,
    kind: 'mount',
  };
  readonly restic: { ends: ResticEnd; takes: number; retention: number } = {
    ends: 'succeeded',
    takes: 0,
    retention: 0,
  };
  private joined: PlanJoin | undefined;
  private runs = 0;
  private stirs = 0;

  constructor(at = '2026-11-23T12:00:00Z') {
    this.clock = new FakeClock(at, () => this.rest());
    this.policy = policy();
    this.registry = this.newRegistry();
  }

  /** Something happened whose consequences are still to come. */
  stirred(): void {
    this.stirs += 1;
  }

  private async rest(): Promise<void> {
    // What a timer sets off may first wait for a promise or two.
    for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    while (this.stirs > 0) {
      this.stirs = 0;
      await settled();
    }
  }

  // --- the story's verbs ---

  /** The plan is deployed. */
  async plan(wishes: PlanWishes = {}): Promise<void> {
    this.settings = planSettings(wishes);
    await this.deploys();
  }

  /** A redeploy, with the plan changed as told; what runs goes on. */
  async redeploys(wishes?: PlanWishes): Promise<void> {
    this.removed();
    if (wishes !== undefined) this.settings = planSettings(wishes);
    await this.deploys();
  }

  /** Whether the plan node is there. */
  get isDeployed(): boolean {
    return this.joined !== undefined;
  }

  /** The plan node goes away. */
  removed(): void {
    if (this.joined !== undefined) this.registry.leave(this.joined);
    this.joined = undefined;
  }

  /** Node-RED dies on the spot and is started again after a while. */
  async restarts(after = '0'): Promise<void> {
    this.dies();
    await this.clock.pass(ms(after));
    await this.deploys();
  }

  dies(): void {
    this.generation += 1;
    this.running = 0;
    this.joined = undefined;
    this.registry = this.newRegistry();
  }

  async deploys(): Promise<void> {
    if (this.settings === undefined) throw new Error('no plan');
    this.joined = this.join(this.settings);
    this.registry.join(this.joined);
    for (const other of this.others) this.registry.join(this.join(other, other.key));
    const planKeys = [this.settings, ...this.others].map(({ key }) => key);
    const begun = this.registry.flowsStarted(this.hasGate ? [{ door: this.gateDoor(), planKeys }] : []);
    this.stirred();
    await this.rest();
    // A plan that waits for a surviving restic opens later.
    await Promise.race([begun, settled()]);
    this.stirred();
    await this.rest();
  }

  /** The machine is awake for so long. */
  async passes(duration: string): Promise<void> {
    await this.clock.pass(ms(duration));
  }

  /** The machine sleeps for so long, and is awake for a minute after it. */
  async sleeps(duration: string): Promise<void> {
    this.clock.jump(ms(duration));
    await this.clock.pass(MINUTE);
  }

  async asks(command: PlanCommand, options: { carried?: Carried; pauseMs?: number } = {}): Promise<Answer> {
    const answer = obey(this.record, command, options);
    this.stirred();
    await this.rest();
    return answer;
  }

  async appears(carried: Carried = {}): Promise<Answer> {
    const answer = deviceAppeared(this.record, carried);
    this.stirred();
    await this.rest();
    return answer;
  }

  vanishes(): void {
    deviceVanished(this.record, 'switched-off');
  }

  /** Whatever a flow sends to the plan (or the gate) about a device. */
  async hears(message: Carried, by: 'plan' | 'gate' = 'plan'): Promise<Answer | undefined> {
    const reading = readMessage(message);
    if (reading.kind === 'command' || reading.kind === 'unknown') throw new Error(`a ${reading.kind}`);
    const answer = reading.kind === 'ignored' ? undefined : hear(this.record, reading, {}, by);
    this.stirred();
    await this.rest();
    return answer;
  }

  // --- what can be seen ---

  get record(): PlanRecord {
    const record = this.registry.find(this.settings?.key ?? '');
    if (record === undefined) throw new Error('the plan is not there');
    return record;
  }

  get state(): PlanState {
    return this.record.state;
  }

  /** What the disk has. */
  get journalled(): PlanState {
    return JSON.parse(this.disk.get(this.settings?.key ?? '') ?? 'null') as PlanState;
  }

  at(port: string): BackupMessage[] {
    return this.sent.filter((one) => one.port === port).map(({ backup }) => backup);
  }

  get ends(): (string | null)[] {
    return this.sent
      .filter(({ port }) => port === 'good-backup' || port === 'ended')
      .map(({ backup }) => backup.end);
  }

  /** What the alerts so far were about, such as `gave-up`, `late critical` (with its severity where it is lateness). */
  get told(): string[] {
    return this.alerts.map(({ kind, severity }) => (kind === 'late' ? `late ${severity}` : kind));
  }

  /** Minutes from now on; null for null. */
  minutesUntil(time: string | null): number | null {
    return time === null ? null : (Date.parse(time) - this.clock.now()) / MINUTE;
  }

  // --- the nodes ---

  private newRegistry(): PlanRegistry {
    const { generation } = this;
    return new PlanRegistry({
      clock: {
        now: () => this.clock.now(),
        after: (delay, fn) =>
          this.clock.after(delay, () => {
            if (generation === this.generation) fn();
          }),
      },
      language: 'en-US',
      journal: new FakeJournal(this, generation),
      newRunId: () => `run${++this.runs}`,
    });
  }

  join(settings: PlanSettings, nodeId = 'plan'): PlanJoin {
    return {
      nodeId,
      settings,
      door: this.planDoor(),
      place: 'repository',
      witness: this.witness(),
      ...(this.device === undefined ? {} : { device: this.device }),
      recallMirror: () => Promise.resolve(this.context),
    };
  }

  private planDoor(): PlanDoor {
    const { generation } = this;
    return {
      send: (port, message) => {
        if (generation === this.generation) this.leaves(port, message);
      },
      refresh: () => undefined,
      warn: (problem) => this.warnings.push(problem),
      refuse: (problem) => this.refusals.push(problem),
    };
  }

  gateDoor(id = 'gate'): GateDoor {
    const { generation } = this;
    return {
      id,
      policyFor: () => this.policy,
      triesAgainByWire: this.retryWire,
      alerts: this.alertPolicy,
      hearsAlerts: this.hearsAlerts,
      send: (port, message) => {
        if (generation === this.generation) this.leaves(port, message);
      },
      refresh: () => undefined,
      mirror: (state) => {
        this.context = structuredClone(state);
      },
    };
  }

  private witness(): Witness {
    return {
      newestGood: (planKey, host) => {
        this.repositoryAsked += 1;
        this.stirred();
        if (!this.repositoryAnswers) return Promise.reject(new Error('away'));
        const newest = this.snapshots.toSorted((a, b) => a.time.localeCompare(b.time)).at(-1);
        const { otherHosts } = this;
        if (newest === undefined || this.snapshotsOf !== host)
          return Promise.resolve({ newest: undefined, otherHosts });
        return Promise.resolve<WitnessAnswer>({
          newest: {
            snapshot: { ...snapshot(newest), host, tags: [`plan:${planKey}`] },
            repositoryId: 'repo',
          },
          otherHosts,
        });
      },
      accept: () => {
        this.repositoryAccepted += 1;
        return this.repositoryRemembers;
      },
    };
  }

  private leaves(port: string, message: Carried): void {
    this.stirred();
    const backup = message['backup'] as BackupMessage;
    this.sent.push({ port, message, backup });
    if (port === 'alert' && backup.alert !== undefined) this.alerts.push(backup.alert);
    if (port === 'try-again' && this.retryWire) this.record.passOn(ticketOf(message), message);
    if (port === 'run') {
      this.handedOutAt.push(this.clock.now());
      if (!this.eaten.has('backup-plan')) this.travel(message, (copy) => this.checkNode(copy));
    }
  }

  private travel(message: Carried, to: (message: Carried) => void): void {
    for (let copy = 0; copy < this.copies; copy += 1) {
      const arriving = structuredClone(message);
      queueMicrotask(() => to(arriving));
    }
  }

  /** Goes on after `delay`, unless the process died meanwhile. */
  private later(delay: number, then: () => void): void {
    const { generation } = this;
    const go = (): void => {
      if (generation !== this.generation) return;
      this.stirred();
      then();
    };
    if (delay === 0) queueMicrotask(go);
    else this.clock.after(delay, go);
  }

  private checkNode(message: Carried): void {
    if (!this.hasCheck) {
      this.resticNode(message);
      return;
    }
    const ticket = ticketOf(message);
    const attempts = this.registry.find(ticket.plan)?.attempts;
    if (attempts === undefined) return;
    const release = attempts.beginCheck(ticket, message);
    if (release === undefined) return;
    const prepared = attempts.needsDevice(ticket, new AbortController().signal);
    this.later(this.check.takes, () => {
      let passed = false;
      void prepared
        .then(() => {
          this.stirred();
          const { passes, reason, kind } = this.check;
          passed = passes;
          const report: CheckReport = {
            passed,
            reason: passed ? '' : reason,
            results: [{ kind, subject: '/mnt', answer: passed ? 'yes' : 'no', reason, durationMs: 1 }],
          };
          return attempts.checked(ticket, report);
        })
        .then((outgoing) => {
          this.stirred();
          if (outgoing !== undefined && !this.eaten.has('precondition-check')) {
            this.travel(outgoing, (copy) => (passed ? this.resticNode(copy) : this.gateNode(copy)));
          }
          release();
        });
    });
  }

  private resticNode(message: Carried): void {
    const ticket = ticketOf(message);
    const attempts = this.registry.find(ticket.plan)?.attempts;
    if (attempts === undefined) return;
    let stopped = false;
    let stop = (): void => {
      stopped = true;
    };
    const claimed = attempts.claim(ticket, message, { hasCheck: this.hasCheck, stop: () => stop() });
    if (claimed === undefined) return;
    const name = `${ticket.run}/${ticket.attempt}`;
    (claimed.claim === null ? this.resticStarts : this.looks).push(name);
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    void attempts.started(ticket, { pid: 4_000_000, startTicks: 1 });
    let ended = false;
    const end = async (outcome: BackupOutcome): Promise<void> => {
      if (ended) return;
      ended = true;
      this.running -= 1;
      await attempts.report(ticket, outcome);
      this.later(outcome.kind === 'succeeded' ? this.restic.retention : 0, () => {
        void attempts.complete(ticket, outcome, this.maintenance).then((outgoing) => {
          this.stirred();
          if (outgoing !== undefined && !this.eaten.has('restic-run'))
            this.travel(outgoing, (copy) => this.gateNode(copy));
          claimed.release();
        });
      });
    };
    stop = () => {
      this.stirred();
      void end({ kind: 'cancelled', reason: 'you cancelled it.' });
    };
    if (stopped) stop();
    const begunAt = this.clock.now();
    this.later(this.restic.takes, () => {
      const outcome = this.outcome(begunAt, name, claimed.claim);
      if (outcome !== undefined) void end(outcome);
    });
  }

  /** Undefined: it hangs until it is stopped. */
  private outcome(begunAt: number, name: string, claim: SnapshotClaim | null): BackupOutcome | undefined {
    const { ends } = this.restic;
    const time = claim?.time ?? iso(begunAt);
    const id = claim?.snapshotId ?? `snapshot-${name}`;
    const made = { snapshot: snapshot({ id, time }), figures: FIGURES, repositoryId: this.repositoryId };
    switch (ends) {
      case 'succeeded':
        this.snapshots.push({ id, time });
        return { kind: 'succeeded', ...made };
      case 'partial':
        return {
          kind: 'partial',
          ...made,
          reason: '3 files could not be read.',
          heldBack: this.heldBack,
          unreadable: ['/x'],
        };
      case 'unverified':
        return {
          kind: 'unverified',
          claim: { snapshotId: id, time, figures: FIGURES, exitCode: 0, unreadable: [] },
          failure: { class: 'unverified', reason: 'nobody could look.' },
        };
      case 'cancelled':
        return { kind: 'cancelled', reason: 'you cancelled it.' };
      case 'ghost':
        return { kind: 'failed', failure: { class: 'device-unavailable', reason: 'it went nowhere.' } };
      case 'hangs':
        return undefined;
      default:
        return { kind: 'failed', failure: { class: ends, reason: `${ends}.` } };
    }
  }

  /** A message arrives at the gate; true when it decided or announced something. */
  gateNode(message: Carried): boolean {
    if (!this.hasGate) return false;
    this.stirred();
    return this.registry.find(ticketOf(message).plan)?.arrivedAtGate(ticketOf(message), message) ?? false;
  }
}

/** A device that is ours as soon as it was switched on, and switched off by the story. */
export class FakeDevice implements DeviceDoor {
  readonly name = 'drive';
  isOurs = false;
  powerUps = 0;
  /** Attempts that wanted it, whether or not it was on. */
  wanted = 0;
  echoes = false;
  /** How often somebody mounted it or looked whether it is there. */
  looks = 0;

  switchOn(): Promise<boolean> {
    this.wanted += 1;
    if (!this.isOurs) this.powerUps += 1;
    this.isOurs = true;
    return Promise.resolve(true);
  }

  arrive(): Promise<void> {
    this.looks += 1;
    return Promise.resolve();
  }

  heard(): 'echo' | 'news' {
    return this.echoes ? 'echo' : 'news';
  }

  learns(): void {}

  /** Off as soon as no attempt needs it. */
  reconsider(): void {}
}

/** A policy as the gate's defaults are, changed as told. */
export function policy(changes: Partial<RetryPolicy> = {}): RetryPolicy {
  return {
    failureDelay: exponentialDelay(5 * MINUTE, 60 * MINUTE),
    waitDelay: fixedDelay(15 * MINUTE),
    jitter: 0,
    failureBudget: null,
    waitBudget: null,
    timeLimitMs: null,
    giveUpAtNextSlot: true,
    retryClasses: new Set(FAILURE_CLASSES.filter((name) => !PERMANENT_CLASSES.has(name))),
    ...changes,
  };
}

/** Settings of a plan of a story. */
export function planSettings(wishes: PlanWishes = {}): PlanSettings {
  const { every, cron, timeZone, byEventOnly, settle, jitter, minimumGap, ...rest } = wishes;
  const byDefault: PlanSettings = {
    key: 'photos',
    name: 'Photos',
    contents: {
      paths: ['/photos'],
      excludes: [],
      excludeFile: '',
      excludeCaches: false,
      excludeLargerThan: '',
      oneFileSystem: false,
      tags: [],
      host: 'home',
    },
    retention: {},
    unreadableAccepted: false,
    shrinkLimit: 50,
    schedule: { kind: 'interval', everyMs: ms(every ?? '24h') },
    situation: 'usb-plug',
    minimumGapMs: ms(minimumGap ?? '0'),
    jitterMs: ms(jitter ?? '0'),
    settleMs: ms(settle ?? '0'),
    catchUp: true,
    startPaused: false,
    deviceStarts: 'when-owed',
    watts: { on: 3, onForMs: 5000, off: 1, offForMs: 30_000 },
    device: null,
    powerWords: 'true-false',
    powerUpWithinMs: 180_000,
    powerOffAfterMs: 10_000,
    powerOffMounted: false,
    latenessPerDrive: false,
  };
  if (cron !== undefined)
    return { ...byDefault, schedule: { kind: 'cron', cron: parseCron(cron, timeZone ?? 'UTC') }, ...rest };
  if (byEventOnly === true) return { ...byDefault, schedule: { kind: 'event' }, ...rest };
  return { ...byDefault, ...rest };
}

function snapshot({ id, time }: { id: string; time: string }): Snapshot {
  return { id, time, host: 'home', tags: [], paths: ['/photos'] };
}

function ticketOf(message: Carried): Ticket {
  const ticket = readTicket(message);
  if (ticket === undefined) throw new Error('a message without a run');
  return ticket;
}
