/// <reference types="jquery" />

/**
 * Keeps the numbers of a dialog as numbers, in oneditsave: the editor reads its inputs afterwards, as texts, and no longer
 * finds these. What is no number stays as it was typed.
 */
export function storeNumbers<N extends string>(
  node: { [name in N]: number | string },
  names: readonly N[],
): void {
  for (const name of names) {
    const input = $(`#node-input-${name}`);
    const typed = String(input.val()).trim();
    if (!/^\d+(\.\d+)?$/.test(typed)) continue;
    node[name] = Number(typed);
    input.removeAttr('id');
  }
}
