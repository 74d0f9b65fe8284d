import type { Node, NodeAPI, NodeDef } from 'node-red';
import { systemClock } from '../../lib/clock.ts';
import { readMessage } from '../../lib/events/read-message.ts';
import type { Carried } from '../../lib/message.ts';
import { readTicket } from '../../lib/message.ts';
import { flowContextMirror } from '../../lib/node-red/context-mirror.ts';
import type { PlanMember } from '../../lib/node-red/household.ts';
import { householdOf } from '../../lib/node-red/household.ts';
import { asProblem, onInput, sendOut } from '../../lib/node-red/input.ts';
import type { PlanDevice } from '../../lib/node-red/plan-device.ts';
import { planDevice } from '../../lib/node-red/plan-device.ts';
import { readPlanSettings } from '../../lib/node-red/plan-settings.ts';
import { repositoryOf } from '../../lib/node-red/repository-node.ts';
import { registerPlanRoutes } from '../../lib/node-red/routes-plan.ts';
import { planStatus, shortened, status } from '../../lib/node-red/status.ts';
import { statusLight } from '../../lib/node-red/status-light.ts';
import { warnOfShapes } from '../../lib/node-red/unknown-shapes.ts';
import { hasWire } from '../../lib/node-red/wiring.ts';
import type { Answer } from '../../lib/plan/commands.ts';
import { obey } from '../../lib/plan/commands.ts';
import { hear } from '../../lib/plan/device-events.ts';
import type { PlanDoor } from '../../lib/plan/doors.ts';
import type { PlanJoin } from '../../lib/plan/registry.ts';
import { Problem } from '../../lib/problem.ts';
import { repositoryWitness } from '../../lib/restic/witness.ts';
import type { PlanCredentials, PlanDefinition } from './definition.ts';

const PORTS = { run: 0, 'not-now': 1, power: 2 } as const;

/** Registers `backup-plan` and the admin routes of its dialog and its button. */
export default function register(red: NodeAPI): void {
  const household = householdOf(red);
  const { language, registry } = household;

  function createPlan(this: Node<PlanCredentials>, definition: PlanDefinition & NodeDef): void {
    red.nodes.createNode(this, definition);
    const node = this;
    const show = statusLight(node);
    const warnOfShape = warnOfShapes(node, language);
    const key = definition.key ?? '';
    let refused: Problem | undefined;

    const showStatus = (): void => {
      const record = registry.find(key);
      if (refused !== undefined) show({ fill: 'red', shape: 'ring', text: shortened(refused.message) });
      else if (record?.isOpen !== true) show(status(language, 'grey ring', 'starting'));
      else show(planStatus(record, { gateMissing: record.gateId === undefined }));
    };
    const refuse = (problem: Problem): void => {
      refused = problem.in(language);
      node.error(refused.message);
      showStatus();
    };
    const door: PlanDoor = {
      send: (port, message) => sendOut(node, PORTS[port], message),
      refresh: showStatus,
      warn: (problem) => node.warn(problem.message),
      refuse,
    };

    let joined: PlanJoin | undefined;
    let device: PlanDevice | undefined;
    const sendPower = (on: boolean, payload: unknown): void => {
      const record = registry.find(key);
      if (record !== undefined) door.send('power', record.powerMessage(on, payload));
    };
    const member: PlanMember = {
      node,
      key,
      repositoryId: definition.repository ?? '',
      get settings() {
        return joined?.settings;
      },
      refuse,
    };
    household.plans.set(node.id, member);
    try {
      const repository = repositoryOf(red, definition.repository, definition.name || key);
      const settings = readPlanSettings(definition, node.credentials);
      const recallMirror = (): Promise<unknown> =>
        flowContextMirror(node, household.gateOf(member)?.contextStore ?? '', language).recall(key);
      device = planDevice({
        devices: household.devices,
        clock: systemClock,
        settings,
        repository,
        memories: household.memories,
        record: () => registry.find(key),
        isWired: hasWire(node, PORTS.power),
        send: sendPower,
        warn: (problem) => node.warn(problem.in(language).message),
      });
      joined = {
        nodeId: node.id,
        settings,
        door,
        place: definition.repository ?? '',
        witness: repositoryWitness(repository, household.memories),
        ...(device === undefined ? {} : { device: device.door }),
        recallMirror,
      };
      registry.join(joined);
    } catch (error) {
      joined = undefined;
      device?.leave();
      device = undefined;
      refuse(asProblem(error, language));
    }
    if (refused === undefined) showStatus();

    onInput(node, language, async (message, send) => {
      if (refused !== undefined) throw refused;
      const ticket = readTicket(message);
      if (ticket?.plan === key) {
        // Our own run that comes round by a wire from "try again".
        household.record(key).passOn(ticket, message);
        return;
      }
      const reading = readMessage(message);
      if (reading.kind === 'ignored') return;
      if (reading.kind === 'unknown') {
        warnOfShape(reading.shape);
        return;
      }
      // The answer to an alert about other plans of the house.
      if (reading.kind === 'command' && reading.plans?.includes(key) === false) return;
      await registry.opened(key);
      const record = household.record(key);
      const carried = userProperties(message);
      const wasIdle = record.state.run === null;
      const answer =
        reading.kind === 'command'
          ? obey(record, reading.command, {
              carried,
              ...(reading.pauseMs === undefined ? {} : { pauseMs: reading.pauseMs }),
            })
          : hear(record, reading, carried);
      // A run that is skipped while it waits ends, and its gate says so; of a slot that is skipped only this tells.
      const isSkipped = wasIdle && reading.kind === 'command' && reading.command === 'skip';
      if (answer?.accepted === false || (answer !== undefined && isSkipped)) {
        send(PORTS['not-now'], record.notNow(answer.sentence, carried));
      }
    });

    node.on('close', (_removed: boolean, done: () => void) => {
      if (household.plans.get(node.id) === member) household.plans.delete(node.id);
      if (joined !== undefined) registry.leave(joined);
      device?.leave();
      done();
    });
  }

  // Node-RED's types know credentials only as fields of unknown type.
  red.nodes.registerType('backup-plan', createPlan as (this: Node, definition: NodeDef) => void, {
    credentials: { sourceHeaders: { type: 'password' } },
  });
  registerPlanRoutes(red, {
    async command(planNodeId, command) {
      const plan = household.planByNodeId(planNodeId);
      if (plan === undefined) return undefined;
      await registry.opened(plan.key);
      const record = registry.find(plan.key);
      if (record === undefined) throw new Problem('plan-not-ready', { plan: plan.key }, { language });
      const answer: Answer = obey(record, command);
      return { accepted: answer.accepted, answer: answer.sentence };
    },
  });
}

/** What the user put on a message; the message id and stale claims about runs stay behind. */
function userProperties(message: Carried): Carried {
  const { backup: _backup, payload: _payload, ...rest } = message;
  return rest;
}
