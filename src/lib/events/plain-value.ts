import { isSighting, isUnavailable, numberOf, powerOf, reachability } from './power-words.ts';
import type { Reading, Said } from './reading.ts';
import { entityName, field } from './reading.ts';

/** Properties of an object that say on or off, in the order in which they are believed. */
const WORDS = ['state', 'on', 'output', 'POWER', 'value', 'power'] as const;
/** Properties whose number is watts. */
const WATTS = ['power', 'apower', 'watts'] as const;
/** Topics whose number is watts. */
const WATT_TOPIC = /(^|[/_-])(power|apower|watts?)$/i;

/** Boolean, 1/0, on/off and the like, by themselves or in an object; a number is watts where the topic or its name says so. */
export function plainValue({ topic, payload }: Said): Reading | undefined {
  const entity = entityName(topic);
  if (typeof payload === 'object' && payload !== null) return inObject(payload, entity);
  const watts = WATT_TOPIC.test(topic) ? numberOf(payload) : undefined;
  if (watts !== undefined) return { kind: 'sample', watts, entity, initial: false };
  return isUnavailable(payload) ? { kind: 'unavailable', entity } : word(payload, entity);
}

function inObject(payload: object, entity: string): Reading | undefined {
  for (const name of WORDS) {
    const value = field(payload, name);
    if (isUnavailable(value) || reachability(value) === 'offline') return { kind: 'unavailable', entity };
    if (reachability(value) === 'online') return { kind: 'ignored', why: 'availability' };
    const isWatts = name === 'power' && typeof value === 'number';
    const reading = isWatts ? undefined : word(value, entity);
    if (reading !== undefined) return reading;
  }
  for (const name of WATTS) {
    const watts = numberOf(field(payload, name));
    if (watts !== undefined) return { kind: 'sample', watts, entity, initial: false };
  }
  return undefined;
}

function word(value: unknown, entity: string): Reading | undefined {
  const power = powerOf(value);
  if (power === undefined) return undefined;
  return { kind: 'edge', power, entity, source: isSighting(value) ? 'watch' : 'plain' };
}
