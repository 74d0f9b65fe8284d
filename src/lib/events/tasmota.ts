import { numberOf, powerOf } from './power-words.ts';
import type { DeviceReading, Reading, Said } from './reading.ts';
import { entityName, field, together } from './reading.ts';

/** `POWER`, or `POWER2` of a device with several relays. */
const POWER_KEY = /^POWER(\d*)$/;

/**
 * Tasmota. `stat/<device>/POWER` and `RESULT` come when something was switched, `tele/<device>/STATE` comes every few
 * minutes. Of `Status.Power` the digits stand for relays and not for watts.
 */
export function tasmota({ topic, payload }: Said): Reading | undefined {
  const parts = topic.split('/');
  const last = parts.at(-1) ?? '';
  const at = parts.findIndex((part) => part === 'stat' || part === 'tele' || part === 'cmnd');
  if (at < 0 || parts.length < 3 || !/^[A-Z]+\d*$/.test(last)) return undefined;
  if (parts[at] === 'cmnd') return { kind: 'ignored', why: 'order' };
  const device = parts.filter((_part, index) => index !== at && index !== parts.length - 1).join('/');
  const reading = parts[at] === 'stat' ? answered(device, last, payload) : reported(device, last, payload);
  return reading ?? { kind: 'ignored', why: 'no-power' };
}

function answered(device: string, last: string, payload: unknown): Reading | undefined {
  if (POWER_KEY.test(last)) return relays(device, { [last]: payload }, 'edge');
  if (last === 'RESULT') return relays(device, payload, 'edge');
  return relays(device, field(payload, 'StatusSTS'), 'sync') ?? energy(device, field(payload, 'StatusSNS'));
}

function reported(device: string, last: string, payload: unknown): Reading | undefined {
  if (last === 'STATE') return relays(device, payload, 'sync');
  return energy(device, payload);
}

function relays(device: string, states: unknown, kind: 'edge' | 'sync'): DeviceReading | undefined {
  if (typeof states !== 'object' || states === null) return undefined;
  const readings = Object.entries(states).flatMap(([key, value]): DeviceReading[] => {
    const number = POWER_KEY.exec(key)?.[1];
    const power = powerOf(value);
    if (number === undefined || power === undefined) return [];
    const entity = entityName(`${device}/POWER${number || 1}`);
    const word = { power, entity, source: 'tasmota', strip: entityName(device) } as const;
    return [kind === 'edge' ? { kind, ...word } : { kind, ...word, initial: false }];
  });
  return together(readings);
}

/** One number, or a list with one for each relay. */
function energy(device: string, sensors: unknown): DeviceReading | undefined {
  const watts = field(field(sensors, 'ENERGY'), 'Power');
  const list: readonly unknown[] = Array.isArray(watts) ? watts : [watts];
  const readings = list.flatMap((value, index): DeviceReading[] => {
    const amount = numberOf(value);
    if (amount === undefined) return [];
    const entity = entityName(list.length === 1 ? device : `${device}/POWER${index + 1}`);
    return [{ kind: 'sample', watts: amount, entity, initial: false }];
  });
  return together(readings);
}
