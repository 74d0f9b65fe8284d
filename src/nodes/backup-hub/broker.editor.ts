import type { EditedNode } from '../../editor/red.ts';

type Broker = EditedNode<Record<string, unknown>>;

/** Said when Node-RED connects, when it leaves, and by the broker when Node-RED is gone without a word. */
const OCCASIONS = [
  { name: 'birth', payload: 'online' },
  { name: 'close', payload: 'offline' },
  { name: 'will', payload: 'offline' },
] as const;

/** How a broker node tells Home Assistant whether Node-RED is there. */
export type BrokerWords = 'right' | 'nothing' | 'other';

/** `other`: it says something else already, which somebody may need. */
export function brokerWords(broker: Broker, topic: string): BrokerWords {
  const said = OCCASIONS.map(({ name, payload }) => {
    const itsTopic = broker[`${name}Topic`] ?? '';
    if (itsTopic === '') return 'nothing';
    const isRight =
      itsTopic === topic && broker[`${name}Payload`] === payload && broker[`${name}Retain`] === 'true';
    return isRight ? 'right' : itsTopic === topic ? 'nothing' : 'other';
  });
  if (said.every((one) => one === 'right')) return 'right';
  return said.includes('other') ? 'other' : 'nothing';
}

/** Has the broker node tell it. Can be undone like other changes; takes effect with the next deploy. */
export function teachBroker(broker: Broker, topic: string): void {
  const wanted = Object.fromEntries(
    OCCASIONS.flatMap(({ name, payload }) => [
      [`${name}Topic`, topic],
      [`${name}Payload`, payload],
      [`${name}Retain`, 'true'],
      [`${name}Qos`, '1'],
    ]),
  );
  const changes = Object.fromEntries(Object.keys(wanted).map((name) => [name, broker[name]]));
  const changed = broker.changed === true;
  RED.history.push({ t: 'edit', node: broker, changes, changed, dirty: RED.nodes.dirty() });
  Object.assign(broker, wanted, { changed: true });
  RED.editor.validateNode(broker);
  RED.nodes.dirty(true);
}
