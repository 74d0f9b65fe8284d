import type { ZoneOffset } from '../time-zone.ts';
import { hazardOf, mixed, opinionsAt, weightsOf } from './hazard.ts';
import { type Model, QUICK_LOOKS_MS } from './model.ts';
import { DAY_MS, HOUR_MS, slotEnd, weekMoment } from './week.ts';

/** No attempt comes sooner after another by prediction alone. */
export const SHORTEST_GAP_MS: number = HOUR_MS / 30;

/** A quick look is made that finds it so often, and so many times as often as a look at another time. */
const LEAST_CHANCE = 0.1;
const QUICK_ADVANTAGE = 3;
const SOON_AFTER = 0.25;

/** How attempts are to be chosen. Durations in ms. */
export interface AdaptivePolicy {
  /** Attempts that the prediction spreads over a day of waiting. */
  readonly perDay: number;
  /** Never longer without an attempt than this factor times what the ordinary policy would wait. */
  readonly factor: number;
  /** At least one attempt in this time, counted from the begin of the wait: the attempts of a plain interval are kept. */
  readonly floorMs: number;
}

/** The wait that an attempt is chosen for; times in ms since the epoch. */
export interface Wait {
  readonly now: number;
  /** When its first attempt was made. */
  readonly since: number;
  /** What the ordinary policy would wait now. */
  readonly ordinaryMs: number;
}

/** When to try next, and whether it is the prediction that says so or one of the guarantees. */
export interface NextAttempt {
  readonly at: number;
  readonly why: 'prediction' | 'guarantee';
}

/**
 * Chooses the next attempt after one that found nothing at `now`. The denser where a return is likelier, by the root of
 * the likelihood: that finds it soonest for a number of attempts (Keller 1974). Pure.
 */
export function nextAttempt(
  model: Model,
  policy: AdaptivePolicy,
  wait: Wait,
  offsetAt: ZoneOffset,
): NextAttempt {
  const { now } = wait;
  const latest = latestAttempt(policy, wait);
  const earliest = Math.max(now + SHORTEST_GAP_MS, affordableAt(model, policy, now));
  if (earliest >= latest) return { at: latest, why: 'guarantee' };
  const hazard = hazardOf(model);
  const quick = quickLook(model, now, hazard.even);
  if (quick >= earliest && quick < latest) return { at: quick, why: 'prediction' };
  const weights = weightsOf(model);
  const usual = model.rootSum / model.rootHours;
  const since = model.awaySince === -1 ? now : Math.min(model.awaySince, now);
  let left = 1;
  for (let from = now; from < latest; ) {
    const to = Math.min(latest, slotEnd(from), from + Math.max(SHORTEST_GAP_MS, (from - since) / 4));
    const middle = (from + to) / 2;
    const { slot } = weekMoment(middle, offsetAt);
    const likely = mixed(opinionsAt(hazard, slot, middle - since), weights) / hazard.even;
    const perMs = ((policy.perDay / DAY_MS) * Math.sqrt(likely)) / usual;
    const part = perMs * (to - from);
    if (part >= left) {
      const at = Math.max(earliest, Math.round(from + left / perMs));
      // One that a guarantee wants soon after is enough.
      const isEarly = latest - at > (latest - now) * SOON_AFTER;
      return isEarly ? { at, why: 'prediction' } : { at: latest, why: 'guarantee' };
    }
    left -= part;
    from = to;
  }
  return { at: latest, why: 'guarantee' };
}

/**
 * The next look soon after the first of an absence, as long as such looks find it much more often than others would; 0:
 * none.
 */
function quickLook(model: Model, now: number, even: number): number {
  if (model.awaySince === -1) return 0;
  const kind = QUICK_LOOKS_MS.findIndex((age) => now < model.awaySince + age);
  const age = QUICK_LOOKS_MS[kind];
  if (age === undefined) return 0;
  const chance = ((model.quickFound[kind] ?? 0) + 1) / ((model.quickTried[kind] ?? 0) + 3);
  const usual = even * ((age - (QUICK_LOOKS_MS[kind - 1] ?? 0)) / HOUR_MS);
  const isWorthIt = chance >= Math.max(LEAST_CHANCE, QUICK_ADVANTAGE * usual);
  return isWorthIt ? model.awaySince + age : 0;
}

/** An attempt is made: the budget of a day has one less. */
export function spend(model: Model, at: number): void {
  model.spent = spentBy(model, at) + 1;
  model.spentAt = at;
}

function spentBy(model: Model, at: number): number {
  return model.spent * Math.exp(-Math.max(0, at - model.spentAt) / DAY_MS);
}

/** When the budget allows one more: within any day at most about twice the attempts of a day. */
function affordableAt(model: Model, policy: AdaptivePolicy, now: number): number {
  const spent = spentBy(model, now);
  const most = Math.max(1, 2 * policy.perDay - 1);
  return spent <= most ? now : now + Math.ceil(DAY_MS * Math.log(spent / most));
}

/** The moment by which the guarantees want an attempt. */
function latestAttempt({ factor, floorMs }: AdaptivePolicy, { now, since, ordinaryMs }: Wait): number {
  const floor = now < since ? floorMs : floorMs - ((now - since) % floorMs);
  return now + Math.max(1, Math.floor(Math.min(floor, Math.max(1, factor) * ordinaryMs)));
}
