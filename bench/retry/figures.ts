import type { Tally } from './simulate.ts';

/** What is printed of a policy; times in hours. */
export interface Figures {
  readonly delay: number;
  readonly delayP95: number;
  /** Attempts in vain for each debt that had to wait. */
  readonly wasted: number;
  readonly used: number;
  readonly ageP50: number;
  readonly ageP95: number;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function figuresOf({ delays, wasted, used, missed, ages }: Tally): Figures {
  const debts = Math.max(1, delays.length);
  return {
    delay: delays.reduce((sum, delay) => sum + delay, 0) / debts,
    delayP95: quantile(delays, 0.95),
    wasted: wasted / debts,
    used: used / Math.max(1, used + missed),
    ageP50: quantile(ages, 0.5),
    ageP95: quantile(ages, 0.95),
  };
}

/** The delay that a fixed interval of the same cost has: between its neighbours on the frontier, in logarithms. */
export function frontierDelay(frontier: readonly Figures[], wasted: number): number {
  const points = frontier.toSorted((a, b) => a.wasted - b.wasted);
  // More attempts must not count as worse: the best of all that cost no more.
  let best = Infinity;
  const curve = points.map((point) => {
    best = Math.min(best, point.delay);
    return { wasted: point.wasted, delay: best };
  });
  const above = curve.findIndex((point) => point.wasted >= wasted);
  if (above === 0) return curve[0]?.delay ?? 0;
  const low = curve.at(above === -1 ? -2 : above - 1);
  const high = curve.at(above);
  if (low === undefined || high === undefined) return 0;
  const part = Math.log(wasted / low.wasted) / Math.log(high.wasted / low.wasted);
  return Math.exp(Math.log(low.delay) + part * (Math.log(high.delay) - Math.log(low.delay)));
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(Math.max(value, 1e-6)), 0) / values.length);
}
