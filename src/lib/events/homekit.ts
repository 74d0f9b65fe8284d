import { powerOf } from './power-words.ts';
import type { Reading, Said } from './reading.ts';
import { entityName, field } from './reading.ts';

/** What NRCHKB says for an accessory that does not answer. */
const NO_RESPONSE = 'NO_RESPONSE';

/**
 * hb-event (node-red-contrib-homebridge-automation) and NRCHKB: `{On: …}`. hb-event tells every value whenever one of
 * them changes, and again on each connection, so that its word is a state and no change. mqttthing sends plain values.
 */
export function homekit({ message, payload, topic }: Said): Reading | undefined {
  const { hap, name, _device: device } = message;
  const isNrchkb = typeof hap === 'object' && hap !== null;
  const isHomebridge = message['Homebridge'] !== undefined || device !== undefined;
  const on = field(payload, 'On');
  if (on === undefined && !isNrchkb && !isHomebridge && payload !== NO_RESPONSE) return undefined;
  const entity = entityName(device ?? name ?? topic);
  if (payload === NO_RESPONSE || on === NO_RESPONSE || field(hap, 'reachable') === false) {
    return { kind: 'unavailable', entity };
  }
  const event = field(hap, 'event');
  if ((field(event, 'name') ?? event) === 'get') return { kind: 'ignored', why: 'other-event' };
  if (on === undefined) {
    const isPart = isNrchkb || field(payload, 'OutletInUse') !== undefined;
    return isPart ? { kind: 'ignored', why: 'no-power' } : undefined;
  }
  const power = powerOf(on);
  if (power === undefined) return undefined;
  const isChange = isNrchkb && field(hap, 'oldValue') !== field(hap, 'newValue');
  if (isChange) return { kind: 'edge', power, entity, source: 'homekit' };
  return { kind: 'sync', power, entity, source: 'homekit', initial: false };
}
