import type { PlanStatus } from '../../protocol/protocol.ts';
import { translate } from '../language.ts';
import type { Sentences } from '../plan/sentences.ts';
import { shortened } from './mqtt-state.ts';

/** The retained state of the whole house; every key is always there. */
export interface HouseState {
  /** No plan failed (as one does that cannot be run) or is overdue. */
  readonly all_well: boolean;
  /** Plans with a problem. */
  readonly problems: number;
  readonly plans: number;
  /** The last good backup of the plan whose last is the oldest; null while one has none, and without plans. */
  readonly oldest_successful: string | null;
  /** One sentence in the language of the server; at most 250 characters. */
  readonly summary: string;
}

/**
 * The house is as well as its worst plan.
 *
 * @param now ms since the epoch
 */
export function houseState(statuses: readonly PlanStatus[], sentences: Sentences, now: number): HouseState {
  const problems = statuses.filter(({ failed, overdue }) => failed || overdue);
  const oldest = oldestSuccess(statuses);
  return {
    all_well: problems.length === 0,
    problems: problems.length,
    plans: statuses.length,
    oldest_successful: oldest?.lastSuccessAt ?? null,
    summary: shortened(summary()),
  };

  function summary(): string {
    const say = (key: string, values: Record<string, string | number> = {}): string =>
      translate(sentences.language, `hub:summary.${key}`, values);
    const worst = worstOf(problems);
    if (worst !== undefined) {
      const others = problems.length > 1 ? say('others', { count: problems.length - 1 }) : '';
      return `${worst.name}${say('colon')}${worst.reason}${others}`;
    }
    if (oldest === undefined) return say('noPlans');
    const { name: plan, lastSuccessAt } = oldest;
    if (lastSuccessAt === null) return say('notYet', { plan });
    return say('well', { plan, time: sentences.when(Date.parse(lastSuccessAt), now) });
  }
}

/** The plan whose last good backup is the oldest; one that has none comes first. */
function oldestSuccess(statuses: readonly PlanStatus[]): PlanStatus | undefined {
  const age = ({ lastSuccessAt }: PlanStatus): number =>
    lastSuccessAt === null ? 0 : Date.parse(lastSuccessAt);
  return statuses.reduce<PlanStatus | undefined>(
    (oldest, status) => (oldest === undefined || age(status) < age(oldest) ? status : oldest),
    undefined,
  );
}

/** Late counts before failed: a failure heals by the next run, lateness only by a good backup; then the oldest debt. */
function worstOf(problems: readonly PlanStatus[]): PlanStatus | undefined {
  const rank = (status: PlanStatus): string => `${status.overdue ? 0 : 1} ${status.dueAt ?? '9'}`;
  return problems.toSorted((a, b) => rank(a).localeCompare(rank(b)))[0];
}
