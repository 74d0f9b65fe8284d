import { expect, test } from 'vitest';
import type { AdaptivePolicy } from '../../src/lib/adaptive/next-attempt.ts';
import { readGatePolicy } from '../../src/lib/node-red/gate-policy.ts';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { isPlanState } from '../../src/lib/plan/state-shape.ts';
import type { GateDefinition } from '../../src/nodes/retry-gate/definition.ts';
import { House, ms, policy } from './fake-house.ts';

// The gate's adaptive policy in the life of a plan.

const ADAPTIVE: AdaptivePolicy = { perDay: 24, factor: 4, floorMs: ms('1h') };

function awayHouse(): House {
  const house = new House();
  house.policy = policy({ adaptive: ADAPTIVE });
  house.check.passes = false;
  house.check.reason = 'The drive is not mounted.';
  return house;
}

/** Weeks with a drive that is there on Saturdays from 9 to 11. */
async function livesSaturdays(house: House, weeks: number): Promise<void> {
  for (let quarter = 0; quarter < weeks * 7 * 96; quarter += 1) {
    const now = new Date(house.clock.now());
    house.check.passes = now.getDay() === 6 && now.getHours() >= 9 && now.getHours() < 11;
    await house.passes('15m');
  }
}

test('an absent drive is looked for within both guarantees, and the state says why in one sentence', async () => {
  const house = awayHouse();
  await house.plan();
  for (let n = 0; n < 12; n += 1) {
    const next = house.minutesUntil(house.state.nextAttemptAt) ?? 0;
    expect(next).toBeGreaterThan(0);
    expect(next).toBeLessThanOrEqual(60);
    expect(house.state.why).toContain('The drive is not mounted. Next try');
    await house.passes(`${Math.ceil(next)}m`);
  }
});

/** Saturdays before `until` on which a check looked within these hours, and those on which it found the drive. */
function counted(house: House, until: string, from: number, to: number): { looked: number; seen: number } {
  const looked = new Set<string>();
  const seen = new Set<string>();
  for (const text of house.written) {
    const { lastBlockedAt, lastSuccessAt } = JSON.parse(text) as PlanState;
    for (const [at, found] of [
      [lastBlockedAt, false],
      [lastSuccessAt, true],
    ] as const) {
      const time = new Date(at ?? until);
      const isWithin = time.getHours() >= from && time.getHours() < to;
      if (time.getDay() !== 6 || !isWithin || time.toDateString() === new Date(until).toDateString())
        continue;
      if (time.getTime() > Date.parse(until)) continue;
      looked.add(time.toDateString());
      if (found) seen.add(time.toDateString());
    }
  }
  return { looked: looked.size, seen: seen.size };
}

test('a habit is said with its numbers, and they are those of what happened', async () => {
  const house = awayHouse();
  await house.plan({ every: '24h' });
  await livesSaturdays(house, 6);
  const said = house.written
    .map((text) => JSON.parse(text) as PlanState)
    .filter(({ why }) => why.includes('Saturdays on which it was looked for'));
  expect(said.length).toBeGreaterThan(1);
  for (const { why, nextAttemptAt } of said) {
    const [, seen, looked, from, to] =
      /on (\d) of the (\d) Saturdays .* between (\d+):00 and (\d+):00/.exec(why)?.map(Number) ?? [];
    expect(counted(house, nextAttemptAt ?? '', from ?? 0, to ?? 0)).toEqual({ looked, seen });
    expect([9, 10]).toContain(from);
  }
}, 60_000);

test('the device itself beats what was learned', async () => {
  const house = awayHouse();
  await house.plan({ settle: '1m' });
  await house.passes('3h');
  house.check.passes = true;
  await house.appears();
  await house.passes('1m');
  expect(house.state.lastSuccessAt).not.toBeNull();
});

test('what was learned is in the journal with the next transition, survives a restart, and can be forgotten', async () => {
  const house = awayHouse();
  await house.plan();
  await house.passes('5h');
  const { learned } = house.journalled;
  expect(learned).toMatchObject({ version: 2 });
  expect(JSON.stringify(learned).length).toBeLessThanOrEqual(8192);
  const before = house.record.learning.week();
  await house.restarts();
  expect(house.record.learning.week()?.hours).toEqual(before?.hours);
  expect(house.record.learning.week()?.hours.some(([looked]) => looked > 0)).toBe(true);
  await house.record.learning.forget();
  expect(house.record.learning.week()?.hours.every(([looked]) => looked === 0)).toBe(true);
  expect(house.journalled.learned).not.toEqual(learned);
});

test('without the adaptive policy nothing is learned and nothing is kept', async () => {
  const house = awayHouse();
  house.policy = policy();
  await house.plan();
  await house.passes('5h');
  expect(house.journalled.learned).toBeNull();
  expect(house.record.learning.week()).toBeUndefined();
});

test('a damaged piece of what was learned costs only that', async () => {
  const house = awayHouse();
  await house.plan();
  const { learned: _learned, ...old } = house.journalled;
  expect(isPlanState(old)).toBe(true);
  house.disk.set('photos', JSON.stringify({ ...old, learned: { version: 1, sums: 7 } }));
  await house.restarts();
  await house.passes('2h');
  expect(house.state.run?.waits).toBeGreaterThan(2);
});

test('a gate stored without the adaptive fields gets their defaults, and bounds for nonsense', () => {
  const adaptiveOf = (fields: Partial<GateDefinition>): AdaptivePolicy | undefined =>
    readGatePolicy({ policy: 'adaptive', ...fields } as GateDefinition)('usb-plug').adaptive;
  const byDefault = { perDay: 24, factor: 4, floorMs: ms('1h') };
  expect(adaptiveOf({})).toEqual(byDefault);
  expect(adaptiveOf({ looksPerDay: '', waitFactor: 0, lookAtLeastEvery: '' })).toEqual(byDefault);
  expect(adaptiveOf({ looksPerDay: 48, waitFactor: 2, lookAtLeastEvery: '1s' })).toEqual({
    perDay: 48,
    factor: 2,
    floorMs: ms('1m'),
  });
  expect(adaptiveOf({ policy: 'exponential' })).toBeUndefined();
});
