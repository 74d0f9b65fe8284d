import { numberOf, powerOf } from './power-words.ts';
import type { DeviceReading, Reading, Said } from './reading.ts';
import { entityName, field, together } from './reading.ts';

/** `state`, or `state_left` and `state_l2` of a device with several outlets; `power` likewise, but not `power_factor`. */
const KEY = /^(state|power)(?:_(l?\d+|left|right|center|top|bottom))?$/;

/** Zigbee2MQTT, under its usual base topic or with its mark of quality. Messages are partial or from its cache. */
export function zigbee2mqtt({ topic, payload }: Said): Reading | undefined {
  const isBase = topic.startsWith('zigbee2mqtt/');
  if (!isBase && field(payload, 'linkquality') === undefined) return undefined;
  if (topic.startsWith('zigbee2mqtt/bridge/')) return { kind: 'ignored', why: 'other-event' };
  if (/\/(set|get)(\/[^/]+)?$/.test(topic)) return { kind: 'ignored', why: 'order' };
  // With its option `output: attribute` each value has a topic of its own.
  const end = topic.lastIndexOf('/');
  if (typeof payload !== 'object' || payload === null) {
    return told(topic.slice(0, end), { [topic.slice(end + 1)]: payload });
  }
  return told(topic, payload);
}

function told(device: string, values: object): Reading {
  const words: DeviceReading[] = [];
  const samples: DeviceReading[] = [];
  for (const [key, value] of Object.entries(values)) {
    const [, what, outlet] = KEY.exec(key) ?? [];
    if (what === undefined) continue;
    const entity = entityName(outlet === undefined ? device : `${device}/${outlet}`);
    const power = what === 'state' ? powerOf(value) : undefined;
    const strip = outlet === undefined ? {} : { strip: entityName(device) };
    if (power !== undefined) words.push({ kind: 'edge', power, entity, source: 'zigbee2mqtt', ...strip });
    const watts = what === 'power' ? numberOf(value) : undefined;
    if (watts !== undefined) samples.push({ kind: 'sample', watts, entity, initial: false });
  }
  // What is switched is known by its state; the watts come along.
  return together(words.length > 0 ? words : samples) ?? { kind: 'ignored', why: 'no-power' };
}
