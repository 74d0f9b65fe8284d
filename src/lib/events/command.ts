import { parseDuration } from '../duration.ts';
import { PLAN_COMMANDS } from '../plan/commands.ts';
import type { CommandReading, Said } from './reading.ts';
import { field } from './reading.ts';

/** Smallest number that is a time rather than a state: an inject node's timestamp (ms since the epoch, from 2001 on). */
const FIRST_TIMESTAMP = 1e12;

/** A command in `payload`, as text or as `{command, for, plans}`. */
export function command({ payload }: Said): CommandReading | undefined {
  if (typeof payload === 'string') return commandNamed(payload);
  const named = field(payload, 'command');
  const found = typeof named === 'string' ? commandFor(named, field(payload, 'for')) : undefined;
  const plans = field(payload, 'plans');
  if (found === undefined || plans === undefined || plans === null) return found;
  // Whom it is for is not guessed.
  const keys = Array.isArray(plans) ? plans : [plans];
  return keys.every((key) => typeof key === 'string') ? { ...found, plans: keys } : undefined;
}

/**
 * A command and for how long. One for a time that is no duration is none: a pause must not last for another time than was
 * asked for.
 */
export function commandFor(name: string, length: unknown): CommandReading | undefined {
  const found = commandNamed(name);
  if (found === undefined || length === undefined || length === null || length === '') return found;
  const pauseMs = typeof length === 'string' ? parseDuration(length) : undefined;
  return pauseMs === undefined || pauseMs === 0 ? undefined : { ...found, pauseMs };
}

/** An inject node's empty message or timestamp asks for a run, or for what its topic says. */
export function trigger({ payload, topic }: Said): CommandReading | undefined {
  return isTrigger(payload) ? (commandNamed(topic) ?? { kind: 'command', command: 'run' }) : undefined;
}

function commandNamed(text: string): CommandReading | undefined {
  const known = PLAN_COMMANDS.find((name) => name === text.trim().toLowerCase());
  return known === undefined ? undefined : { kind: 'command', command: known };
}

function isTrigger(payload: unknown): boolean {
  if (payload === undefined || payload === null || payload === '') return true;
  if (typeof payload === 'number') return payload >= FIRST_TIMESTAMP;
  if (typeof payload !== 'object' || Array.isArray(payload) || ArrayBuffer.isView(payload)) return false;
  return Object.keys(payload).length === 0;
}
