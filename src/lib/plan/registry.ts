import { Problem } from '../problem.ts';
import { AlertDesk } from './alert-desk.ts';
import type { DeviceDoor, GateDoor, PlanDoor, Witness } from './doors.ts';
import type { RecordServices } from './record.ts';
import { PlanRecord } from './record.ts';
import { fitToSettings, hearTestimony, recollect, resumeInterrupted } from './recovery.ts';
import type { PlanSettings } from './settings.ts';

/** A plan node as it joins. */
export interface PlanJoin {
  readonly nodeId: string;
  readonly settings: PlanSettings;
  readonly door: PlanDoor;
  readonly witness: Witness | undefined;
  /** Its repository: plans with the same one wait for the same thing. */
  readonly place: string;
  /** Undefined: nothing is switched or mounted for the plan. */
  readonly device?: DeviceDoor;
  /** What flow context remembers, of unknown shape. */
  readonly recallMirror: () => Promise<unknown>;
}

/** A gate and the keys of the plans it claims. */
export interface GateClaim {
  readonly door: GateDoor;
  readonly planKeys: readonly string[];
}

/** All plans of this process. Nodes join and leave with each deploy; records stay. */
export class PlanRegistry {
  private readonly services: RecordServices;
  private readonly records = new Map<string, PlanRecord>();
  /** Records that are being read, by key, and plans whose past is being asked after. */
  private readonly reading = new Map<string, Promise<PlanRecord>>();
  private readonly beginning = new Set<PlanRecord>();
  /** Records whose past has been asked after, once in this process. */
  private readonly known = new WeakSet<PlanRecord>();
  private claims: readonly GateClaim[] = [];
  /** Who waits for a plan to open, by key. */
  private readonly waiting = new Map<string, (() => void)[]>();
  /** Who wants to know of changes. */
  private readonly observers = new Set<(key: string) => void>();
  /** The plan nodes that are there now, by key. */
  private readonly joined = new Map<string, PlanJoin>();
  private readonly desk: AlertDesk;

  constructor(services: RecordServices) {
    this.services = services;
    this.desk = new AlertDesk(services.clock, (gateId) => this.plansOf(gateId));
  }

  /** The records of all plans whose nodes are there. */
  all(): PlanRecord[] {
    return [...this.joined.keys()].flatMap((key) => this.find(key) ?? []);
  }

  /** The record of a plan whose node is there; undefined while it is being read. */
  find(key: string): PlanRecord | undefined {
    return this.joined.has(key) ? this.records.get(key) : undefined;
  }

  /** Whether a plan's node is there. */
  has(key: string): boolean {
    return this.joined.has(key);
  }

  /**
   * Resolves when a plan that has joined is open or will not open: reading its past takes a moment after a start, and
   * what is asked of it meanwhile waits.
   */
  async opened(key: string): Promise<void> {
    if (!this.joined.has(key) || this.records.get(key)?.isOpen === true) return;
    await new Promise<void>((resolve) => this.waiting.set(key, [...(this.waiting.get(key) ?? []), resolve]));
  }

  /**
   * Calls `changed` with a plan's key when its record changed, when its restic told something, and when its node went
   * away. Returns what ends that.
   */
  observe(changed: (key: string) => void): () => void {
    this.observers.add(changed);
    return () => this.observers.delete(changed);
  }

  private tell(key: string): void {
    for (const changed of this.observers) changed(key);
  }

  private settle(key: string): void {
    for (const resolve of this.waiting.get(key) ?? []) resolve();
    this.waiting.delete(key);
  }

  /**
   * A plan node joins; things start with `flowsStarted`.
   * @throws Problem `key-taken` when another node has the key: the later one is refused
   */
  join(plan: PlanJoin): void {
    const { key, name } = plan.settings;
    const holder = this.joined.get(key);
    if (holder !== undefined && holder.nodeId !== plan.nodeId) {
      throw new Problem('key-taken', { key, plan: name, other: holder.settings.name });
    }
    this.joined.set(key, plan);
  }

  /** A plan node goes away, for a redeploy or for good. */
  leave(plan: PlanJoin): void {
    const { key } = plan.settings;
    if (this.joined.get(key) !== plan) return;
    this.joined.delete(key);
    this.records.get(key)?.detachPlan();
    this.settle(key);
    this.tell(key);
  }

  /**
   * Flows run: wires exist, so messages may leave; gates are known by the plans they claim. Each plan is read, hears
   * what the repository has to say, and opens, without waiting for any other plan. Resolves when all have; a plan that
   * cannot be read is told by its door.
   */
  async flowsStarted(claims: readonly GateClaim[]): Promise<void> {
    this.claims = claims;
    await Promise.all(
      [...this.joined.values()].map(async (plan) => {
        try {
          await this.begin(plan);
        } catch (error) {
          const problem =
            error instanceof Problem
              ? error
              : new Problem('internal', { detail: String(error) }, { cause: error });
          plan.door.refuse(problem.in(this.services.language));
          this.settle(plan.settings.key);
        }
      }),
    );
  }

  private async begin(joining: PlanJoin): Promise<void> {
    const { key } = joining.settings;
    const record = this.records.get(key) ?? (await this.read(joining));
    // Reading takes a moment; the plan may have been redeployed or removed meanwhile.
    const plan = this.joined.get(key);
    if (plan === undefined) return;
    const before = record.settings;
    record.attachPlan(plan.door, plan.settings, {
      witness: plan.witness,
      device: plan.device,
      place: plan.place,
    });
    this.giveToGate(record);
    fitToSettings(record, before);
    // An earlier deploy is still busy with the plan's past, and will open it.
    if (this.beginning.has(record)) return;
    if (!this.known.has(record)) {
      this.beginning.add(record);
      try {
        await hearTestimony(record);
        await resumeInterrupted(record);
        this.known.add(record);
      } finally {
        this.beginning.delete(record);
      }
      if (!this.joined.has(key)) return;
    } else {
      // It went on without the answer so far.
      void hearTestimony(record);
    }
    record.open();
    this.settle(key);
  }

  /** The record of a plan that this process has not seen yet; read once, however often it is deployed meanwhile. */
  private read(plan: PlanJoin): Promise<PlanRecord> {
    const { key } = plan.settings;
    const reading =
      this.reading.get(key) ??
      recollect(plan.settings, this.services.journal, plan.recallMirror).then(({ state, problems }) => {
        const record = new PlanRecord(plan.settings, state, this.services, {
          desk: this.desk,
          changed: () => this.tell(key),
        });
        this.records.set(key, record);
        for (const problem of problems) plan.door.warn(problem.in(this.services.language));
        return record;
      });
    this.reading.set(key, reading);
    const done = (): void => void this.reading.delete(key);
    reading.then(done, done);
    return reading;
  }

  /** The plans that a gate claims; undefined in the place of one that is not open yet. */
  private plansOf(gateId: string): readonly (PlanRecord | undefined)[] {
    const claimed = this.claims.find(({ door }) => door.id === gateId)?.planKeys ?? [];
    return claimed
      .filter((key) => this.joined.has(key))
      .map((key) => this.find(key))
      .map((record) => (record?.isOpen === true ? record : undefined));
  }

  private giveToGate(record: PlanRecord): void {
    const claiming = this.claims.filter((claim) => claim.planKeys.includes(record.key));
    const [only] = claiming;
    if (only !== undefined && claiming.length === 1) record.attachGate(only.door);
    else record.detachGate();
  }
}
