import { shapeOf } from '../message.ts';
import { isSighting, isUnavailable, numberOf, powerOf } from './power-words.ts';
import type { Reading, Said } from './reading.ts';
import { entityName, field } from './reading.ts';

/** Watts of Home Assistant's units of power. */
const WATTS: Readonly<Record<string, number>> = { mW: 0.001, W: 1, kW: 1000, MW: 1e6 };

/** What a message of node-red-contrib-home-assistant-websocket tells. */
interface Told {
  readonly entity: string;
  readonly now: unknown;
  /** Undefined: the message tells a state only. Null: there was none before. */
  readonly before?: unknown;
}

/**
 * The nodes of node-red-contrib-home-assistant-websocket. What counts is the state that came along: `payload` may be cast,
 * and `unavailable` is then `false` or not a number.
 */
export function homeAssistant(said: Said): Reading | undefined {
  const { payload, message } = said;
  const { data } = message;
  const eventType = field(payload, 'event_type');
  if (typeof eventType === 'string' && field(payload, 'event') !== undefined) {
    if (eventType !== 'state_changed') return { kind: 'ignored', why: 'other-event' };
    return understood(changed(field(payload, 'event'), payload));
  }
  if (field(data, 'event_type') === 'state_changed') return understood(changed(field(data, 'event'), data));
  if (field(data, 'new_state') !== undefined || field(data, 'old_state') !== undefined) {
    return understood(changed(data, data));
  }
  const platform = field(payload, 'platform');
  if (typeof platform === 'string' && field(payload, 'to_state') !== undefined) {
    const [now, before] = [field(payload, 'to_state'), field(payload, 'from_state') ?? null];
    return understood({ entity: entityName(field(payload, 'entity_id')), now, before });
  }
  const entity = field(data, 'entity_id');
  if (typeof entity !== 'string' || field(data, 'state') === undefined) return undefined;
  return understood({ entity: entityName(entity), now: data });
}

function changed(event: unknown, around: unknown): Told {
  const entity = entityName(field(event, 'entity_id') ?? field(around, 'entity_id'));
  return { entity, now: field(event, 'new_state') ?? null, before: field(event, 'old_state') ?? null };
}

function understood(told: Told): Reading {
  const { entity, now, before } = told;
  const state = stateIn(now);
  // An entity that was removed has no state.
  if (state === undefined || isUnavailable(state)) return { kind: 'unavailable', entity };
  if (/^(input_)?button\./.test(entity)) return pressed(told);
  const unit = field(field(now, 'attributes'), 'unit_of_measurement');
  if (typeof unit === 'string') return measured(told, unit);
  const power = powerOf(state);
  // Not left to others: its payload may be cast to what it is not.
  if (power === undefined) return { kind: 'unknown', shape: shapeOf(now) };
  const source = isSighting(state) ? 'watch' : 'home-assistant';
  if (before === undefined) return { kind: 'sync', power, entity, source, initial: false };
  const was = stateIn(before);
  // Back again: what is on now may have been on all the time; what is off is off.
  if (was === undefined || isUnavailable(was)) {
    return { kind: 'sync', power, entity, source, initial: power === 'on' || was === undefined };
  }
  // The same state: the node connected anew, or an attribute changed.
  if (powerOf(was) === power) return { kind: 'sync', power, entity, source, initial: true };
  return { kind: 'edge', power, entity, source };
}

/** What the state was before the node cast it. */
function stateIn(state: unknown): unknown {
  return field(state, 'original_state') ?? field(state, 'state') ?? undefined;
}

function measured({ entity, now, before }: Told, unit: string): Reading {
  const factor = Object.hasOwn(WATTS, unit) ? WATTS[unit] : undefined;
  const amount = numberOf(stateIn(now));
  if (factor === undefined || amount === undefined) return { kind: 'ignored', why: 'no-power' };
  const initial = before !== undefined && stateIn(before) === stateIn(now);
  return { kind: 'sample', watts: amount * factor, entity, initial };
}

/** A button's state is the time of its last press; each press asks for a run. */
function pressed({ now, before }: Told): Reading {
  const was = stateIn(before);
  // Before its first press it is unknown; unavailable it was while Home Assistant or its device was away.
  const isPress =
    before === undefined || (was !== undefined && was !== 'unavailable' && was !== stateIn(now));
  return isPress ? { kind: 'command', command: 'run' } : { kind: 'ignored', why: 'other-event' };
}
