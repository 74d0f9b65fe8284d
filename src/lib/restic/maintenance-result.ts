import type { FailureClass } from '../failure.ts';
import type { UpkeepStep } from './known-repository.ts';

/** What follows a good backup, in this order: the plan's retention, then what the repository is owed. */
export type MaintenanceStep = 'forget' | UpkeepStep;

/** How one step went. */
export interface MaintenanceStepResult {
  readonly step: MaintenanceStep;
  /** `stopped`: by a person, an edit or the end of Node-RED; it stays owed. */
  readonly outcome: 'done' | 'failed' | 'stopped';
  readonly failureClass: FailureClass | null;
  /** A sentence; empty when done. */
  readonly reason: string;
}

/** How the maintenance after a good backup went. Its failure does not touch the success. */
export interface MaintenanceResult {
  /** No step failed. */
  readonly ok: boolean;
  /** The step that failed, else the last one. */
  readonly step: MaintenanceStep;
  /** Every step that was begun, in order. */
  readonly steps: readonly MaintenanceStepResult[];
  /** Snapshots that the retention removed. */
  readonly removed: number;
  /** Why a step failed, in one sentence; empty when ok. */
  readonly reason: string;
}

/** The result of the steps that were begun; undefined when there was none. */
export function maintenanceResult(
  steps: readonly MaintenanceStepResult[],
  removed: number,
): MaintenanceResult | undefined {
  const told = steps.find(({ outcome }) => outcome === 'failed') ?? steps.at(-1);
  if (told === undefined) return undefined;
  const ok = told.outcome !== 'failed';
  return { ok, step: told.step, steps, removed, reason: ok ? '' : told.reason };
}
