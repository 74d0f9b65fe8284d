import { describe, expect, test } from 'vitest';
import { PLAN_COMMANDS } from '../../src/lib/plan/commands.ts';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { House, ms } from './fake-house.ts';

// Every command, and a device that appears, in every state a plan may be in. One word for what happens at once, and
// what is promised of all of them: no second restic, no success moved, no debt moved but by who may.

const STATES = {
  idle: async (house: House) => {
    await house.plan({ every: '24h' });
    await house.passes('1h');
  },
  owed: async (house: House) => {
    house.restic.ends = 'auth';
    await house.plan({ every: '24h' });
    await house.passes('1h');
  },
  waiting: async (house: House) => {
    house.check.passes = false;
    await house.plan({ every: '24h' });
    await house.passes('1m');
  },
  checking: async (house: House) => {
    house.check.takes = ms('1h');
    await house.plan({ every: '24h' });
    await house.passes('1m');
  },
  running: async (house: House) => {
    house.restic.takes = ms('2h');
    await house.plan({ every: '24h' });
    await house.passes('1h');
  },
  retention: async (house: House) => {
    house.restic.retention = ms('2h');
    await house.plan({ every: '24h' });
    await house.passes('1h');
  },
  'paused idle': async (house: House) => {
    await STATES.idle(house);
    await house.asks('pause');
  },
  'paused waiting': async (house: House) => {
    await STATES.waiting(house);
    await house.asks('pause');
  },
  'paused running': async (house: House) => {
    await STATES.running(house);
    await house.asks('pause');
  },
} as const;
type State = keyof typeof STATES;

/** What happens at once. */
type Effect =
  | 'starts a run'
  | 'makes the next attempt'
  | 'ends the run'
  | 'stops restic and ends the run'
  | 'stops what follows the backup'
  | 'is noted'
  | 'pauses'
  | 'moves the end of the pause'
  | 'goes on'
  | 'moves the next start'
  | 'is answered not now';

const NOT_NOW = 'is answered not now';
const RUN_ENDS = 'ends the run';
const STOPS = 'stops restic and ends the run';

/** Rows of the table in the order of STATES. */
const TABLE: Record<(typeof PLAN_COMMANDS)[number] | 'the device appears', Record<State, Effect>> = {
  run: {
    idle: 'starts a run',
    owed: 'starts a run',
    waiting: 'makes the next attempt',
    checking: NOT_NOW,
    running: NOT_NOW,
    retention: NOT_NOW,
    'paused idle': 'starts a run',
    'paused waiting': 'makes the next attempt',
    'paused running': NOT_NOW,
  },
  'the device appears': {
    idle: NOT_NOW,
    owed: 'starts a run',
    waiting: 'makes the next attempt',
    checking: 'is noted',
    running: 'is noted',
    retention: 'is noted',
    'paused idle': 'is noted',
    'paused waiting': 'is noted',
    'paused running': 'is noted',
  },
  cancel: {
    idle: NOT_NOW,
    owed: NOT_NOW,
    waiting: RUN_ENDS,
    checking: RUN_ENDS,
    running: STOPS,
    retention: 'stops what follows the backup',
    'paused idle': NOT_NOW,
    'paused waiting': RUN_ENDS,
    'paused running': STOPS,
  },
  pause: {
    idle: 'pauses',
    owed: 'pauses',
    waiting: 'pauses',
    checking: 'pauses',
    running: 'pauses',
    retention: 'pauses',
    'paused idle': 'moves the end of the pause',
    'paused waiting': 'moves the end of the pause',
    'paused running': 'moves the end of the pause',
  },
  resume: {
    idle: NOT_NOW,
    owed: NOT_NOW,
    waiting: NOT_NOW,
    checking: NOT_NOW,
    running: NOT_NOW,
    retention: NOT_NOW,
    'paused idle': 'goes on',
    'paused waiting': 'goes on',
    'paused running': 'goes on',
  },
  skip: {
    idle: 'moves the next start',
    owed: 'moves the next start',
    waiting: RUN_ENDS,
    checking: NOT_NOW,
    running: NOT_NOW,
    retention: NOT_NOW,
    'paused idle': 'moves the next start',
    'paused waiting': RUN_ENDS,
    'paused running': NOT_NOW,
  },
  // Without an incomplete snapshot; with one: commands.test.ts.
  accept: {
    idle: NOT_NOW,
    owed: NOT_NOW,
    waiting: NOT_NOW,
    checking: NOT_NOW,
    running: NOT_NOW,
    retention: NOT_NOW,
    'paused idle': NOT_NOW,
    'paused waiting': NOT_NOW,
    'paused running': NOT_NOW,
  },
  'accept-repository': {
    idle: 'starts a run',
    owed: 'starts a run',
    waiting: 'makes the next attempt',
    checking: 'is noted',
    running: 'is noted',
    retention: 'is noted',
    'paused idle': 'is noted',
    'paused waiting': 'is noted',
    'paused running': 'is noted',
  },
};

/** Who may move a debt. */
const MOVES_DEBT = new Set<keyof typeof TABLE>(['accept', 'accept-repository']);

const cells = (Object.keys(TABLE) as (keyof typeof TABLE)[]).flatMap((command) =>
  (Object.keys(STATES) as State[]).map((state) => ({ command, state, effect: TABLE[command][state] })),
);

test('the table has every command and every state', () => {
  expect(Object.keys(TABLE).toSorted()).toEqual([...PLAN_COMMANDS, 'the device appears'].toSorted());
  expect(cells).toHaveLength(Object.keys(STATES).length * (PLAN_COMMANDS.length + 1));
});

describe.each(Object.keys(STATES) as State[])('%s', (state) => {
  test.each(cells.filter((cell) => cell.state === state))(
    '$command: $effect',
    async ({ command, effect }) => {
      const house = new House();
      await STATES[state](house);
      // What is started goes on for a while, so that it can be seen.
      house.check.passes = true;
      house.check.takes = ms('10m');
      const before = { state: house.state, run: house.state.run, ends: house.ends.length };
      const stops = house.running;
      const answer = command === 'the device appears' ? await house.appears() : await house.asks(command);
      if (command === 'the device appears') await house.passes('1s');
      expect(answer.sentence).not.toBe('');
      expect(answer.accepted, answer.sentence).toBe(effect !== NOT_NOW);
      expect(effectOf(house, before, stops, command), answer.sentence).toBe(effect);
      expect(house.mostRunning).toBeLessThanOrEqual(1);
      if (!MOVES_DEBT.has(command)) expect(house.state.dueAt).toBe(before.state.dueAt);
      expect(house.state.lastSuccessAt).toBe(before.state.lastSuccessAt);
      expect(house.told.filter((alert) => alert !== 'gave-up')).toEqual([]);
      // However it ends, the plan goes on: in the end there is a good backup.
      if (house.state.paused !== null) await house.asks('resume');
      Object.assign(house.restic, { ends: 'succeeded', takes: 0, retention: 0 });
      await house.passes('60h');
      expect(house.ends.at(-1)).toBe('succeeded');
      expect(house.state.run).toBeNull();
    },
  );
});

/** What was seen to happen. */
function effectOf(
  house: House,
  before: { state: PlanState; run: PlanState['run']; ends: number },
  running: number,
  command: keyof typeof TABLE,
): Effect {
  const { run, paused, nextAttemptAt } = house.state;
  const was = before.state;
  if (before.run === null && run !== null) return 'starts a run';
  if (before.run?.phase === 'waiting' && run !== null && run.attempt === before.run.attempt + 1) {
    return 'makes the next attempt';
  }
  if (before.run !== null && run === null) return running > 0 ? STOPS : RUN_ENDS;
  if (paused !== null && was.paused === null) return 'pauses';
  if (paused === null && was.paused !== null) return 'goes on';
  if (command === 'pause' && paused?.since === was.paused?.since) return 'moves the end of the pause';
  if (command === 'cancel' && before.run?.phase === 'retention') return 'stops what follows the backup';
  if (nextAttemptAt !== was.nextAttemptAt && command === 'skip') return 'moves the next start';
  const isNoted =
    (command === 'the device appears' &&
      house.state.lastDeviceAt !== was.lastDeviceAt &&
      nextAttemptAt === was.nextAttemptAt) ||
    (command === 'accept-repository' && house.repositoryAccepted === 1);
  const isDeviceIdle = command === 'the device appears' && before.run === null && was.paused === null;
  return isNoted && !isDeviceIdle ? 'is noted' : NOT_NOW;
}
