import { Problem } from '../problem.ts';
import type { GateDoor, PlanDoor, Witness } from './doors.ts';
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
  private readonly beginning = new Set<PlanRecord>();
  /** Who waits for a plan to open, by key. */
  private readonly waiting = new Map<string, (() => void)[]>();
  /** The plan nodes that are there now, by key. */
  private readonly joined = new Map<string, PlanJoin>();

  constructor(services: RecordServices) {
    this.services = services;
  }

  /** The record of a plan whose node is there; undefined while it is being read. */
  find(key: string): PlanRecord | undefined {
    return this.joined.has(key) ? this.records.get(key) : undefined;
  }

  /**
   * Resolves when a plan that has joined is open or will not open: reading its past takes a moment after a start, and
   * what is asked of it meanwhile waits.
   */
  async opened(key: string): Promise<void> {
    if (!this.joined.has(key) || this.records.get(key)?.isOpen === true) return;
    await new Promise<void>((resolve) => this.waiting.set(key, [...(this.waiting.get(key) ?? []), resolve]));
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
  }

  /**
   * Flows run: wires exist, so messages may leave; gates are known by the plans they claim. Each plan is read, hears
   * what the repository has to say, and opens, without waiting for any other plan. Resolves when all have; a plan that
   * cannot be read is told by its door.
   */
  async flowsStarted(claims: readonly GateClaim[]): Promise<void> {
    await Promise.all(
      [...this.joined.values()].map(async (plan) => {
        try {
          await this.begin(plan, claims);
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

  private async begin(plan: PlanJoin, claims: readonly GateClaim[]): Promise<void> {
    const { key } = plan.settings;
    let record = this.records.get(key);
    const isNew = record === undefined;
    if (record === undefined) {
      const { state, problems } = await recollect(plan.settings, this.services.journal, plan.recallMirror);
      // Another deploy may have read the plan while this one did.
      record = this.records.get(key) ?? new PlanRecord(plan.settings, state, this.services);
      this.records.set(key, record);
      record.attachPlan(plan.door, plan.settings, plan.witness);
      for (const problem of problems) record.warn(problem);
    } else {
      record.attachPlan(plan.door, plan.settings, plan.witness);
    }
    this.giveToGate(record, claims);
    fitToSettings(record, { afterDowntime: isNew });
    // An earlier deploy is still busy with the plan's past, and will open it.
    if (this.beginning.has(record)) return;
    if (isNew) {
      this.beginning.add(record);
      try {
        await hearTestimony(record);
        await resumeInterrupted(record);
      } finally {
        this.beginning.delete(record);
      }
    }
    record.open();
    this.settle(key);
  }

  private giveToGate(record: PlanRecord, claims: readonly GateClaim[]): void {
    const claiming = claims.filter((claim) => claim.planKeys.includes(record.key));
    const [only] = claiming;
    if (only !== undefined && claiming.length === 1) record.attachGate(only.door);
    else record.detachGate();
  }
}
