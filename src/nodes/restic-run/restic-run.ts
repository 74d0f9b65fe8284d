import type { Node, NodeAPI, NodeDef } from 'node-red';
import { iso, systemClock } from '../../lib/clock.ts';
import type { Carried, Ticket } from '../../lib/message.ts';
import { readTicket } from '../../lib/message.ts';
import type { AttemptWatcher } from '../../lib/node-red/backup-attempt.ts';
import { backupFingerprint, makeAttempt } from '../../lib/node-red/backup-attempt.ts';
import { householdOf } from '../../lib/node-red/household.ts';
import { onInput, sendOut } from '../../lib/node-red/input.ts';
import { closeJobs } from '../../lib/node-red/job-outlet.ts';
import { operationRequest } from '../../lib/node-red/operation-request.ts';
import { useForOperation } from '../../lib/node-red/plan-device.ts';
import { repositoryOf } from '../../lib/node-red/repository-node.ts';
import type { NodeStatus } from '../../lib/node-red/status.ts';
import {
  maintenanceStatus,
  outcomeStatus,
  progressStatus,
  shortened,
  status,
} from '../../lib/node-red/status.ts';
import { statusLight } from '../../lib/node-red/status-light.ts';
import { hasWire, leadsToCheck } from '../../lib/node-red/wiring.ts';
import type { PlanRecord } from '../../lib/plan/record.ts';
import { Sentences } from '../../lib/plan/sentences.ts';
import { Problem } from '../../lib/problem.ts';
import type { Progress } from '../../lib/restic/outcome.ts';
import type { ResticRepository } from '../../lib/restic/repository.ts';
import type { RunDefinition } from './definition.ts';

const PORTS = { finished: 0, 'not-finished': 1, progress: 2 } as const;

/** Registers `restic-run`. */
export default function register(red: NodeAPI): void {
  const household = householdOf(red);
  const { language, jobs } = household;
  const sentences = new Sentences(language);

  function createRun(this: Node, definition: RunDefinition & NodeDef): void {
    red.nodes.createNode(this, definition);
    const node = this;
    const isBackup = definition.operation === 'backup';

    /** The newest instance of this node; an outcome without a wire reaches the plan's gate by itself. */
    const outlet = {
      send(port: number, message: Carried): void {
        const isOutcome = isBackup && port !== PORTS.progress;
        if (isOutcome && !hasWire(node, port)) household.toGate(message);
        else sendOut(node, port, message);
      },
    };
    const instance = { show: statusLight(node), settings: whatItDoes(definition) };
    household.instances.set(node.id, instance);
    jobs.adopt(node.id, outlet);
    const show = (shown: NodeStatus): void => household.instances.get(node.id)?.show(shown);
    const showQueued = (position: number): void =>
      show(status(language, 'yellow ring', 'queuedAt', { position }));
    const now = (): string => sentences.when(systemClock.now(), systemClock.now());

    onInput(node, language, (message) => {
      const ticket = readTicket(message);
      if (!isBackup) return operate(message, ticket);
      if (ticket === undefined) throw new Problem('no-run', { name: definition.name || 'restic-run' });
      return backUp(message, ticket);
    });

    async function backUp(message: Carried, ticket: Ticket): Promise<void> {
      const record = household.record(ticket.plan);
      const plan = household.planByKey(ticket.plan);
      // Before the claim: whoever claims an attempt must bring it to an end.
      const repository = repositoryOf(red, plan?.repositoryId ?? '', record.settings.name);
      const hasCheck = plan !== undefined && leadsToCheck(red, plan.node, 0);
      let begun: ReturnType<typeof jobs.begin> | undefined;
      const attempt = record.attempts.claim(ticket, message, { hasCheck, stop: (why) => begun?.stop(why) });
      if (attempt === undefined) {
        node.debug(`stale-attempt ${ticket.plan} ${ticket.run} ${ticket.attempt}`);
        return;
      }
      begun = jobs.begin(
        node.id,
        outlet,
        () => wantedNow(record),
        async (job) => {
          try {
            const watcher: AttemptWatcher = {
              queued: showQueued,
              progressed(progress, progressMessage) {
                show(progressStatus(progress, language));
                job.send(PORTS.progress, progressMessage);
              },
              maintaining: (step, progress) => show(maintenanceStatus(step, progress, language)),
              async ended(outcome, outgoing) {
                show(outcomeStatus(outcome, language, now()));
                if (outcome.kind === 'succeeded') {
                  await household.remember('backup', repository, outcome.repositoryId);
                }
                const finished = outcome.kind === 'succeeded' || outcome.kind === 'partial';
                job.send(finished ? PORTS.finished : PORTS['not-finished'], outgoing);
              },
            };
            await makeAttempt(job, record, ticket, attempt, repository, watcher, household.memories);
          } finally {
            attempt.release();
          }
        },
      );
      await begun.finished;
    }

    /** What the present configuration would have restic do for a plan; undefined when something of it is gone. */
    function wantedNow(record: PlanRecord): string | undefined {
      const plan = household.planByKey(record.key);
      if (plan?.settings === undefined || !household.instances.has(node.id)) return undefined;
      try {
        return backupFingerprint(repositoryOf(red, plan.repositoryId, ''), plan.settings);
      } catch {
        return undefined;
      }
    }

    /** Everything but a backup: it is started by whatever comes, and never touches successes, debts or retries. */
    async function operate(message: Carried, ticket: Ticket | undefined): Promise<void> {
      const { operation } = definition;
      const chosen = household.planByNodeId(definition.plan ?? '')?.key ?? ticket?.plan;
      const record = chosen === undefined ? undefined : household.record(chosen);
      const plan = record === undefined ? undefined : household.planByKey(record.key);
      const repositoryId =
        operation === 'forget' ? plan?.repositoryId : definition.repository || plan?.repositoryId;
      const request = operationRequest(red, definition, message, record);
      const repository: ResticRepository = repositoryOf(
        red,
        repositoryId ?? '',
        definition.name || operation,
      );
      show(status(language, 'blue dot', 'running', { operation }));
      const job = jobs.begin(
        node.id,
        outlet,
        () => household.instances.get(node.id)?.settings,
        async (self) => {
          const onProgress = (progress: Progress): void => {
            show(progressStatus(progress, language));
            const payload = Math.floor(progress.fraction * 100);
            self.send(PORTS.progress, { ...message, payload, operation, progress });
          };
          const { devices, memories } = household;
          const parts = { devices, memories, clock: systemClock, repository };
          const endUse = await useForOperation(parts, record?.settings, self.signal);
          // Loaded with the first operation, not with Node-RED.
          const { runOperation } = await import('../../lib/restic/operations.ts');
          const outcome = await runOperation(
            repository,
            request,
            { onQueued: showQueued, onProgress },
            self.signal,
          ).finally(endUse);
          if (self.stopped === 'shutdown') return;
          const { kind, payload, failure, durationMs } = outcome;
          const result = {
            operation,
            outcome: kind,
            failure: failure ?? null,
            durationMs,
            at: iso(systemClock.now()),
          };
          if (kind === 'done') await household.remember(operation, repository);
          if (kind === 'done' || kind === 'partial') {
            show(
              status(language, kind === 'done' ? 'green dot' : 'yellow dot', 'done', {
                operation,
                time: now(),
              }),
            );
            self.send(PORTS.finished, { ...message, payload, restic: result });
            return;
          }
          const reason = failure?.reason ?? sentences.say('cancelled.person');
          show({ fill: kind === 'cancelled' ? 'yellow' : 'red', shape: 'dot', text: shortened(reason) });
          self.send(PORTS['not-finished'], { ...message, payload: reason, restic: result });
        },
      );
      await job.finished;
    }

    node.on('close', (removed: boolean, done: () => void) => {
      if (household.instances.get(node.id) === instance) household.instances.delete(node.id);
      closeJobs(household, node, removed, done);
    });
  }

  red.nodes.registerType('restic-run', createRun);
}

/** All of a definition that changes what restic does; a rename or a moved wire stops nothing. */
function whatItDoes(definition: RunDefinition & NodeDef): string {
  const { id: _id, name: _name, ...rest } = definition;
  return JSON.stringify({ ...rest, wires: [], x: 0, y: 0, z: '', g: '' });
}
