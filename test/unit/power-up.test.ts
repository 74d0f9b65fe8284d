import { expect, test } from 'vitest';
import type { CheckKind } from '../../src/lib/checks/check.ts';
import { DEVICE_KINDS } from '../../src/lib/checks/check.ts';
import type { FailureClass } from '../../src/lib/failure.ts';
import { foundAbsent, mayPowerUp, meansAbsent } from '../../src/lib/plan/power-up.ts';
import type { RunState } from '../../src/lib/plan/state.ts';

const run = (changes: Partial<RunState>): RunState => ({ process: null, ...changes }) as RunState;

test('a device is switched on in vain twice in a slot, and no more', () => {
  expect(
    [undefined, 0, 1, 2, 3].map((vainPowerUps) =>
      mayPowerUp(run(vainPowerUps === undefined ? {} : { vainPowerUps })),
    ),
  ).toEqual([true, true, true, false, false]);
});

const ABSENT: readonly CheckKind[] = [
  'mount',
  'marker',
  'present',
  'repository',
  'answers',
  'port',
  'http',
  'wake',
  'reload-mount',
];

test.each(ABSENT)('a %s check that says no means that the device did not come', (kind) => {
  expect(meansAbsent(kind)).toBe(true);
  expect(DEVICE_KINDS.has(kind)).toBe(true);
});

test.each([
  'space',
  'writable',
  'health',
  'smart',
  'state',
  'time',
  'command',
  'source',
  'all',
  null,
] as const)('a %s check that says no means something else', (kind) => {
  expect(meansAbsent(kind)).toBe(false);
});

const STARTED = { pid: 4711, startTicks: 1 };

test.each<[FailureClass, RunState['process'], boolean]>([
  ['device-unavailable', null, true],
  ['repo-missing', null, true],
  ['network', null, false],
  ['auth', null, false],
  ['device-unavailable', STARTED, false],
  ['repo-missing', STARTED, false],
])('%s with the process %j: the device is absent: %s', (failureClass, process, absent) => {
  expect(foundAbsent(run({ process }), failureClass)).toBe(absent);
});
