import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { CheckReport } from '../../lib/checks/check.ts';
import type { RepositoryPlace } from '../../lib/checks/repository.ts';
import { lookUntil } from '../../lib/checks/wait-for.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Job } from '../../lib/job.ts';
import type { Carried, Ticket } from '../../lib/message.ts';
import { readTicket } from '../../lib/message.ts';
import { householdOf } from '../../lib/node-red/household.ts';
import { asProblem, atPort, onInput } from '../../lib/node-red/input.ts';
import { closeJobs } from '../../lib/node-red/job-outlet.ts';
import { duration } from '../../lib/node-red/plan-settings.ts';
import type { NodeStatus } from '../../lib/node-red/status.ts';
import { checkStatus, shortened, status } from '../../lib/node-red/status.ts';
import { statusLight } from '../../lib/node-red/status-light.ts';
import { hasWire } from '../../lib/node-red/wiring.ts';
import type { Problem } from '../../lib/problem.ts';
import type { CheckDefinition } from './definition.ts';

const PORTS = { ready: 0, 'not-ready': 1 } as const;

/** Registers `precondition-check`. */
export default function register(red: NodeAPI): void {
  const household = householdOf(red);
  const { language, jobs } = household;

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
        else node.send(atPort(port, message));
      },
    };
    const instance = { show: light, settings: JSON.stringify([checks, wait]) };
    household.instances.set(node.id, instance);
    jobs.adopt(node.id, outlet);

    const fingerprint = (): string | undefined => household.instances.get(node.id)?.settings;

    onInput(node, language, (message) => {
      const ticket = readTicket(message);
      if (ticket === undefined) {
        // Useful without a plan too: the checks of the dialog, on any message.
        const job = jobs.begin(node.id, outlet, fingerprint, async (self) => {
          const report = await look(self, [], undefined);
          self.send(report.passed ? PORTS.ready : PORTS['not-ready'], { ...message, checks: report });
        });
        return job.finished;
      }
      return checkAttempt(ticket, message);
    });

    async function checkAttempt(ticket: Ticket, message: Carried): Promise<void> {
      const record = household.record(ticket.plan);
      const release = record.attempts.beginCheck(ticket, message);
      if (release === undefined) {
        node.debug(`stale-attempt ${ticket.plan} ${ticket.run} ${ticket.attempt}`);
        return;
      }
      const job = jobs.begin(node.id, outlet, fingerprint, async (self) => {
        try {
          const repository = household.repositoryOfPlan(record.key);
          const place = repository && (await household.memories.placeOf(repository));
          const report = await look(self, record.settings.contents.paths, place, () =>
            record.attempts.needsDevice(ticket, self.signal),
          );
          if (self.stopped === 'shutdown') return;
          const outgoing = await record.attempts.checked(ticket, report);
          if (outgoing !== undefined) self.send(report.passed ? PORTS.ready : PORTS['not-ready'], outgoing);
        } finally {
          release();
        }
      });
      await job.finished;
    }

    async function look(
      job: Job,
      sources: readonly string[],
      repository: RepositoryPlace | undefined,
      needDevice?: () => Promise<void>,
    ): Promise<CheckReport> {
      const context = {
        language,
        clock: systemClock,
        signal: job.signal,
        sources,
        mayAct: true,
        ...(repository === undefined ? {} : { repository }),
        ...(needDevice === undefined ? {} : { needDevice }),
      };
      show(status(language, 'blue dot', 'phase.checking'));
      // Loaded with the first look, not with Node-RED.
      const { runChecks } = await import('../../lib/checks/run-checks.ts');
      const { report } = await lookUntil({
        look: () => runChecks(checks, context),
        ...wait,
        clock: systemClock,
        signal: job.signal,
        onLook: (seen) => show(checkStatus(seen, language)),
      });
      return report;
    }

    node.on('close', (removed: boolean, done: () => void) => {
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
}
