import { answer } from '../events/answer.ts';
import { command } from '../events/command.ts';
import { field } from '../events/reading.ts';
import type { Carried } from '../message.ts';
import { shapeOf } from '../message.ts';
import type { PlanCommand } from '../plan/commands.ts';
import type { HubTopics } from './topics.ts';

/** What a message at the input of a hub means. */
export type HubMessage =
  | {
      readonly kind: 'command';
      readonly command: PlanCommand;
      /** Keys of plans; undefined: all plans of the hub. */
      readonly plans: readonly string[] | undefined;
      readonly pauseMs?: number;
    }
  /** Home Assistant has started and knows nothing of our devices. */
  | { readonly kind: 'home-assistant-started' }
  /** The broker node is connected: what was sent before may be lost. */
  | { readonly kind: 'broker-connected' }
  /** Understood, and nothing to do. `retained-command`: a command that the broker kept is no wish. */
  | { readonly kind: 'ignored'; readonly why: 'own' | 'state' | 'retained-command' }
  | { readonly kind: 'unknown'; readonly shape: string };

/** What a message means. Never throws. */
export function readHubMessage(message: Carried, topics: HubTopics): HubMessage {
  const topic = typeof message['topic'] === 'string' ? message['topic'] : '';
  const payload = opened(message['payload']);
  if (topic === topics.homeAssistant) {
    return payload === 'online' ? { kind: 'home-assistant-started' } : { kind: 'ignored', why: 'state' };
  }
  if (topic === topics.availability) {
    return payload === 'online' ? { kind: 'broker-connected' } : { kind: 'ignored', why: 'state' };
  }
  const commanded = topics.planOfCommand(topic);
  if (commanded === undefined && topics.isOurs(topic)) return { kind: 'ignored', why: 'own' };
  const said = { message, payload, topic };
  const reading = command(said) ?? answer(said);
  if (reading === undefined) {
    // What another node of ours sent, such as the events of this hub.
    if (message['backup'] !== undefined) return { kind: 'ignored', why: 'own' };
    return { kind: 'unknown', shape: shapeOf(payload) };
  }
  // What a broker kept comes again with every start: it is no wish of now.
  if (message['retain'] === true) return { kind: 'ignored', why: 'retained-command' };
  const { pauseMs, plans: named } = reading;
  const plans = commanded === undefined ? (named ?? planNamed(payload, topic)) : [commanded];
  return {
    kind: 'command',
    command: reading.command,
    plans,
    ...(pauseMs === undefined ? {} : { pauseMs }),
  };
}

/** `{plan}` of the payload, else the topic, else all. */
function planNamed(payload: unknown, topic: string): readonly string[] | undefined {
  const named = field(payload, 'plan');
  if (typeof named === 'string' && named !== '') return [named];
  return topic === '' ? undefined : [topic];
}

/** Text of a buffer, and the object of a text that is one in JSON. */
function opened(payload: unknown): unknown {
  const text = payload instanceof Uint8Array && payload.byteLength <= 2000 ? String(payload) : payload;
  if (typeof text !== 'string' || text.length > 20_000 || !/^\s*\{/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
