import type { Carried } from '../message.ts';
import { shapeOf } from '../message.ts';
import { answer } from './answer.ts';
import { availability } from './availability.ts';
import { command, trigger } from './command.ts';
import { esphome } from './esphome.ts';
import { homeAssistant } from './home-assistant.ts';
import { homekit } from './homekit.ts';
import { plainValue } from './plain-value.ts';
import type { DeviceReading, Reading, Said } from './reading.ts';
import { shelly } from './shelly.ts';
import { tasmota } from './tasmota.ts';
import { watchNode } from './watch-node.ts';
import { zigbee2mqtt } from './zigbee2mqtt.ts';

/** Longest text that is looked into for JSON. */
const LONGEST_JSON = 20_000;

/** In the order in which they are asked: whoever knows its own messages best comes first. */
const READERS: readonly ((said: Said) => Reading | undefined)[] = [
  command,
  answer,
  homeAssistant,
  homekit,
  watchNode,
  availability,
  shelly,
  tasmota,
  zigbee2mqtt,
  esphome,
  plainValue,
  trigger,
];

/**
 * What a message means, whoever sent it: a command, a device's word, or nothing. What a broker kept (`retain`) tells a
 * state and never a change, and is no wish. Never throws.
 */
export function readMessage(message: Carried): Reading {
  const { payload, topic, retain } = message;
  const said = { message, payload: opened(payload), topic: typeof topic === 'string' ? topic : '' };
  for (const read of READERS) {
    const reading = read(said);
    if (reading !== undefined) return retain === true ? kept(reading) : reading;
  }
  return { kind: 'unknown', shape: shapeOf(payload) };
}

/** A JSON object that came as text, as from an MQTT node that is set to text. */
function opened(payload: unknown): unknown {
  if (typeof payload !== 'string' || payload.length > LONGEST_JSON || !/^\s*\{/.test(payload)) return payload;
  try {
    return JSON.parse(payload);
  } catch {
    return payload;
  }
}

function kept(reading: Reading): Reading {
  if (reading.kind === 'command') return { kind: 'ignored', why: 'retained-command' };
  return reading.kind === 'ignored' || reading.kind === 'unknown' ? reading : keptWord(reading);
}

function keptWord(reading: DeviceReading): DeviceReading {
  const also = reading.also === undefined ? {} : { also: reading.also.map(keptWord) };
  if (reading.kind === 'unavailable') return { ...reading, ...also };
  if (reading.kind === 'edge') return { ...reading, kind: 'sync', initial: true, ...also };
  return { ...reading, initial: true, ...also };
}
