import { powerOf, reachability } from './power-words.ts';
import type { Reading, Said } from './reading.ts';
import { entityName, field } from './reading.ts';

/** Last words of topics that tell whether a device can be reached: Zigbee2MQTT, Tasmota, Shelly. */
const TOPIC = /^(.+)\/(availability|lwt|online)$/i;
/** ESPHome's, which others use for anything else. */
const STATUS_TOPIC = /^(.+)\/status$/i;

/** Whether a device can be reached, which is never its power. */
export function availability({ topic, payload }: Said): Reading | undefined {
  const said = field(payload, 'state') ?? payload;
  const reachable = reachability(said);
  const device = TOPIC.exec(topic)?.[1] ?? (reachable && STATUS_TOPIC.exec(topic)?.[1]);
  if (device === undefined) return undefined;
  const gone = reachable === 'offline' || powerOf(said) === 'off';
  // Tasmota's prefix is not part of the device's name.
  const entity = entityName(device.replace(/(^|\/)(tele|stat)(\/|$)/, '$1').replace(/\/$/, ''));
  return gone ? { kind: 'unavailable', entity } : { kind: 'ignored', why: 'availability' };
}
