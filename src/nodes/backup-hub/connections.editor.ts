/// <reference types="jquery" />
import { type EditedNode, textsOf } from '../../editor/red.ts';
import type { Verdict } from '../../editor/verdict.ts';
import { showVerdict } from '../../editor/verdict.ts';
import { brokerWords, teachBroker } from './broker.editor.ts';
import { nodesAfter, nodesBefore, subscribes } from './wiring.editor.ts';

type AnyNode = EditedNode<Record<string, unknown>>;

const text = textsOf('backup-hub');
/** The output of MQTT messages. */
const MQTT_PORT = 1;

/** What the hub needs around it, for the topics that the dialog shows. */
export interface Needs {
  readonly base: string;
  readonly prefix: string;
}

function nameOf(node: AnyNode): string {
  const { name, topic, broker, type }: Record<string, string | undefined> = Object(node);
  return name || (type === 'mqtt-broker' ? broker : topic) || node.id;
}

/** Shows what is connected to the hub and what is missing, with what to do about it. */
export function showConnections(hubId: string, needs: Needs): void {
  const place = $('#lastgood-hub-connections').empty();
  const line = (verdict: Verdict): JQuery => {
    const box = $('<div>').appendTo(place);
    showVerdict(box, verdict);
    return box;
  };
  const senders = nodesAfter(hubId, MQTT_PORT).filter(({ type }) => type === 'mqtt out');
  if (senders.length === 0) {
    line({ kind: 'warn', text: text('connection.noOut') });
    return;
  }
  for (const sender of senders) {
    // Its own settings come before those of a message.
    const own = ['topic', 'qos', 'retain'].filter((name) => (sender[name] ?? '') !== '');
    if (own.length > 0) {
      const fields = own.map((name) => text(`mqttField.${name}`)).join(text('comma'));
      line({ kind: 'warn', text: text('connection.outHasOwn', { node: nameOf(sender), fields }) });
    }
  }
  const brokerIds = new Set(senders.map((sender) => String(sender['broker'])));
  for (const id of brokerIds) {
    const broker = RED.nodes.node(id);
    if (broker != null)
      showBroker(broker, `${needs.base}/availability`, line, () => showConnections(hubId, needs));
  }
  showSubscriptions(hubId, needs, line);
}

function showBroker(
  broker: AnyNode,
  topic: string,
  line: (verdict: Verdict) => JQuery,
  again: () => void,
): void {
  const said = brokerWords(broker, topic);
  const values = { broker: nameOf(broker), topic };
  if (said === 'right') {
    line({ kind: 'ok', text: text('connection.willRight', values) });
    return;
  }
  const box = line({
    kind: 'warn',
    text: text(said === 'other' ? 'connection.willOther' : 'connection.willMissing', values),
  });
  if (said === 'other') return;
  $('<button type="button" class="red-ui-button red-ui-button-small" id="lastgood-hub-teach">')
    .text(text('button.teach'))
    .on('click', () => {
      teachBroker(broker, topic);
      again();
    })
    .appendTo(box.find('.lastgood-verdict > div'));
}

function showSubscriptions(hubId: string, { base, prefix }: Needs, line: (verdict: Verdict) => JQuery): void {
  const filters = nodesBefore(hubId)
    .filter(({ type }) => type === 'mqtt in')
    .flatMap(({ topic }: AnyNode & { topic?: unknown }) => (typeof topic === 'string' ? [topic] : []));
  const wanted = [
    { topic: `${base}/plan/+/cmd`, why: 'commands' },
    { topic: `${base}/availability`, why: 'availability' },
    { topic: `${prefix}/status`, why: 'birth' },
  ] as const;
  const missing = wanted.filter(({ topic }) => !filters.some((filter) => subscribes(filter, topic)));
  if (missing.length === 0) {
    line({ kind: 'ok', text: text('connection.inRight') });
    return;
  }
  const box = line({ kind: 'warn', text: text('connection.inMissing') });
  const list = $('<ul class="lastgood-hub-topics">').appendTo(box.find('.lastgood-verdict > div'));
  for (const { topic, why } of missing) {
    $('<li>')
      .append($('<code>').text(topic), ' ', $('<span>').text(text(`subscription.${why}`)))
      .appendTo(list);
  }
}
