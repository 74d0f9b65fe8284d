import { freshness, type PlanStatus } from '../../src/protocol/protocol.ts';

/** A service of HomeKit by its name there. */
export type ServiceKind = 'Switch' | 'OccupancySensor' | 'ContactSensor' | 'Battery';

/** A service of a plan; stable, because HomeKit keeps rooms and automations under it. */
export type Part = 'run' | 'running' | 'failed' | 'overdue' | 'freshness';

/** A characteristic of HomeKit by its name there. */
export type Quality =
  | 'On'
  | 'OccupancyDetected'
  | 'ContactSensorState'
  | 'StatusFault'
  | 'StatusActive'
  | 'BatteryLevel'
  | 'StatusLowBattery'
  | 'ChargingState';

/** The first quality of a service is the one that people look at. */
export interface ServiceValues {
  readonly kind: ServiceKind;
  readonly part: Part;
  readonly values: Readonly<Partial<Record<Quality, boolean | number>>>;
}

/** `CONTACT_NOT_DETECTED`, shown as "open": something is the matter. */
const OPEN = 1;

/** The services a plan has, in order. */
export function planParts(withBattery: boolean): readonly { kind: ServiceKind; part: Part }[] {
  return [
    { kind: 'Switch', part: 'run' },
    { kind: 'OccupancySensor', part: 'running' },
    { kind: 'ContactSensor', part: 'failed' },
    { kind: 'ContactSensor', part: 'overdue' },
    ...(withBattery ? [{ kind: 'Battery', part: 'freshness' } as const] : []),
  ];
}

/** A backup is on its way: restic works, or a run looks at what it needs. A run that waits for its drive is not. */
export function isUnderWay(status: PlanStatus): boolean {
  return status.running || status.state === 'checking';
}

/**
 * What HomeKit shall show of a plan.
 *
 * @param now ms since the epoch; only the battery depends on it
 */
export function planToServices(status: PlanStatus, now: number): readonly ServiceValues[] {
  const left = freshness(status, now) ?? 1;
  return [
    { kind: 'Switch', part: 'run', values: { On: isUnderWay(status) } },
    {
      kind: 'OccupancySensor',
      part: 'running',
      values: { OccupancyDetected: Number(status.running), StatusActive: true, StatusFault: 0 },
    },
    {
      kind: 'ContactSensor',
      part: 'failed',
      values: {
        ContactSensorState: status.failed ? OPEN : 0,
        StatusActive: true,
        StatusFault: Number(status.failed),
      },
    },
    {
      kind: 'ContactSensor',
      part: 'overdue',
      values: { ContactSensorState: status.overdue ? OPEN : 0, StatusActive: true, StatusFault: 0 },
    },
    {
      kind: 'Battery',
      part: 'freshness',
      values: {
        BatteryLevel: Math.round(left * 100),
        StatusLowBattery: Number(status.overdue),
        ChargingState: Number(status.running),
      },
    },
  ];
}

/** What the sensors show while nothing is known: that they are not to be believed. Nothing else may change then. */
export const UNKNOWN: Readonly<Partial<Record<Quality, boolean | number>>> = {
  StatusActive: false,
  StatusFault: 1,
};
