/// <reference types="jquery" />
import type { PlanDefinition } from '../nodes/backup-plan/definition.ts';
import type { EditedNode } from './red.ts';

/** Keeps numbers as numbers: the editor reads its inputs afterwards, as texts. */
export function storeNumbers(plan: EditedNode<PlanDefinition>): void {
  for (const name of ['wattsOn', 'wattsOff', 'shrinkLimit'] as const) {
    const input = $(`#node-input-${name}`);
    const typed = String(input.val()).trim();
    if (!/^\d+(\.\d+)?$/.test(typed)) continue;
    plan[name] = Number(typed);
    input.removeAttr('id');
  }
}
