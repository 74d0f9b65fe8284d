import type { ZoneOffset } from '../time-zone.ts';
import { hazardOf, mixed, opinionsAt, weightsOf } from './hazard.ts';
import type { Model } from './model.ts';
import { DAY_MS, HOUR_MS, weekMoment } from './week.ts';

/** No attempt comes sooner after another by prediction alone. */
export const SHORTEST_GAP_MS: number = HOUR_MS / 30;

const MOST_STEPS = 60;

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
 * Chooses the next attempt after one that found nothing at `now`: the first of those that are worth their price until
 * the guarantee makes one in any case. They come out the denser where a return is likelier, by the root of the
 * likelihood, as in optimal inspection (Keller 1974). Pure.
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
  const steps = Math.min(MOST_STEPS, Math.floor((latest - now) / SHORTEST_GAP_MS));
  const stepMs = (latest - now) / steps;
  const hazard = hazardOf(model);
  const weights = weightsOf(model);
  const since = model.awaySince === -1 ? now : Math.min(model.awaySince, now);
  const likely = new Float64Array(steps);
  for (let step = 0; step < steps; step += 1) {
    const middle = now + (step + 0.5) * stepMs;
    const { slot } = weekMoment(middle, offsetAt);
    likely[step] = mixed(opinionsAt(hazard, slot, middle - since), weights);
  }
  const price = priceOf(model, policy, hazard.even);
  const first = cheapestLook(likely, stepMs / HOUR_MS, price, Math.ceil((earliest - now) / stepMs));
  return first < steps
    ? { at: Math.round(now + first * stepMs), why: 'prediction' }
    : { at: latest, why: 'guarantee' };
}

/**
 * The hours of waiting that one more look must save to be worth it: those with which the looks of a day, spread by the
 * root of the likelihood, are as many as the budget has.
 */
function priceOf(model: Model, { perDay }: AdaptivePolicy, even: number): number {
  const usualRoot = model.rootSum / model.rootHours;
  const usualGapHours = (DAY_MS / HOUR_MS / perDay) * usualRoot;
  return (even * usualGapHours ** 2) / 2;
}

/**
 * The step after which to look first, for the least waiting and looking in all until the last step, after which there is
 * a look in any case. From the end to the begin: what is the best way on from a look that found nothing.
 */
function cheapestLook(likely: Float64Array, stepHours: number, price: number, earliest: number): number {
  const steps = likely.length;
  // That it is still away after each step, and the hours by which it was back before, added up.
  const away = new Float64Array(steps + 1).fill(1);
  const back = new Float64Array(steps + 1);
  for (let step = 0; step < steps; step += 1) {
    const before = away[step] ?? 0;
    const after = before * Math.exp(-(likely[step] ?? 0) * stepHours);
    away[step + 1] = after;
    back[step + 1] = (back[step] ?? 0) + (before - after) * (step + 0.5) * stepHours;
  }
  const cost = new Float64Array(steps + 1);
  let first = steps;
  for (let from = steps - 1; from >= 0; from -= 1) {
    let least = Infinity;
    for (let to = steps; to > (from === 0 ? earliest - 1 : from) || to === steps; to -= 1) {
      const returned = (away[from] ?? 0) - (away[to] ?? 0);
      const waited = returned * to * stepHours - ((back[to] ?? 0) - (back[from] ?? 0));
      const all = waited + (to === steps ? 0 : price * (away[to] ?? 0) + (cost[to] ?? 0));
      if (all < least) {
        least = all;
        if (from === 0) first = to;
      }
    }
    cost[from] = least;
  }
  return first;
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
