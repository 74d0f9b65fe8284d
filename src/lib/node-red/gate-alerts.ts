import type { GateDefinition } from '../../nodes/retry-gate/definition.ts';
import type { Severity } from '../alerts/alert.ts';
import type { AlertPolicy } from '../alerts/policy.ts';
import type { Threshold } from '../alerts/tiers.ts';
import { DEFAULT_TIERS, parseThreshold } from '../alerts/tiers.ts';
import type { DayWindow } from '../day-window.ts';
import { Problem } from '../problem.ts';
import { minutesOfDay } from '../time-of-day.ts';

/**
 * When a gate speaks, as stored by the editor (or by hand, or by an older version).
 * @throws Problem `gate-tier` or `gate-quiet` that names the field
 */
export function readAlertPolicy(definition: Partial<GateDefinition>): AlertPolicy {
  const gate = definition.name || 'retry-gate';
  const tier = (severity: Severity, typed: string | undefined): Threshold | null => {
    const text = (typed ?? '').trim() === '' ? DEFAULT_TIERS[severity] : String(typed);
    const threshold = parseThreshold(text);
    if (threshold === undefined) throw new Problem('gate-tier', { gate, text: text.slice(0, 40) });
    return threshold;
  };
  return {
    tiers: {
      info: tier('info', definition.alertInfo),
      warning: tier('warning', definition.alertWarning),
      critical: tier('critical', definition.alertCritical),
    },
    quiet: quietOf(definition, gate),
    gathers: definition.gatherAlerts !== false,
  };
}

function quietOf({ quietFrom = '', quietTo = '' }: Partial<GateDefinition>, gate: string): DayWindow | null {
  if (quietFrom.trim() === '' && quietTo.trim() === '') return null;
  const from = minutesOfDay(quietFrom);
  const to = minutesOfDay(quietTo);
  if (from === undefined || to === undefined) {
    throw new Problem('gate-quiet', { gate, from: quietFrom.slice(0, 20), to: quietTo.slice(0, 20) });
  }
  return { from, to };
}
