import type { Node, NodeAPI, NodeDef } from 'node-red';
import { readMessage } from '../../lib/events/read-message.ts';
import { readTicket } from '../../lib/message.ts';
import { flowContextMirror } from '../../lib/node-red/context-mirror.ts';
import { readAlertPolicy } from '../../lib/node-red/gate-alerts.ts';
import { readGatePolicy } from '../../lib/node-red/gate-policy.ts';
import type { GateMember, PlanMember } from '../../lib/node-red/household.ts';
import { householdOf, knownBy } from '../../lib/node-red/household.ts';
import { asProblem, onInput, sendOut } from '../../lib/node-red/input.ts';
import { registerGateRoutes } from '../../lib/node-red/routes-learned.ts';
import { gateStatus, shortened } from '../../lib/node-red/status.ts';
import { statusLight } from '../../lib/node-red/status-light.ts';
import { warnOfShapes } from '../../lib/node-red/unknown-shapes.ts';
import { hasWire } from '../../lib/node-red/wiring.ts';
import { answerAlert } from '../../lib/plan/answer-alert.ts';
import { hear } from '../../lib/plan/device-events.ts';
import type { GateDoor } from '../../lib/plan/doors.ts';
import type { PlanRecord } from '../../lib/plan/record.ts';
import { Problem } from '../../lib/problem.ts';
import type { GateDefinition } from './definition.ts';

const PORTS = { 'try-again': 0, 'good-backup': 1, ended: 2, alert: 3 } as const;

/** Registers `retry-gate`. */
export default function register(red: NodeAPI): void {
  const household = householdOf(red);
  const { language, registry } = household;

  function createGate(this: Node, definition: GateDefinition & NodeDef): void {
    red.nodes.createNode(this, definition);
    const node = this;
    const show = statusLight(node);
    const warnOfShape = warnOfShapes(node, language);
    let owned: readonly PlanMember[] = [];
    let refused: Problem | undefined;
    let door: GateDoor | undefined;

    const records = (): PlanRecord[] =>
      owned.flatMap((plan) => {
        const record = registry.find(plan.key);
        return record === undefined ? [] : [record];
      });
    const showStatus = (): void => {
      if (refused !== undefined) show({ fill: 'red', shape: 'ring', text: shortened(refused.message) });
      else show(gateStatus(records(), language, { alertWired: hasWire(node, PORTS.alert) }));
    };

    try {
      const policyFor = readGatePolicy(definition);
      door = {
        id: node.id,
        policyFor,
        triesAgainByWire: hasWire(node, PORTS['try-again']),
        alerts: readAlertPolicy(definition),
        hearsAlerts: hasWire(node, PORTS.alert),
        send: (port, message) => sendOut(node, PORTS[port], message),
        refresh: showStatus,
        // The plan's own tab is where people look for its record.
        mirror: (state) => mirrorOf(state.plan).write(state),
      };
    } catch (error) {
      refused = asProblem(error, language);
      node.error(refused.message);
    }

    const mirrors = new Map<string, ReturnType<typeof flowContextMirror>>();
    function mirrorOf(planKey: string): ReturnType<typeof flowContextMirror> {
      const home = owned.find((plan) => plan.key === planKey)?.node ?? node;
      const mirror = mirrors.get(planKey) ?? flowContextMirror(home, definition.contextStore ?? '', language);
      mirrors.set(planKey, mirror);
      return mirror;
    }

    const member: GateMember = {
      node,
      planIds: Array.isArray(definition.plans) ? definition.plans : [],
      contextStore: definition.contextStore ?? '',
      door,
      claimed(mine, contested) {
        owned = mine;
        mirrors.clear();
        const [plan] = contested;
        if (plan !== undefined) {
          refused = new Problem('two-gates', { plan: plan.key }, { language });
          node.error(refused.message);
        }
        showStatus();
      },
    };
    household.gates.set(node.id, member);
    showStatus();

    onInput(node, language, (message) => {
      if (refused !== undefined) throw refused;
      const ticket = readTicket(message);
      if (ticket !== undefined) {
        const record = household.record(ticket.plan);
        if (record.gateId !== node.id) throw new Problem('wrong-gate', { plan: record.settings.name });
        if (!record.arrivedAtGate(ticket, message)) {
          node.debug(`stale-attempt ${ticket.plan} ${ticket.run} ${ticket.attempt}`);
        }
        return;
      }
      const reading = readMessage(message);
      if (reading.kind === 'unknown') warnOfShape(reading.shape);
      else if (reading.kind === 'command') answerAlert(records(), reading);
      else if (reading.kind !== 'ignored') {
        for (const record of records()) hear(record, reading, {}, 'gate');
      }
    });

    node.on('close', (_removed: boolean, done: () => void) => {
      if (household.gates.get(node.id) === member) household.gates.delete(node.id);
      done();
    });
  }

  red.nodes.registerType('retry-gate', createGate);
  const recordsOf = (gateNodeId: string): PlanRecord[] | undefined => {
    const gate = knownBy(gateNodeId, household.gates.values());
    if (gate === undefined) return undefined;
    return registry.all().filter((record) => record.gateId === gate.node.id);
  };
  registerGateRoutes(red, {
    learned: (gateNodeId) =>
      recordsOf(gateNodeId)?.flatMap((record) => {
        const week = record.learning.week();
        return week === undefined ? [] : [{ name: record.settings.name, week }];
      }),
    async forget(gateNodeId) {
      const records = recordsOf(gateNodeId);
      await Promise.all((records ?? []).map(async (record) => record.learning.forget()));
      return records !== undefined;
    },
  });
}
