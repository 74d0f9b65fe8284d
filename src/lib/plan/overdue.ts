import { SEVERITIES } from '../alerts/alert.ts';
import type { Tiers } from '../alerts/tiers.ts';
import { DEFAULT_TIERS, parseThreshold, thresholdMs } from '../alerts/tiers.ts';
import { iso } from '../clock.ts';

const DEFAULTS: Tiers = {
  info: parseThreshold(DEFAULT_TIERS.info) ?? null,
  warning: parseThreshold(DEFAULT_TIERS.warning) ?? null,
  critical: parseThreshold(DEFAULT_TIERS.critical) ?? null,
};

/**
 * When a debt that begins at `dueAt` (ISO 8601) has lasted so long that the first tier of lateness speaks. Until then a
 * plan is only as late as plans are whose device is not always there. Null without a debt.
 *
 * @param tiers of the plan's gate. One that never speaks, or none at all, makes no plan less late: the defaults count
 */
export function overdueAt(dueAt: string | null, cadenceMs: number, tiers: Tiers = DEFAULTS): string | null {
  if (dueAt === null) return null;
  const allowedMs = firstMs(tiers, cadenceMs) ?? firstMs(DEFAULTS, cadenceMs) ?? cadenceMs;
  return iso(Date.parse(dueAt) + allowedMs);
}

function firstMs(tiers: Tiers, cadenceMs: number): number | undefined {
  const all = SEVERITIES.map((tier) => thresholdMs(tiers, tier, cadenceMs)).filter((ms) => ms !== null);
  return all.length === 0 ? undefined : Math.min(...all);
}
