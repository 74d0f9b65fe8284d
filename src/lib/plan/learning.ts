import { habitAt } from '../adaptive/habit.ts';
import { learn } from '../adaptive/learn.ts';
import { type Model, newModel } from '../adaptive/model.ts';
import { type AdaptivePolicy, nextAttempt, spend } from '../adaptive/next-attempt.ts';
import { WEEK_HOURS } from '../adaptive/sightings.ts';
import { readModel, storedModel } from '../adaptive/stored.ts';
import { DAY_MS, weekMoment } from '../adaptive/week.ts';
import { machineTimeZone, zoneOffset } from '../time-zone.ts';
import type { PlanRecord } from './record.ts';
import type { PlanState } from './state.ts';

/** What was learned of a plan's device, for people: for each hour of the week, in the last eight weeks. */
export interface LearnedWeek {
  /** From Monday 00:00, 168 pairs: weeks in which somebody looked, and those in which it was there. */
  readonly hours: readonly (readonly [looked: number, seen: number])[];
  /** The next attempts, should none find anything; hours of the week from Monday 00:00. */
  readonly planned: readonly number[];
}

/** A week of attempts is shown ahead, but no more than these. */
const MOST_PLANNED = 500;

/** What a plan learns about when its device is there, while its gate asks for that. */
export class Learning {
  private readonly record: PlanRecord;
  private loaded: Model | undefined;
  /** Learned since the last transition. */
  private isNews = false;

  constructor(record: PlanRecord) {
    this.record = record;
  }

  private get model(): Model {
    this.loaded ??= readModel(this.record.state.learned) ?? newModel();
    return this.loaded;
  }

  /** Somebody looked for the device, or it spoke for itself. */
  saw(there: boolean): void {
    if (this.record.policy?.adaptive === undefined) return;
    learn(this.model, this.record.clock.now(), there, localOffset());
    this.isNews = true;
  }

  /** What goes into the journal with the next transition; empty when that is there already. */
  news(): Pick<PlanState, 'learned'> {
    if (!this.isNews) return {};
    this.isNews = false;
    return { learned: storedModel(this.model) };
  }

  /** When to look again after `now`, in ms, and why in one sentence. */
  choose(
    policy: AdaptivePolicy,
    wait: { now: number; since: number; ordinaryMs: number },
    reason: string,
  ): { at: number; why: string } {
    const { sentences } = this.record;
    spend(this.model, wait.now);
    this.isNews = true;
    const chosen = nextAttempt(this.model, policy, wait, localOffset());
    const habit = habitAt(this.model.sightings, chosen.at, localOffset());
    const time = sentences.when(chosen.at, wait.now);
    if (habit === undefined) {
      return { at: chosen.at, why: sentences.say(`retry.learned.${chosen.why}`, { reason, time }) };
    }
    const values = { ...habit, reason, time, weekday: sentences.weekday(chosen.at) };
    return { at: chosen.at, why: sentences.say('retry.learned.habit', values) };
  }

  /** What was learned is forgotten. On the disk when this resolves. */
  async forget(): Promise<void> {
    this.loaded = newModel();
    this.isNews = true;
    await this.record.put(this.record.state);
  }

  /** For the dialog; undefined when the plan's gate does not learn. */
  week(): LearnedWeek | undefined {
    const { policy, clock, state } = this.record;
    if (policy?.adaptive === undefined) return undefined;
    const { looked, seen } = this.model.sightings;
    const ones = (bits = 0): number => bits.toString(2).replaceAll('0', '').length;
    const hours = Array.from(
      { length: WEEK_HOURS },
      (_, hour) => [ones(looked[hour]), ones(seen[hour])] as const,
    );
    const planned: number[] = [];
    const offsetAt = localOffset();
    const since = Date.parse(state.run?.startedAt ?? state.nextAttemptAt ?? '') || clock.now();
    let at = state.nextAttemptAt === null ? undefined : Date.parse(state.nextAttemptAt);
    const end = clock.now() + 7 * DAY_MS;
    while (at !== undefined && at < end && planned.length < MOST_PLANNED) {
      planned.push(weekMoment(at, offsetAt).slot / 2);
      const wait = { now: at, since, ordinaryMs: policy.waitDelay(1) };
      at = nextAttempt(this.model, policy.adaptive, wait, offsetAt).at;
    }
    return { hours, planned };
  }
}

function localOffset(): (at: number) => number {
  return zoneOffset(machineTimeZone());
}
