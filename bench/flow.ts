import type { PlanState } from '../src/lib/plan/state.ts';
import type { RepositoryDefinition } from '../src/nodes/restic-repository/definition.ts';
import {
  check,
  type FlowNode,
  gate,
  inject,
  plan,
  probe,
  repository,
  run,
  TAB,
  tab,
} from '../test/runtime/flows.ts';
import type { NodeRed } from '../test/runtime/node-red.ts';
import { type Material, PASSWORD } from './material.ts';

const PLAN_KEY = 'measured';
const LONGEST_MS = 600_000;

/** The complete small wiring with a retention, the check looking at the obvious. `ask` starts it. */
export function backupFlow(material: Material, settings: Partial<RepositoryDefinition> = {}): FlowNode[] {
  const { repository: url, cache: cacheFolder, source } = material;
  return [
    tab(),
    repository('repository', { url, cacheFolder, ...settings }, { password: PASSWORD }),
    inject('ask', 'plan'),
    plan(
      { id: 'plan', wires: [['check'], [], []] },
      {
        key: PLAN_KEY,
        repository: 'repository',
        paths: [source],
        scheduleKind: 'event',
        retention: { daily: 7, weekly: 4, monthly: 12 },
      },
    ),
    check({ id: 'check', wires: [['run'], []] }),
    run({ id: 'run', wires: [['gate'], [], []] }),
    gate({ id: 'gate', wires: [[], ['end'], ['end'], []] }),
    probe('end'),
  ];
}

/** One backup from the press of the button to the good news; its seconds. The plan is at rest before and after. */
export async function backUp(nodeRed: NodeRed): Promise<number> {
  await nodeRed.untilStatus('plan', ({ text }) => text !== undefined && text !== 'starting', LONGEST_MS);
  const began = performance.now();
  await nodeRed.inject('ask', { payload: 'run' });
  const { payload, backup } = await nodeRed.next('end', undefined, LONGEST_MS);
  const seconds = (performance.now() - began) / 1000;
  if ((backup as { event?: string }).event !== 'good-backup')
    throw new Error(`no good backup: ${String(payload)}`);
  await nodeRed.untilContext<PlanState>(TAB, `backup_${PLAN_KEY}`, ({ run: now }) => now === null);
  return seconds;
}
