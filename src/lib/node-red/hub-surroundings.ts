import type { Node, NodeAPI } from 'node-red';
import type { HubPlan, HubSurroundings } from '../hub/hub.ts';
import type { Household, PlanMember } from './household.ts';
import { isAmong } from './household.ts';
import { nodesBehind } from './wiring.ts';

/** What a broker node says when it is connected. */
interface BrokerDefinition {
  readonly birthTopic?: string;
  readonly birthPayload?: string;
}

/**
 * What the deployed flow has for a hub.
 *
 * @param planIds of plan nodes; empty: all
 * @param port of the MQTT messages
 */
export function hubSurroundings(
  household: Household,
  hub: Node,
  { planIds, port, availability }: { planIds: readonly string[]; port: number; availability: string },
): HubSurroundings {
  const { red } = household;
  const chosen = [...household.plans.values()].filter(
    ({ node }) => planIds.length === 0 || isAmong(node, planIds),
  );
  const behind = nodesBehind(red, hub, port);
  return {
    plans: chosen
      .filter(({ key }) => /^[a-z0-9-]{1,64}$/.test(key))
      .map(planOf)
      // Of two plans with one key the hub takes the last.
      .toSorted((one, other) => Number(one.isUsable) - Number(other.isUsable)),
    hasMqtt: behind.length > 0,
    hasAvailability: brokersOf(red, behind).some(
      ({ birthTopic, birthPayload }) => birthTopic === availability && birthPayload === 'online',
    ),
  };
}

function planOf({ key, node, settings }: PlanMember): HubPlan {
  return { key, name: settings?.name || node.name || key, isUsable: settings !== undefined };
}

/** The broker nodes of the `mqtt out` nodes among some. */
function brokersOf(red: NodeAPI, nodes: readonly Node[]): BrokerDefinition[] {
  const ids = new Set(nodes.filter(({ type }) => type === 'mqtt out').map(({ id }) => id));
  const brokerIds = new Set<unknown>();
  red.nodes.eachNode((definition) => {
    if (ids.has(definition.id)) brokerIds.add((definition as { broker?: unknown }).broker);
  });
  const brokers: BrokerDefinition[] = [];
  red.nodes.eachNode((definition) => {
    const broker: BrokerDefinition & { type: string; id: string } = definition;
    if (broker.type === 'mqtt-broker' && brokerIds.has(broker.id)) brokers.push(broker);
  });
  return brokers;
}
