import type { Power } from './reading.ts';

const ON: ReadonlySet<unknown> = new Set([true, 1, 'on', 'true', '1', 'mounted', 'home']);
const OFF: ReadonlySet<unknown> = new Set([false, 0, 'off', 'false', '0', 'unmounted', 'not_home']);
const SIGHTINGS: ReadonlySet<unknown> = new Set(['mounted', 'unmounted', 'home', 'not_home']);
const NOBODY_KNOWS: ReadonlySet<unknown> = new Set(['unavailable', 'unknown']);

function word(value: unknown): unknown {
  return typeof value === 'string' ? value.trim().toLowerCase() : value;
}

/** What a value says of power; undefined when it says nothing. */
export function powerOf(value: unknown): Power | undefined {
  const said = word(value);
  if (ON.has(said)) return 'on';
  return OFF.has(said) ? 'off' : undefined;
}

/** Whether a value says that something was seen rather than switched. */
export function isSighting(value: unknown): boolean {
  return SIGHTINGS.has(word(value));
}

/** Whether a value says that nobody knows. */
export function isUnavailable(value: unknown): boolean {
  return NOBODY_KNOWS.has(word(value));
}

/** Whether a device can be reached, from the words that are used for it; undefined for other words. */
export function reachability(value: unknown): 'online' | 'offline' | undefined {
  const said = word(value);
  return said === 'online' || said === 'offline' ? said : undefined;
}

/** A number, or a text that is one. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^[+-]?\d+(\.\d+)?$/.test(value.trim())) return undefined;
  return Number(value);
}
