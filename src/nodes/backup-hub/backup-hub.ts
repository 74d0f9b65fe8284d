import type { Node, NodeAPI, NodeDef } from 'node-red';
import { systemClock } from '../../lib/clock.ts';
import { Hub } from '../../lib/hub/hub.ts';
import { HubServer } from '../../lib/hub/hub-server.ts';
import { obeyFromHub } from '../../lib/hub/plan-command.ts';
import { hubTopics } from '../../lib/hub/topics.ts';
import type { HubMember } from '../../lib/node-red/household.ts';
import { householdOf } from '../../lib/node-red/household.ts';
import { hubSurroundings } from '../../lib/node-red/hub-surroundings.ts';
import { asProblem, atPort, onInput } from '../../lib/node-red/input.ts';
import { assertHttpServed, registerHubRoutes } from '../../lib/node-red/routes-hub.ts';
import { hubStatus, shortened } from '../../lib/node-red/status.ts';
import { statusLight } from '../../lib/node-red/status-light.ts';
import { warnOfShapes } from '../../lib/node-red/unknown-shapes.ts';
import type { Problem } from '../../lib/problem.ts';
import type { HubCredentials, HubDefinition } from './definition.ts';

const PORTS = { event: 0, mqtt: 1 } as const;

/** Registers `backup-hub` and its HTTP interface. */
export default function register(red: NodeAPI): void {
  const household = householdOf(red);
  const { language, registry } = household;
  const door = registerHubRoutes(red);

  function createHub(
    this: Node & { credentials: HubCredentials },
    definition: HubDefinition & NodeDef,
  ): void {
    red.nodes.createNode(this, definition);
    const node = this;
    const show = statusLight(node);
    const warnOfShape = warnOfShapes(node, language);
    let refused: Problem | undefined;
    let hub: Hub | undefined;
    let server: HubServer | undefined;

    const showStatus = (): void => {
      if (refused !== undefined) show({ fill: 'red', shape: 'ring', text: shortened(refused.message) });
      else if (hub !== undefined) show(hubStatus(hub.house(), hub.isComplete, language));
    };

    try {
      const topics = hubTopics(
        definition.baseTopic || 'lastgood',
        definition.discoveryPrefix || 'homeassistant',
      );
      const planIds = Array.isArray(definition.plans) ? definition.plans : [];
      const theHub = new Hub(
        { id: node.id, topics, hasProgress: definition.progress === true },
        {
          event: (message) => node.send(atPort(PORTS.event, message)),
          mqtt: (message) => node.send(atPort(PORTS.mqtt, { ...message })),
          status: (status) => server?.publish(status),
          gone: (key) => server?.removed(key),
          refresh: showStatus,
          warn: (problem) => node.warn(problem.message),
        },
        { registry, clock: systemClock, language, journal: household.retained, random: Math.random },
      );
      hub = theHub;
      const member: HubMember = {
        node,
        flowsStarted() {
          const { availability } = topics;
          theHub.flowsStarted(hubSurroundings(household, node, { planIds, port: PORTS.mqtt, availability }));
        },
      };
      household.hubs.set(node.id, member);
      if (definition.http === true) {
        assertHttpServed(red);
        server = new HubServer({
          hubId: node.id,
          token: node.credentials.token ?? '',
          plans: {
            list: () => theHub.statuses(),
            async command(key, command, pauseMs) {
              await registry.opened(key);
              const record = registry.find(key);
              return record === undefined ? undefined : obeyFromHub(record, command, pauseMs);
            },
          },
          clock: systemClock,
        });
        door.add(server);
      }
    } catch (error) {
      refused = asProblem(error, language);
      node.error(refused.message);
    }
    showStatus();

    onInput(node, language, async (message) => {
      if (hub === undefined) throw refused ?? asProblem('no hub', language);
      const shape = await hub.hear(message);
      if (shape !== undefined) warnOfShape(shape);
    });

    node.on('close', (removed: boolean, done: () => void) => {
      if (household.hubs.get(node.id)?.node === node) household.hubs.delete(node.id);
      if (server !== undefined) door.close(server, { forGood: removed });
      const closing = hub?.close(removed) ?? Promise.resolve();
      closing.then(done, (error: unknown) => {
        node.warn(asProblem(error, language).message);
        done();
      });
    });
  }

  // Node-RED's types know credentials only as fields of unknown type.
  red.nodes.registerType('backup-hub', createHub as never, { credentials: { token: { type: 'password' } } });
}
