import type { Dialog } from './dialog.ts';

/** The list of checks in the dialog. */
export const LIST = '#lastgood-checks';
/** From the row of a group to the widget of its list. */
export const INSIDE = '> .lastgood-check > .lastgood-check-inside > .red-ui-editableList';

/** A row by its place: `at(2, 1)` is the first check of the second check, a group. */
export function at(...place: readonly number[]): string {
  return place.reduce((list, row, depth) => {
    const inner = depth === 0 ? list : `${list} ${INSIDE} > .red-ui-editableList-container > ol`;
    return `${inner} > li:nth-child(${row})`;
  }, LIST);
}

/** A field of a row, not of the rows inside it. */
export function fieldOf(row: string, name: string): string {
  return `${row} > .lastgood-check > :not(.lastgood-check-inside) [data-field="${name}"]`;
}

/** The menu of a row with the kinds of check. */
export function kindOf(row: string): string {
  return `${row} > .lastgood-check > .lastgood-check-line [data-field="kind"]`;
}

/** The line of a row that explains or complains. */
export async function noteOf(dialog: Dialog, row: string): Promise<string> {
  return await dialog
    .find(`${row} > .lastgood-check > .lastgood-check-body > .lastgood-check-note`)
    .innerText();
}
