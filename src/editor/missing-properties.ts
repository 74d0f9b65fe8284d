/// <reference types="jquery" />

/** Ids of the nodes that got properties which are not deployed yet. */
const completed = new Set<string>();

/**
 * Gives a node the defaults of the properties that it lacks (a flow written by hand or by an earlier version), in its
 * open dialog too. Call it first in oneditprepare.
 *
 * @param prefix of the inputs' ids: `node-input` or `node-config-input`
 */
export function fillMissingProperties(
  node: { readonly id: string },
  prefix: 'node-input' | 'node-config-input' = 'node-input',
): void {
  const properties: Record<string, unknown> = Object(node);
  const definition: { defaults?: Record<string, { value: unknown }> } = Object(properties['_def']);
  for (const [name, { value }] of Object.entries(definition.defaults ?? {})) {
    if (properties[name] !== undefined) continue;
    completed.add(node.id);
    properties[name] = structuredClone(value);
    const input = $(`#${prefix}-${name}`);
    if (input.attr('type') === 'checkbox') input.prop('checked', value === true);
    else if (typeof value === 'string' || typeof value === 'number') input.val(value);
  }
}

/** Whether a node that is being saved got properties that it lacked. Return it from oneditsave. */
export function wasCompleted(node: { readonly id: string }): boolean {
  return completed.delete(node.id);
}
