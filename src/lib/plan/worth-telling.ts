import type { Noted } from '../alerts/trouble.ts';
import type { FailureClass } from '../failure.ts';
import { PERMANENT_CLASSES } from '../failure.ts';
import type { MaintenanceResult } from '../restic/maintenance-result.ts';
import type { PlanAlerts } from './alerts.ts';
import type { AnnouncementExtras } from './announcement.ts';
import type { RunEnd, RunState } from './state.ts';

/** Notes what the end of a run is worth telling people: to be written with the transition that ends it. */
export function noteEnd(
  alerts: PlanAlerts,
  run: RunState,
  end: RunEnd,
  { reason, extras }: { readonly reason: string; readonly extras?: AnnouncementExtras },
): void {
  if (end === 'gave-up') alerts.raise('backup', gaveUp(run.failureClass, reason));
  if (end === 'partial' && run.heldBack === true)
    alerts.raise('backup', {
      kind: 'held-back',
      severity: 'critical',
      cause: 'held-back',
      reason,
      failureClass: null,
    });
  if (extras?.maintenance !== undefined) noteMaintenance(alerts, extras.maintenance);
}

function gaveUp(failureClass: FailureClass | null, reason: string): Noted {
  const what = { reason, failureClass };
  if (failureClass === 'power-up-failed')
    return { ...what, kind: 'power-up-failed', severity: 'warning', cause: 'power-up-failed' };
  // What no waiting heals is told once for each such class; what may heal, once altogether.
  if (failureClass !== null && PERMANENT_CLASSES.has(failureClass))
    return { ...what, kind: 'gave-up', severity: 'critical', cause: `gave-up:${failureClass}` };
  return { ...what, kind: 'gave-up', severity: 'warning', cause: 'gave-up' };
}

function noteMaintenance(alerts: PlanAlerts, { steps }: MaintenanceResult): void {
  for (const { step, outcome, failureClass, reason } of steps) {
    if (outcome === 'done') alerts.isRight(step);
    if (outcome !== 'failed') continue;
    const isPermanent = failureClass !== null && PERMANENT_CLASSES.has(failureClass);
    alerts.raise(step, {
      kind: 'maintenance-failed',
      severity: isPermanent ? 'critical' : 'warning',
      cause: isPermanent ? `failed:${failureClass}` : 'failed',
      reason,
      failureClass,
    });
  }
}
