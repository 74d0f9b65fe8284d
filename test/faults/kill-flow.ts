import type { GateDefinition } from '../../src/nodes/retry-gate/definition.ts';
import { check, type FlowNode, gate, inject, plan, probe, repository, run, tab } from '../runtime/flows.ts';
import { type Home, PASSWORD } from '../runtime/restic.ts';

/** A plan that is to survive. */
export interface KillPlan {
  readonly key: string;
  /** What it saves; and where it saves it, unless `into` is set. */
  readonly home: Home;
  /** How many snapshots its retention keeps; 0: no retention and no upkeep. */
  readonly kept: number;
  /** Locks of others that lie in its repository. */
  readonly planted: readonly string[];
}

/** The usual four nodes for each plan, on one tab with one gate. `ask-<key>` asks a plan; its first run begins at once. */
export function killFlow(plans: readonly KillPlan[], settings: Partial<GateDefinition> = {}): FlowNode[] {
  return [
    tab(),
    ...plans.flatMap(({ key, home, kept }) => [
      repository(
        `repository-${key}`,
        {
          url: home.repository,
          uploadLimit: 6000,
          ...(kept > 0 ? { pruneEvery: '1s', checkEvery: '1s' } : {}),
        },
        { password: PASSWORD },
      ),
      inject(`ask-${key}`, `plan-${key}`),
      plan(
        { id: `plan-${key}`, wires: [[`check-${key}`], ['not-now'], []] },
        {
          key,
          repository: `repository-${key}`,
          paths: [home.documents],
          scheduleKind: 'interval',
          interval: '12h',
          retention: kept > 0 ? { last: kept } : {},
        },
      ),
      check(
        { id: `check-${key}`, wires: [[`run-${key}`], []] },
        { checks: [{ kind: 'marker', path: home.marker }] },
      ),
      run({ id: `run-${key}`, wires: [['gate'], [], []] }),
    ]),
    gate({ id: 'gate', wires: [[], ['good'], ['ended'], ['alert']] }, { waitDelay: '1h', ...settings }),
    ...['good', 'ended', 'alert', 'not-now'].map(probe),
  ];
}
