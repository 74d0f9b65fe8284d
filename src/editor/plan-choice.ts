/// <reference types="jquery" />
import type { PlanChoice } from './plans.ts';
import { words } from './words.ts';

/** Fills a list with a check box for each plan, and for each chosen one that is gone, so that it can be unticked. */
export function showPlanChoice(list: string, chosen: readonly string[], plans: readonly PlanChoice[]): void {
  const gone = chosen.filter((id) => !plans.some((plan) => plan.id === id));
  const add = (id: string, label: string): void => {
    const box = $('<input type="checkbox">').val(id).prop('checked', chosen.includes(id));
    $(list).append($('<label class="lastgood-choice">').append(box, $('<span>').text(label)));
  };
  for (const plan of plans) add(plan.id, `${plan.name} (${plan.tab})`);
  for (const id of gone) add(id, words().planGone);
  if (plans.length + gone.length === 0) $(list).append($('<div>').text(words().noPlanAnywhere));
}

/** Ids of the plans that are ticked. */
export function tickedPlans(list: string): string[] {
  return $(`${list} input:checked`)
    .toArray()
    .map((box) => String($(box).val()));
}
