import type { Node, NodeAPI, NodeDef } from 'node-red';
import { hasActing } from '../../lib/checks/acting.ts';
import type { CheckReport, HouseValue } from '../../lib/checks/check.ts';
import type { FoundValue } from '../../lib/checks/context.ts';
import { lookUntil } from '../../lib/checks/wait-for.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Job } from '../../lib/job.ts';
import type { Language } from '../../lib/language.ts';
import type { Carried, Ticket } from '../../lib/message.ts';
import { readTicket } from '../../lib/message.ts';
import type { PlanContext } from '../../lib/node-red/check-context.ts';
import { NO_PLAN, planContext, planOfCheck } from '../../lib/node-red/check-context.ts';
import type { Arrival } from '../../lib/node-red/house-value.ts';
import { readHouseValue } from '../../lib/node-red/house-value.ts';
import { householdOf, knownBy } from '../../lib/node-red/household.ts';
import { asProblem, onInput, sendOut } from '../../lib/node-red/input.ts';
import { closeJobs } from '../../lib/node-red/job-outlet.ts';
import { duration } from '../../lib/node-red/plan-settings.ts';
import type { LookAnswer } from '../../lib/node-red/routes-check.ts';
import { registerCheckRoutes } from '../../lib/node-red/routes-check.ts';
import type { NodeStatus } from '../../lib/node-red/status.ts';
import { checkStatus, shortened, status } from '../../lib/node-red/status.ts';
import { statusLight } from '../../lib/node-red/status-light.ts';
import { hasWire } from '../../lib/node-red/wiring.ts';
import type { Problem } from '../../lib/problem.ts';
import type { CheckDefinition } from './definition.ts';

const PORTS = { ready: 0, 'not-ready': 1 } as const;
/** A person waits for a look by hand no longer than for a machine that is being woken. */
const LONGEST_LOOK_MS = 300_000;

/** A check that is deployed, as its dialog asks it. */
interface DeployedCheck {
  readonly node: Node;
  look(act: boolean, language: Language): Promise<LookAnswer>;
}

/** What one look is made with. */
interface OneLook {
  readonly plan: PlanContext;
  /** Undefined: by hand. */
  readonly arrival: Arrival | undefined;
  readonly language: Language;
  readonly signal: AbortSignal;
  readonly mayAct: boolean;
}

/** Registers `precondition-check` and the admin route of its dialog. */
export default function register(red: NodeAPI): void {
  const household = householdOf(red);
  const { language, jobs } = household;
  const deployed = new Set<DeployedCheck>();

  function createCheck(this: Node, definition: CheckDefinition & NodeDef): void {
    red.nodes.createNode(this, definition);
    const node = this;
    const light = statusLight(node);
    const show = (shown: NodeStatus): void => household.instances.get(node.id)?.show(shown);
    const checks = Array.isArray(definition.checks) ? definition.checks : [];
    let wait: { upToMs: number; everyMs: number };
    try {
      const name = definition.name || 'precondition-check';
      wait = {
        upToMs: duration(definition.waitFor, 0, name, 'waitFor'),
        everyMs: duration(definition.lookEvery, 10_000, name, 'lookEvery'),
      };
    } catch (error) {
      refuse(asProblem(error, language));
      return;
    }

    /** Sends by the newest instance of this node; an outcome without a wire reaches the plan's gate by itself. */
    const outlet = {
      send(port: number, message: Carried): void {
        if (port === PORTS['not-ready'] && !hasWire(node, port)) household.toGate(message);
        else sendOut(node, port, message);
      },
    };
    const inOrder = definition.inOrder === true;
    const instance = { show: light, settings: JSON.stringify([checks, inOrder, wait]) };
    household.instances.set(node.id, instance);
    jobs.adopt(node.id, outlet);

    const fingerprint = (): string | undefined => household.instances.get(node.id)?.settings;

    onInput(node, language, (message) => {
      const arrival = { message, atMs: systemClock.now() };
      const ticket = readTicket(message);
      if (ticket === undefined) {
        // Useful without a plan too: the checks of the dialog, on any message.
        const job = jobs.begin(node.id, outlet, fingerprint, async (self) => {
          const report = await look(self, arrival, NO_PLAN);
          self.send(report.passed ? PORTS.ready : PORTS['not-ready'], { ...message, checks: report });
        });
        return job.finished;
      }
      return checkAttempt(ticket, arrival);
    });

    async function checkAttempt(ticket: Ticket, arrival: Arrival): Promise<void> {
      const record = household.record(ticket.plan);
      const release = record.attempts.beginCheck(ticket, arrival.message);
      if (release === undefined) {
        node.debug(`stale-attempt ${ticket.plan} ${ticket.run} ${ticket.attempt}`);
        return;
      }
      const job = jobs.begin(node.id, outlet, fingerprint, async (self) => {
        try {
          const needDevice = (): Promise<void> => record.attempts.needsDevice(ticket, self.signal);
          const plan = { ...(await planContext(household, record.key)), needDevice };
          const report = await look(self, arrival, plan);
          if (self.stopped === 'shutdown') return;
          const outgoing = await record.attempts.checked(ticket, report);
          if (outgoing !== undefined) self.send(report.passed ? PORTS.ready : PORTS['not-ready'], outgoing);
        } finally {
          release();
        }
      });
      await job.finished;
    }

    /** Looks until the checks pass or the time to wait is over, and shows what was found. */
    async function look(job: Job, arrival: Arrival, plan: PlanContext): Promise<CheckReport> {
      show(status(language, 'blue dot', 'phase.checking'));
      const { report } = await lookUntil({
        look: () => lookOnce({ plan, arrival, language, signal: job.signal, mayAct: true }),
        ...wait,
        clock: systemClock,
        signal: job.signal,
        onLook: (seen) => show(checkStatus(seen, language)),
      });
      return report;
    }

    async function lookOnce({ plan, arrival, ...how }: OneLook): Promise<CheckReport> {
      // Loaded with the first look, not with Node-RED.
      const { runChecks } = await import('../../lib/checks/run-checks.ts');
      const readValue = (value: HouseValue): Promise<FoundValue> =>
        readHouseValue(red, node, value, arrival, how.language);
      return runChecks(checks, { ...plan, ...how, clock: systemClock, readValue }, { inOrder });
    }

    const member: DeployedCheck = {
      node,
      async look(act, asked) {
        const key = planOfCheck(household, node);
        const plan = key === undefined ? NO_PLAN : await planContext(household, key);
        const signal = AbortSignal.timeout(LONGEST_LOOK_MS);
        const report = await lookOnce({ plan, arrival: undefined, language: asked, signal, mayAct: act });
        return { report, acts: hasActing(checks) };
      },
    };
    deployed.add(member);

    node.on('close', (removed: boolean, done: () => void) => {
      deployed.delete(member);
      if (household.instances.get(node.id) === instance) household.instances.delete(node.id);
      closeJobs(household, node, removed, done);
    });

    function refuse(problem: Problem): void {
      node.error(problem.message);
      light({ fill: 'red', shape: 'ring', text: shortened(problem.message) });
      onInput(node, language, () => {
        throw problem;
      });
    }
  }

  red.nodes.registerType('precondition-check', createCheck);
  registerCheckRoutes(red, {
    look: (checkNodeId, { act, language: asked }) => knownBy(checkNodeId, deployed)?.look(act, asked),
  });
}
