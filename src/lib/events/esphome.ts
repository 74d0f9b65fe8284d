import { isUnavailable, numberOf, powerOf } from './power-words.ts';
import type { Reading, Said } from './reading.ts';
import { entityName } from './reading.ts';

/** Names of sensors whose number is watts. */
const WATTS = /(^|[_-])(power|watts?)([_-]|$)/i;
const TOPIC = /^(.+\/(switch|binary_sensor|sensor)\/([^/]+))\/(state|command)$/;

/** ESPHome by MQTT: `<device>/switch/<name>/state`. */
export function esphome({ topic, payload }: Said): Reading | undefined {
  const [, path, component, name = '', what] = TOPIC.exec(topic) ?? [];
  if (path === undefined) return undefined;
  if (what === 'command') return { kind: 'ignored', why: 'order' };
  const entity = entityName(path);
  if (isUnavailable(payload)) return { kind: 'unavailable', entity };
  if (component === 'sensor') {
    const watts = WATTS.test(name) ? numberOf(payload) : undefined;
    return watts === undefined
      ? { kind: 'ignored', why: 'no-power' }
      : { kind: 'sample', watts, entity, initial: false };
  }
  const power = powerOf(payload);
  return power === undefined ? undefined : { kind: 'edge', power, entity, source: 'esphome' };
}
