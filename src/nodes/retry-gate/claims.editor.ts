import { type PlanChoice, tabLabel } from '../../editor/plans.ts';
import { textsOf } from '../../editor/red.ts';
import type { GateDefinition } from './definition.ts';

/** Another gate that claims plans which this dialog claims too. */
export interface Conflict {
  /** What the person called the other gate. */
  readonly gate: string;
  readonly tab: string;
  /** Names of the plans; empty when two gates stand for all plans of one tab that has none yet. */
  readonly plans: readonly string[];
}

/**
 * Ids of the plans that a gate owns.
 *
 * @param chosen the plans picked in its dialog; none: all plans of its tab
 * @param tabId the tab of the gate
 */
export function claimedPlans(
  chosen: readonly string[],
  tabId: string,
  plans: readonly PlanChoice[],
): string[] {
  return chosen.length > 0
    ? [...chosen]
    : plans.filter((plan) => plan.tabId === tabId).map((plan) => plan.id);
}

/** The enabled gates that want the same plans as the gate `id` would with `chosen`. */
export function conflicts(
  id: string,
  chosen: readonly string[],
  tabId: string,
  plans: readonly PlanChoice[],
): Conflict[] {
  const mine = claimedPlans(chosen, tabId, plans);
  const found: Conflict[] = [];
  RED.nodes.eachNode((node) => {
    if (node.type !== 'retry-gate' || node.id === id || node.d === true) return;
    const other: Partial<GateDefinition> = Object(node);
    const picked = other.plans ?? [];
    const theirs = claimedPlans(picked, node.z, plans);
    const both = plans.filter((plan) => mine.includes(plan.id) && theirs.includes(plan.id));
    const sameTab = chosen.length === 0 && picked.length === 0 && node.z === tabId;
    if (both.length === 0 && !sameTab) return;
    const gate = other.name || textsOf('retry-gate')('paletteLabel');
    found.push({ gate, tab: tabLabel(node.z), plans: both.map((plan) => plan.name) });
  });
  return found;
}
