import { describe, expect, test } from 'vitest';
import { type Part, planParts, planToServices } from '../../src/plan-services.ts';
import { plan, RUNNING } from '../plan.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');

function shown(differing: Parameters<typeof plan>[0], part: Part): Record<string, unknown> | undefined {
  return planToServices(plan(differing), NOW).find((service) => service.part === part)?.values;
}

describe('a plan in HomeKit', () => {
  test('at rest shows nothing that asks for attention', () => {
    expect(planToServices(plan(), NOW)).toEqual([
      { kind: 'Switch', part: 'run', values: { On: false } },
      {
        kind: 'OccupancySensor',
        part: 'running',
        values: { OccupancyDetected: 0, StatusActive: true, StatusFault: 0 },
      },
      {
        kind: 'ContactSensor',
        part: 'failed',
        values: { ContactSensorState: 0, StatusActive: true, StatusFault: 0 },
      },
      {
        kind: 'ContactSensor',
        part: 'overdue',
        values: { ContactSensorState: 0, StatusActive: true, StatusFault: 0 },
      },
      {
        kind: 'Battery',
        part: 'freshness',
        values: { BatteryLevel: 50, StatusLowBattery: 0, ChargingState: 0 },
      },
    ]);
  });

  test('has the switch on and the running sensor detecting while restic works', () => {
    expect(shown(RUNNING, 'run')).toEqual({ On: true });
    expect(shown(RUNNING, 'running')).toMatchObject({ OccupancyDetected: 1 });
    expect(shown(RUNNING, 'freshness')).toMatchObject({ ChargingState: 1 });
  });

  test('has the switch on while a run looks at what it needs; the sensor waits for restic', () => {
    expect(shown({ state: 'checking' }, 'run')).toEqual({ On: true });
    expect(shown({ state: 'checking' }, 'running')).toMatchObject({ OccupancyDetected: 0 });
  });

  test.each(['waiting', 'retrying', 'failed', 'paused', 'idle'] as const)(
    'has the switch off while it is %s, so that it can be switched on',
    (state) => {
      expect(shown({ state }, 'run')).toEqual({ On: false });
    },
  );

  test('that waits for its drive is no failure', () => {
    expect(shown({ state: 'waiting', attempt: 2 }, 'failed')).toMatchObject({
      ContactSensorState: 0,
      StatusFault: 0,
    });
  });

  test('that failed opens the failed sensor with a fault, and no other', () => {
    const failed = { state: 'failed', failed: true, failure: 'disk-full' } as const;
    expect(shown(failed, 'failed')).toMatchObject({ ContactSensorState: 1, StatusFault: 1 });
    expect(shown(failed, 'overdue')).toMatchObject({ ContactSensorState: 0, StatusFault: 0 });
  });

  test('that is overdue opens the overdue sensor, with an empty battery', () => {
    const overdue = { overdue: true, overdueAt: '2026-11-29T10:00:00Z' };
    expect(shown(overdue, 'overdue')).toMatchObject({ ContactSensorState: 1 });
    expect(shown(overdue, 'failed')).toMatchObject({ ContactSensorState: 0 });
    expect(shown(overdue, 'freshness')).toMatchObject({ BatteryLevel: 0, StatusLowBattery: 1 });
  });

  test('that never had a good backup has an empty battery', () => {
    expect(shown({ lastSuccessAt: null }, 'freshness')).toMatchObject({ BatteryLevel: 0 });
  });

  test('that only an event starts is always fresh', () => {
    expect(shown({ overdueAt: null, dueAt: null }, 'freshness')).toMatchObject({
      BatteryLevel: 100,
      StatusLowBattery: 0,
    });
  });

  test('has a battery only when asked for', () => {
    expect(planParts(false).map(({ part }) => part)).toEqual(['run', 'running', 'failed', 'overdue']);
    expect(planParts(true).map(({ part }) => part)).toContain('freshness');
  });

  test('has the parts of its list in the values, in the same order', () => {
    expect(planToServices(plan(), NOW).map(({ kind, part }) => ({ kind, part }))).toEqual(planParts(true));
  });
});
