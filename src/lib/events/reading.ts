import { parseDuration } from '../duration.ts';
import type { Carried } from '../message.ts';
import { shapeOf } from '../message.ts';
import type { PlanCommand } from '../plan/commands.ts';
import { PLAN_COMMANDS } from '../plan/commands.ts';

/** What a message in a plan's or a gate's input means. */
export type Reading =
  | { readonly kind: 'command'; readonly command: PlanCommand; readonly pauseMs?: number }
  /** A drive or plug is there. */
  | { readonly kind: 'appeared' }
  | { readonly kind: 'vanished' }
  /** Some other device state, such as `unavailable`: never a no. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'unknown'; readonly shape: string };

const PRESENT: ReadonlySet<unknown> = new Set([true, 1, 'on', 'true', '1', 'mounted', 'home']);
const ABSENT: ReadonlySet<unknown> = new Set([false, 0, 'off', 'false', '0', 'unmounted', 'not_home']);
const NEITHER: ReadonlySet<unknown> = new Set(['unavailable', 'unknown']);
/** Smallest number that is a time rather than a state: an inject node's timestamp (ms since the epoch, from 2001 on). */
const FIRST_TIMESTAMP = 1e12;

/**
 * Reads any message. Commands come as text in `payload` or `topic`, or as `payload: {command, for}`; a device as
 * boolean, 1/0 or on/off; an inject node's empty message or timestamp asks for a run. A command for a time that is no
 * duration is unknown: a pause must not last for another time than was asked for. Never throws.
 */
export function readMessage(message: Carried): Reading {
  const { payload, topic } = message;
  const command = commandIn(payload) ?? (isTrigger(payload) ? commandIn(topic) : undefined);
  if (command !== undefined) return command;
  const word = typeof payload === 'string' ? payload.trim().toLowerCase() : payload;
  if (PRESENT.has(word)) return { kind: 'appeared' };
  if (ABSENT.has(word)) return { kind: 'vanished' };
  if (NEITHER.has(word)) return { kind: 'ignored' };
  if (isTrigger(payload)) return { kind: 'command', command: 'run' };
  return { kind: 'unknown', shape: shapeOf(payload) };
}

function commandIn(value: unknown): Extract<Reading, { kind: 'command' }> | undefined {
  if (typeof value === 'string') {
    const command = PLAN_COMMANDS.find((known) => known === value.trim().toLowerCase());
    return command === undefined ? undefined : { kind: 'command', command };
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'command')) return undefined;
  const { command, for: length } = value as { command?: unknown; for?: unknown };
  const found = typeof command === 'string' ? commandIn(command) : undefined;
  if (found === undefined) return undefined;
  if (length === undefined || length === null || length === '') return found;
  const pauseMs = typeof length === 'string' ? parseDuration(length) : undefined;
  return pauseMs === undefined || pauseMs === 0 ? undefined : { ...found, pauseMs };
}

function isTrigger(payload: unknown): boolean {
  if (payload === undefined || payload === null || payload === '') return true;
  if (typeof payload === 'number') return payload >= FIRST_TIMESTAMP;
  if (typeof payload !== 'object' || Array.isArray(payload) || ArrayBuffer.isView(payload)) return false;
  return Object.keys(payload).length === 0;
}
