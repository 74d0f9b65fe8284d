import type { Chance } from './chance.ts';
import type { Fuse, Victims } from './kill-rig.ts';

/** One debt that is being paid while things die: at exact transitions, or at a moment that chance picks. */
export type KillCase =
  | { readonly kind: 'transitions'; readonly fuses: readonly [Fuse, ...Fuse[]] }
  /** ms after the run was asked for; `againAfter`: ms after the next start began, undefined: only once. */
  | {
      readonly kind: 'moment';
      readonly victims: Victims;
      readonly after: number;
      readonly againAfter: number | undefined;
    };

const PLAN = 'plan-1';

/** Every state that a run that goes well writes, in order. */
export const TRANSITIONS = [
  'handed-out',
  'checking',
  'ready',
  'queued',
  'backing-up',
  'verifying',
  'retention',
  'retention:forget',
  'retention:prune',
  'retention:check',
  'idle',
] as const;

/** Those at which a restic is alive. */
const WITH_RESTIC = ['backing-up', 'retention:forget', 'retention:prune', 'retention:check'] as const;

/** Of the first plan. */
export function fuse(label: string, when: Fuse['when'], victims: Victims): Fuse {
  return { label, when, victims, plan: PLAN };
}

function at(...fuses: [Fuse, ...Fuse[]]): KillCase {
  return { kind: 'transitions', fuses };
}

/** A kill at every transition that is recorded: just before it is on the disk, half written, and just after. */
export function everyTransition(chance: Chance): KillCase[] {
  const interrupted = fuse('backing-up', 'after', 'node-red');
  const failed = fuse('backing-up', 'after', 'restic');
  return [
    ...TRANSITIONS.flatMap((label) => [
      at(fuse(label, 'before', 'node-red')),
      at(fuse(label, 'after', 'node-red')),
    ]),
    ...chance
      .shuffled(TRANSITIONS)
      .slice(0, 3)
      .map((label) => at(fuse(label, 'torn', 'node-red'))),
    ...WITH_RESTIC.flatMap((label) => [
      at(fuse(label, 'before', 'both')),
      at(fuse(label, 'after', 'both')),
      at(fuse(label, 'after', 'restic')),
    ]),
    // What is remembered of the repository, beside the plan.
    at(fuse('repositories', 'before', 'node-red')),
    at(fuse('repositories', 'after', 'both')),
    // A failure, its decision and the retry that waits.
    ...(['deciding', 'waiting'] as const).flatMap((label) => [
      at(failed, fuse(label, 'before', 'node-red')),
      at(failed, fuse(label, 'after', 'node-red')),
    ]),
    // The way back after a death, and another death on it.
    at(interrupted, fuse('waiting', 'before', 'node-red')),
    at(interrupted, fuse('waiting', 'after', 'node-red')),
    at(interrupted, fuse('handed-out', 'after', 'node-red')),
    at(interrupted, fuse('backing-up', 'before', 'both'), fuse('backing-up', 'after', 'node-red')),
  ];
}

/** How many kills a case is. */
function killsOf(killCase: KillCase): number {
  if (killCase.kind === 'transitions') return killCase.fuses.length;
  return killCase.againAfter === undefined ? 1 : 2;
}

/** So many kills: every transition, and the rest at moments of chance. */
export function killCases(kills: number, chance: Chance): KillCase[] {
  const cases = everyTransition(chance);
  let planned = cases.reduce((sum, killCase) => sum + killsOf(killCase), 0);
  while (planned < kills) {
    const victims = chance.of<Victims>(['node-red', 'node-red', 'both', 'restic']);
    const again = victims !== 'restic' && chance.next() < 0.25;
    const next: KillCase = {
      kind: 'moment',
      victims,
      after: chance.between(0, 5000),
      againAfter: again ? chance.between(0, 4000) : undefined,
    };
    cases.push(next);
    planned += killsOf(next);
  }
  return chance.shuffled(cases);
}

/** A case in words. */
export function nameOf(killCase: KillCase): string {
  if (killCase.kind === 'transitions') {
    return killCase.fuses.map(({ label, when, victims }) => `${victims} ${when} ${label}`).join(', then ');
  }
  const { victims, after, againAfter } = killCase;
  const again = againAfter === undefined ? '' : `, again ${againAfter} ms after the start`;
  return `${victims} ${after} ms after the wish${again}`;
}
