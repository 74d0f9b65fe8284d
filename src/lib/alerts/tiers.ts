import { durationOr } from '../duration.ts';
import type { Severity } from './alert.ts';
import { SEVERITIES } from './alert.ts';

const HOUR_MS = 3_600_000;

/** From which lateness on a tier speaks: a multiple of the plan's cadence, or a duration in ms. */
export type Threshold = { readonly factor: number } | { readonly ms: number };

/** The thresholds of the tiers; null: this tier never speaks. */
export type Tiers = Readonly<Record<Severity, Threshold | null>>;

/** What the dialog starts with, and what counts where it is left empty. */
export const DEFAULT_TIERS: Readonly<Record<Severity, string>> = {
  info: '1x',
  warning: '3x',
  critical: '7x',
};

/** A plan that is owed every few minutes is not alarmed about every few minutes: a factor gives at least so much. */
const LEAST_MS: Readonly<Record<Severity, number>> = {
  info: HOUR_MS,
  warning: 12 * HOUR_MS,
  critical: 24 * HOUR_MS,
};

/** The largest factor that makes sense: a daily plan and two years. */
const LARGEST_FACTOR = 1000;

/** A threshold as typed: `3x`, `1.5x` or a duration such as `2d`; `never` is null. Undefined for anything else. */
export function parseThreshold(text: string): Threshold | null | undefined {
  const typed = text.trim().toLowerCase();
  if (typed === 'never') return null;
  const [, factor] = /^(\d+(?:\.\d+)?)\s*[x×]$/.exec(typed) ?? [];
  if (factor !== undefined) {
    const number = Number(factor);
    return number > 0 && number <= LARGEST_FACTOR ? { factor: number } : undefined;
  }
  const ms = durationOr(typed === '' ? '0' : typed, 0);
  return ms === undefined || ms === 0 ? undefined : { ms };
}

/** Lateness in ms from which a tier speaks for a plan whose good backups are `cadenceMs` apart; null: never. */
export function thresholdMs(tiers: Tiers, tier: Severity, cadenceMs: number): number | null {
  const threshold = tiers[tier];
  if (threshold === null) return null;
  return 'ms' in threshold ? threshold.ms : Math.max(threshold.factor * cadenceMs, LEAST_MS[tier]);
}

/** The highest tier that this lateness has reached; null: none. */
export function tierOf(tiers: Tiers, latenessMs: number, cadenceMs: number): Severity | null {
  const reached = SEVERITIES.filter((tier) => {
    const from = thresholdMs(tiers, tier, cadenceMs);
    return from !== null && latenessMs >= from;
  });
  return reached.at(-1) ?? null;
}
