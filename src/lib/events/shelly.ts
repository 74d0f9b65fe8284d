import { numberOf, powerOf } from './power-words.ts';
import type { DeviceReading, Reading, Said } from './reading.ts';
import { entityName, field, together } from './reading.ts';

const NO_POWER: Reading = { kind: 'ignored', why: 'no-power' };
/** Components of the second generation on that switch or measure. */
const COMPONENT = /^(switch|pm1|em1):\d+$/;
/** Any component of theirs. */
const STATUS_TOPIC = /\/status\/([a-z0-9]+:\d+|sys|wifi|eth|mqtt|cloud|ble|ws|ui)$/;

/** Shelly, all generations. */
export function shelly(said: Said): Reading | undefined {
  return firstGeneration(said) ?? laterGenerations(said);
}

/** `shellies/<id>/relay/0` says `on`, `off` or `overpower`, at which the plug has switched itself off. */
function firstGeneration({ topic, payload }: Said): Reading | undefined {
  if (!topic.startsWith('shellies/')) return undefined;
  if (topic.endsWith('/command')) return { kind: 'ignored', why: 'order' };
  const relay = /^shellies\/[^/]+\/relay\/\d+$/.test(topic);
  if (relay) {
    const power = payload === 'overpower' ? 'off' : powerOf(payload);
    return power === undefined ? undefined : edge(power, topic, topic.split('/', 2).join('/'));
  }
  const watts = numberOf(payload);
  const meter = /^(shellies\/[^/]+\/(?:relay|emeter|meter)\/\d+)\/power$/.exec(topic)?.[1];
  return meter === undefined || watts === undefined ? NO_POWER : sample(watts, meter);
}

/** Frames are partial: what a frame does not have is unchanged. */
function laterGenerations({ topic, payload }: Said): Reading | undefined {
  const prefix = /^(.+?)\/(?:events\/rpc|rpc|status\/[^/]+)$/.exec(topic)?.[1];
  const device = entityName(prefix ?? field(payload, 'src'));
  const method = field(payload, 'method');
  if (typeof method === 'string' && field(payload, 'src') !== undefined) {
    const isFull = method === 'NotifyFullStatus';
    if (!isFull && method !== 'NotifyStatus') return NO_POWER;
    return together(components(device, field(payload, 'params'), isFull ? 'sync' : 'edge')) ?? NO_POWER;
  }
  if (field(payload, 'src') !== undefined && field(payload, 'result') !== undefined) {
    const result = field(payload, 'result');
    const number = numberOf(field(result, 'id')) ?? 0;
    const one = component(`${entityName(field(payload, 'src'))}/switch:${number}`, result, 'sync');
    return one ?? together(components(device, result, 'sync')) ?? NO_POWER;
  }
  const name = STATUS_TOPIC.exec(topic)?.[1];
  if (name === undefined || typeof payload !== 'object' || payload === null) return undefined;
  if (!COMPONENT.test(name)) return NO_POWER;
  return component(`${device}/${name}`, payload, 'edge') ?? NO_POWER;
}

function components(device: string, all: unknown, kind: 'edge' | 'sync'): DeviceReading[] {
  if (typeof all !== 'object' || all === null) return [];
  return Object.entries(all).flatMap(([name, status]): DeviceReading[] => {
    const one = COMPONENT.test(name) ? component(`${device}/${name}`, status, kind) : undefined;
    return one === undefined ? [] : [one];
  });
}

function component(name: string, status: unknown, kind: 'edge' | 'sync'): DeviceReading | undefined {
  const entity = entityName(name);
  const output = field(status, 'output');
  if (typeof output === 'boolean') {
    const power = output ? 'on' : 'off';
    const strip = entityName(name.slice(0, name.lastIndexOf('/')));
    // `init`: it has just booted, and nobody switched it.
    if (kind === 'edge' && field(status, 'source') !== 'init') return edge(power, entity, strip);
    return { kind: 'sync', power, entity, source: 'shelly', strip, initial: false };
  }
  const watts = numberOf(field(status, 'apower') ?? field(status, 'act_power'));
  return watts === undefined ? undefined : sample(watts, entity);
}

function edge(power: 'on' | 'off', entity: string, strip: string): DeviceReading {
  return { kind: 'edge', power, entity: entityName(entity), source: 'shelly', strip: entityName(strip) };
}

function sample(watts: number, entity: string): DeviceReading {
  return { kind: 'sample', watts, entity: entityName(entity), initial: false };
}
