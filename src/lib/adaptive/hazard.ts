import type { Model } from './model.ts';
import { AGE_BINS, OPINIONS } from './model.ts';
import { HOUR_MS, SLOTS } from './week.ts';

/** Hours of watching that the wider part of the week counts for in a narrower one. */
const POOL_HOURS = 1;
/** Returns that the expectation before any is seen counts for in a bin of ages. */
const AGE_POOL = 1;
/** However long it is away, it is not given up. */
const LEAST_AGE_FACTOR = 0.3;
/** The share of the even opinion that nothing takes away: it may always come at another time than ever before. */
const EVEN_SHARE = 0.25;
const FIRST_BIN_MS = HOUR_MS / 20;
const BIN_GROWTH = 1.5;
/** Of the factor by age before any return is seen: at the begin, and how fast it falls. */
const PRIOR_HEIGHT = 3;
const PRIOR_SLOPE = 4;

/** How likely it is to come back, per hour, as each opinion has it. */
export interface Hazard {
  /** Evenly. */
  readonly even: number;
  /** By half-hour of the week. */
  readonly week: Float64Array;
  /** Factor by age of the absence. */
  readonly age: Float64Array;
}

/** The bin of an age in ms. */
export function ageBin(ageMs: number): number {
  if (ageMs < FIRST_BIN_MS) return 0;
  return Math.min(AGE_BINS - 1, 1 + Math.floor(Math.log(ageMs / FIRST_BIN_MS) / Math.log(BIN_GROWTH)));
}

/** Each with half of its neighbours: the week is round. A plain loop: this is most of what a decision costs. */
function smoothed(sums: Float32Array): Float64Array {
  const smooth = new Float64Array(SLOTS);
  let before = sums[SLOTS - 1] ?? 0;
  let own = sums[0] ?? 0;
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const after = sums[slot === SLOTS - 1 ? 0 : slot + 1] ?? 0;
    smooth[slot] = 0.5 * own + 0.25 * (before + after);
    before = own;
    own = after;
  }
  return smooth;
}

function sumOf(values: Float64Array): number {
  let total = 0;
  for (let index = 0; index < values.length; index += 1) total += values[index] ?? 0;
  return total;
}

/**
 * The factor by age before any return is seen: most absences are short, and one that has lasted is likely to last. As of
 * the time that an absence lasts in the mean.
 */
function expectedFactor(bin: number, even: number): number {
  const ageHours = (FIRST_BIN_MS / HOUR_MS) * BIN_GROWTH ** (bin - 0.5);
  return PRIOR_HEIGHT / (1 + PRIOR_SLOPE * ageHours * even);
}

/** Each with half of its neighbours; the first and the last stand for their own. */
function neighbourly(sums: Float32Array): Float64Array {
  const smooth = new Float64Array(AGE_BINS);
  for (let bin = 0; bin < AGE_BINS; bin += 1) {
    const before = sums[Math.max(0, bin - 1)] ?? 0;
    const after = sums[Math.min(AGE_BINS - 1, bin + 1)] ?? 0;
    smooth[bin] = 0.5 * (sums[bin] ?? 0) + 0.25 * (before + after);
  }
  return smooth;
}

/** What a model has learned, ready to be asked. */
export function hazardOf(model: Model): Hazard {
  const returns = smoothed(model.returns);
  const away = smoothed(model.away);
  const even = (sumOf(returns) + 1) / (sumOf(away) + 6);
  const pooled = (n: number, hours: number, parent: number): number =>
    (n + POOL_HOURS * parent) / (hours + POOL_HOURS);
  const week = new Float64Array(SLOTS);
  for (let time = 0; time < 48; time += 1) {
    let n0 = 0;
    let n1 = 0;
    let hours0 = 0;
    let hours1 = 0;
    for (let day = 0; day < 7; day += 1) {
      const n = returns[day * 48 + time] ?? 0;
      const hours = away[day * 48 + time] ?? 0;
      if (day < 5) {
        n0 += n;
        hours0 += hours;
      } else {
        n1 += n;
        hours1 += hours;
      }
    }
    const daily = pooled(n0 + n1, hours0 + hours1, even);
    const workday = pooled(n0, hours0, daily);
    const weekend = pooled(n1, hours1, daily);
    for (let day = 0; day < 7; day += 1) {
      const slot = day * 48 + time;
      week[slot] = pooled(returns[slot] ?? 0, away[slot] ?? 0, day < 5 ? workday : weekend);
    }
  }
  const ageReturns = neighbourly(model.ageReturns);
  const ageExpected = neighbourly(model.ageExpected);
  const age = new Float64Array(AGE_BINS);
  for (let bin = 0; bin < AGE_BINS; bin += 1) {
    const n = (ageReturns[bin] ?? 0) + AGE_POOL * expectedFactor(bin, even);
    age[bin] = Math.max(LEAST_AGE_FACTOR, n / ((ageExpected[bin] ?? 0) + AGE_POOL));
  }
  return { even, week, age };
}

/** The opinions at a place in the week (in half-hours) and an age (ms): even, week, age, both. */
export function opinionsAt(hazard: Hazard, slot: number, ageMs: number): readonly number[] {
  const whole = Math.floor(slot - 0.5);
  const part = slot - 0.5 - whole;
  const at = (index: number): number => hazard.week[(index + SLOTS) % SLOTS] ?? hazard.even;
  const week = at(whole) * (1 - part) + at(whole + 1) * part;
  const age = hazard.age[ageBin(ageMs)] ?? 1;
  return [hazard.even, week, hazard.even * age, week * age];
}

/**
 * The weight of each opinion now: how right it was before, and how far it expected a return by now that did not come.
 * They add up to 1.
 */
export function weightsOf(model: Model): readonly number[] {
  const logs = Array.from(
    { length: OPINIONS },
    (_, one) => (model.merit[one] ?? 0) - Math.max(0, (model.expected[one] ?? 0) - 1),
  );
  const most = Math.max(...logs);
  const raw = logs.map((log) => Math.exp(log - most));
  const total = raw.reduce((sum, one) => sum + one, 0);
  return raw.map((one, index) => (1 - EVEN_SHARE) * (one / total) + (index === 0 ? EVEN_SHARE : 0));
}

/** The opinions as one. */
export function mixed(opinions: readonly number[], weights: readonly number[]): number {
  return opinions.reduce((sum, one, index) => sum + one * (weights[index] ?? 0), 0);
}
