import { type FlowNode, node } from '../runtime/flows.ts';
import type { NodeRed } from '../runtime/node-red.ts';
import type { Mosquitto } from './mosquitto.ts';

/** Retained `online` while Node-RED is connected; the broker says `offline` when it dies. */
export const AVAILABILITY = 'lastgood/availability';

/** The broker's config node as a user sets it up: birth, close and will on one topic, retained. */
export function broker(id: string, mosquitto: Mosquitto): FlowNode {
  const said = (kind: 'birth' | 'close' | 'will', payload: string): Record<string, string> => ({
    [`${kind}Topic`]: AVAILABILITY,
    [`${kind}Qos`]: '1',
    [`${kind}Retain`]: 'true',
    [`${kind}Payload`]: payload,
  });
  const properties = {
    name: '',
    broker: '127.0.0.1',
    port: String(mosquitto.port),
    clientid: '',
    autoConnect: true,
    usetls: false,
    protocolVersion: '4',
    keepalive: '60',
    cleansession: true,
    autoUnsubscribe: true,
    ...said('birth', 'online'),
    ...said('close', 'offline'),
    ...said('will', 'offline'),
  };
  return { id, type: 'mqtt-broker', ...properties };
}

/** Sends each message to the topic that it names. */
export function mqttOut(id: string, brokerId: string): FlowNode {
  return node('mqtt out', { id }, { topic: '', qos: '', retain: '', broker: brokerId });
}

/** Receives a topic; texts stay texts. */
export function mqttIn(id: string, brokerId: string, topic: string, ...targets: string[]): FlowNode {
  const properties = {
    topic,
    qos: '1',
    datatype: 'auto-detect',
    broker: brokerId,
    nl: false,
    rap: true,
    rh: 0,
  };
  return node('mqtt in', { id, wires: [targets] }, { ...properties, inputs: 0 });
}

/** Waits until a core mqtt node is connected. */
export async function untilConnected(nodeRed: NodeRed, id: string): Promise<void> {
  await nodeRed.untilStatus(id, ({ fill }) => fill === 'green');
}
