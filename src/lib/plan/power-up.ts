import type { CheckResult } from '../checks/check.ts';
import type { FailureClass } from '../failure.ts';
import type { RunState } from './state.ts';

/**
 * So often a device is switched on within a slot for attempts that then cannot use it; after that it is a matter for a
 * person, and the plug is left alone.
 */
const MOST_VAIN_POWER_UPS = 2;

/** Checks whose no means that the device did not come. */
const ABSENCE: ReadonlySet<CheckResult['kind'] | null> = new Set([
  'mount',
  'marker',
  'present',
  'repository',
  'answers',
  'port',
  'http',
  'wake',
  'reload-mount',
]);

/** Whether its device may still be switched on in this slot. */
export function mayPowerUp(run: RunState): boolean {
  return (run.vainPowerUps ?? 0) < MOST_VAIN_POWER_UPS;
}

/** Whether a check that says no means that the device did not come. */
export function meansAbsent(kind: CheckResult['kind'] | null): boolean {
  return ABSENCE.has(kind);
}

/** Whether restic, which was not even started, found that the device did not come. */
export function foundAbsent(run: RunState, failureClass: FailureClass): boolean {
  return run.process === null && (failureClass === 'device-unavailable' || failureClass === 'repo-missing');
}
