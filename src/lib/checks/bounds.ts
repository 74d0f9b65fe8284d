import { GROUP_KINDS } from './check.ts';

/** Groups in groups, the list of the node not counted. */
export const DEEPEST_GROUP = 8;
/** Checks and groups of one node. */
export const MOST_CHECKS = 200;

/** What checks have as text, if they have it. */
const TEXTS = ['path', 'name', 'host', 'url', 'command', 'from', 'to', 'timeout', 'hold', 'upTo'];

/**
 * What keeps a list of checks from being looked at: a flow file may hold anything. Undefined: every check is an object
 * with a kind, every group has a list, every state a value, what is a text is one, and there are neither too many nor too deep ones.
 */
export function outOfBounds(specs: readonly unknown[]): 'too-many' | 'too-deep' | 'damaged' | undefined {
  const open = [{ list: specs, depth: 0 }];
  let count = 0;
  // No recursion: it is there to keep the stack from overflowing.
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    count += next.list.length;
    if (count > MOST_CHECKS) return 'too-many';
    if (next.depth > DEEPEST_GROUP) return 'too-deep';
    for (const spec of next.list) {
      if (typeof spec !== 'object' || spec === null || !('kind' in spec)) return 'damaged';
      const { kind } = spec;
      if (typeof kind !== 'string') return 'damaged';
      if (!TEXTS.every((name) => isTextIn(spec, name))) return 'damaged';
      if (kind === 'state' && !('of' in spec && isHouseValue(spec.of))) return 'damaged';
      if (!GROUP_KINDS.some((known) => known === kind)) continue;
      if (!('checks' in spec) || !Array.isArray(spec.checks)) return 'damaged';
      open.push({ list: spec.checks, depth: next.depth + 1 });
    }
  }
  return undefined;
}

function isHouseValue(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'type' in value && 'value' in value && typeof value.value === 'string';
}

function isTextIn(spec: object, name: string): boolean {
  const value: unknown = (spec as Record<string, unknown>)[name];
  return value === undefined || value === null || typeof value === 'string';
}
