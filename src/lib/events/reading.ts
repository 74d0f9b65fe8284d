import type { Carried } from '../message.ts';
import type { PlanCommand } from '../plan/commands.ts';

export type Power = 'on' | 'off';

/**
 * Who said it. `watch`: somebody who looks whether the drive is there (the watch node, words such as `mounted`);
 * `watts`: a plug that only measures, by the plan's limits.
 */
export type Source =
  | 'home-assistant'
  | 'zigbee2mqtt'
  | 'tasmota'
  | 'shelly'
  | 'esphome'
  | 'homekit'
  | 'watch'
  | 'watts'
  | 'plain';

interface AboutEntity {
  /** What speaks: an entity id, or an MQTT topic without its last word; `/` parts a device from its outlets. */
  readonly entity: string;
  /** The device of which this is one outlet, of perhaps several that have nothing to do with each other. */
  readonly strip?: string;
  /** What the same message says of the device's other outlets. */
  readonly also?: readonly DeviceReading[];
}

/** Something was switched on or off, or came or went, just now. */
export interface Edge extends AboutEntity {
  readonly kind: 'edge';
  readonly power: Power;
  readonly source: Source;
}

/** Tells a state, not a change. */
export interface Sync extends AboutEntity {
  readonly kind: 'sync';
  readonly power: Power;
  readonly source: Source;
  /** Said because somebody began to listen, or because something else changed: nothing happened just now. */
  readonly initial: boolean;
}

export interface Sample extends AboutEntity {
  readonly kind: 'sample';
  readonly watts: number;
  /** As of a sync. */
  readonly initial: boolean;
}

/** Nobody knows: never a no. */
export interface Unavailable extends AboutEntity {
  readonly kind: 'unavailable';
}

/** A word about power. */
export type PowerReading = Edge | Sync;

/** What a plan's record hears of its device. */
export type DeviceReading = PowerReading | Sample | Unavailable;

export interface CommandReading {
  readonly kind: 'command';
  readonly command: PlanCommand;
  readonly pauseMs?: number;
  /** Keys of the plans that it is for; missing: for whoever hears it. */
  readonly plans?: readonly string[];
}

/** Understood, and nothing that matters here. */
export interface Ignored {
  readonly kind: 'ignored';
  readonly why:
    | 'availability'
    /** A frame without power: unchanged. */
    | 'no-power'
    /** Somebody's order to the device, not its word. */
    | 'order'
    | 'other-event'
    /** A command that the broker kept is no wish of now. */
    | 'retained-command';
}

/** What a message in a plan's or a gate's input means. */
export type Reading =
  | DeviceReading
  | CommandReading
  | Ignored
  | { readonly kind: 'unknown'; readonly shape: string };

/** A message as the readers see it. */
export interface Said {
  readonly message: Carried;
  /** A text that is a JSON object is that object. */
  readonly payload: unknown;
  /** Empty when there is none. */
  readonly topic: string;
}

/** Longest name of an entity that is told apart. */
const LONGEST_ENTITY = 200;

/** An entity's name from whatever a message has. */
export function entityName(name: unknown): string {
  return typeof name === 'string' ? name.slice(0, LONGEST_ENTITY) : '';
}

/** A property of anything; undefined where there is none of its own. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

/** Readings of one message as one; undefined for none. */
export function together(readings: readonly DeviceReading[]): DeviceReading | undefined {
  const [first, ...also] = readings;
  return first === undefined || also.length === 0 ? first : { ...first, also };
}
