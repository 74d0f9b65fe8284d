import { outOfBounds } from './bounds.ts';
import type { CheckSpec } from './check.ts';
import { ACTING_KINDS, isGroup } from './check.ts';

/** Whether one of the checks does something about what it looks for. */
export function hasActing(specs: readonly CheckSpec[]): boolean {
  return outOfBounds(specs) === undefined && specs.some(acts);
}

function acts(spec: CheckSpec): boolean {
  return isGroup(spec) ? spec.checks.some(acts) : ACTING_KINDS.has(spec.kind);
}
