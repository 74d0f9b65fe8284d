import type { BackupMessage } from '../../src/lib/message.ts';
import type { PlanState } from '../../src/lib/plan/state.ts';
import type { PlanDefinition } from '../../src/nodes/backup-plan/definition.ts';
import type { CheckDefinition } from '../../src/nodes/precondition-check/definition.ts';
import type { RepositoryDefinition } from '../../src/nodes/restic-repository/definition.ts';
import type { RunDefinition } from '../../src/nodes/restic-run/definition.ts';
import type { GateDefinition } from '../../src/nodes/retry-gate/definition.ts';
import {
  check,
  errorsTo,
  type FlowNode,
  gate,
  inject,
  plan,
  probe,
  repository,
  run,
  TAB,
  tab,
} from './flows.ts';
import type { Message, NodeRed } from './node-red.ts';
import { type Home, PASSWORD } from './restic.ts';

/** What a test wants otherwise than usual. */
export interface MainFlowSettings {
  repository?: Partial<RepositoryDefinition>;
  plan?: Partial<PlanDefinition>;
  check?: Partial<CheckDefinition>;
  run?: Partial<RunDefinition>;
  gate?: Partial<GateDefinition>;
}

/**
 * The complete flow of four nodes and three wires, on a pretend USB drive: `ask` (an inject node) asks the plan;
 * probes `not-now`, `good`, `ended`, `alert`, `errors`. Nothing starts by itself; while waiting for the drive it looks
 * again only after an hour, so that nothing but the device's event wakes it.
 */
export function mainFlow(home: Home, settings: MainFlowSettings = {}): FlowNode[] {
  const marker = { kind: 'marker', path: home.marker } as const;
  return [
    tab(),
    repository('repository', { url: home.repository, ...settings.repository }, { password: PASSWORD }),
    inject('ask', 'plan'),
    plan(
      { id: 'plan', wires: [['check'], ['not-now'], []] },
      {
        key: 'documents',
        repository: 'repository',
        paths: [home.documents],
        scheduleKind: 'event',
        ...settings.plan,
      },
    ),
    check({ id: 'check', wires: [['run'], []] }, { checks: [marker], ...settings.check }),
    run({ id: 'run', wires: [['gate'], [], []] }, settings.run),
    gate({ id: 'gate', wires: [[], ['good'], ['ended'], ['alert']] }, { waitDelay: '1h', ...settings.gate }),
    ...['not-now', 'good', 'ended', 'alert', 'errors'].map(probe),
    errorsTo('errors'),
  ];
}

/** Waits until plans take messages: each reads its journal and asks its repository first. */
export async function untilReady(nodeRed: NodeRed, ...plans: readonly string[]): Promise<void> {
  for (const id of plans.length === 0 ? ['plan'] : plans) {
    await nodeRed.untilStatus(id, ({ text }) => text !== undefined && text !== 'starting');
  }
}

/** The plan's public state, as a function node of its tab reads it, once it is as wanted. */
export async function untilState(
  nodeRed: NodeRed,
  wanted: (state: PlanState) => boolean,
  key: string = 'documents',
): Promise<PlanState> {
  return await nodeRed.untilContext<PlanState>(TAB, `backup_${key}`, wanted);
}

/** Waits until a run waits for its next attempt. */
export async function untilWaiting(nodeRed: NodeRed, key?: string): Promise<PlanState> {
  return await untilState(
    nodeRed,
    ({ run: now, pending }) => now?.phase === 'waiting' && pending !== null,
    key,
  );
}

/** `msg.backup`. */
export function backupOf(message: Message): BackupMessage {
  const { backup }: { backup?: BackupMessage } = message;
  if (backup === undefined) throw new Error(`no msg.backup in ${JSON.stringify(message)}`);
  return backup;
}
