import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FAILURE_CLASSES } from '../../src/lib/failure.ts';
import { PLAN_COMMANDS } from '../../src/lib/plan/commands.ts';
import type { PlanWishes, ResticEnd } from '../unit/fake-house.ts';
import { ms, policy } from '../unit/fake-house.ts';
import { seedOfRun } from './chance.ts';
import { count, note } from './counts.ts';
import type { Disk, Store } from './model-house.ts';
import { FaultyHouse } from './model-house.ts';
import type { Licence } from './model-watch.ts';
import { Watch } from './model-watch.ts';

// Whole lives of a plan in which anything may happen in any order, on the real domain with a clock that is moved by
// hand; what must hold at every moment is in model-watch.ts. A life that fails is shrunk to the few events that matter.
// LIVES: how many; SEED repeats them.

const LIVES = Number(process.env['LIVES'] ?? 2000);
const LIMIT_MS = Math.max(600_000, LIVES * 400);
const SEED = seedOfRun();

/** Evenings before the clocks change, and one on which they do not. */
const EVENINGS = [
  ['Europe/Berlin', '2028-03-25T20:00:00Z'],
  ['Europe/Berlin', '2028-10-28T20:00:00Z'],
  ['America/New_York', '2028-03-11T20:00:00Z'],
  ['America/New_York', '2028-11-04T20:00:00Z'],
  ['Australia/Lord_Howe', '2028-04-01T10:00:00Z'],
  ['Australia/Lord_Howe', '2028-09-30T10:00:00Z'],
  // Later years have no changes in newer tables of zones.
  ['Africa/Casablanca', '2026-02-14T20:00:00Z'],
  ['Africa/Casablanca', '2026-03-21T20:00:00Z'],
  ['UTC', '2028-05-01T12:00:00Z'],
] as const;
const ZONES = [...new Set(EVENINGS.map(([zone]) => zone))];

/** Something that happens in the life of a plan; told in words when a life fails. */
interface Happening {
  happen(watch: Watch): Promise<void> | void;
  [fc.toStringMethod](): string;
}

function happening<T>(
  tell: (value: T) => string,
  values: fc.Arbitrary<T>,
  happen: (watch: Watch, value: T) => unknown,
  options: Licence & { weight?: number; takesTime?: boolean } = {},
): fc.WeightedArbitrary<Happening> {
  const { weight = 1, takesTime = false, ...licence } = options;
  const arbitrary = values.map<Happening>((value) => ({
    async happen(watch) {
      if (takesTime) await happen(watch, value);
      else await watch.during(async () => void (await happen(watch, value)), licence);
    },
    [fc.toStringMethod]: () => tell(value),
  }));
  return { weight, arbitrary };
}

const nothing = fc.constant(null);

const timed: fc.Arbitrary<PlanWishes> = fc.oneof(
  fc.record({ every: fc.constantFrom('6h', '24h') }),
  fc.record({
    cron: fc.constantFrom('0 */6 * * *', '30 2 * * *', '45 1 * * *', '15 2 * * *'),
    timeZone: fc.constantFrom(...ZONES),
  }),
  fc.record({ byEventOnly: fc.constant(true) }),
);
const anyWishes: fc.Arbitrary<PlanWishes> = fc
  .tuple(
    timed,
    fc.record({
      settle: fc.constantFrom('0', '30s'),
      jitter: fc.constantFrom('0', '10m'),
      minimumGap: fc.constantFrom('0', '1h'),
      catchUp: fc.boolean(),
      latenessPerDrive: fc.boolean(),
      deviceStarts: fc.constantFrom('when-owed', 'always', 'nothing'),
    }),
  )
  .map(([when, rest]) => ({ ...when, ...rest }));

const policies = fc.record({
  giveUpAtNextSlot: fc.boolean(),
  failureBudget: fc.constantFrom(null, 0, 2),
  waitBudget: fc.constantFrom(null, 1),
  timeLimitMs: fc.constantFrom(null, ms('8h')),
  jitter: fc.constantFrom(0, 0.5),
});

const resticEnds = fc.constantFrom<ResticEnd>(
  'succeeded',
  'partial',
  'unverified',
  'ghost',
  'cancelled',
  'hangs',
  // restic knows nothing of power.
  ...FAILURE_CLASSES.filter((name) => name !== 'power-up-failed'),
);

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  happening(
    (time) => `${time} go by`,
    fc.constantFrom('1s', '1m', '10m', '1h', '5h', '11h', '26h'),
    (watch, time) => watch.passes(ms(time)),
    { weight: 6, takesTime: true },
  ),
  happening(
    (time) => `the machine sleeps for ${time}`,
    fc.constantFrom('2h', '1d', '3d', '25d'),
    (watch, time) => watch.sleeps(ms(time)),
    { weight: 2, takesTime: true },
  ),
  happening(
    (days) => `the clock jumps by ${days} days`,
    fc.constantFrom(-365, -1, -0.04, 0.04, 1, 365),
    (watch, days) => {
      // Before 2026 a clock is held not to be set at all.
      if (watch.house.clock.now() + days * ms('1d') > Date.UTC(2026, 1)) watch.jumps(days * ms('1d'));
    },
  ),
  happening(
    (command) => `somebody asks: ${command}`,
    fc.constantFrom(...PLAN_COMMANDS.filter((name) => !name.startsWith('accept'))),
    async ({ house }, command) => {
      if (house.isDeployed) await house.asks(command, { pauseMs: ms('8h') });
    },
    { weight: 4 },
  ),
  happening(
    (command) => `somebody asks: ${command}`,
    fc.constantFrom('accept', 'accept-repository'),
    async ({ house }, command) => {
      if (house.isDeployed) await house.asks(command);
    },
    { weight: 2, movesDebt: 'always' },
  ),
  happening(
    () => 'the drive appears',
    nothing,
    ({ house }) => house.isDeployed && house.appears(),
    {
      weight: 3,
    },
  ),
  happening(
    () => 'the drive vanishes',
    nothing,
    ({ house }) => house.isDeployed && house.vanishes(),
  ),
  happening(
    (times) => `the drive flickers ${times} times`,
    fc.constantFrom(3, 100),
    async ({ house }, times) => {
      for (let time = 0; time < times && house.isDeployed; time += 1) {
        house.vanishes();
        await house.appears();
      }
    },
    { isStorm: true },
  ),
  happening(
    (times) => `a flow asks ${times} times for a run`,
    fc.constantFrom(2, 200),
    async ({ house }, times) => {
      for (let time = 0; time < times && house.isDeployed; time += 1) await house.asks('run');
    },
    { isStorm: true },
  ),
  happening(
    (id) => `another drive is connected: ${id}`,
    fc.constantFrom('drive-1', 'drive-2', 'drive-3'),
    ({ house }, id) => (house.repositoryId = id),
  ),
  happening(
    (end) => `from now on restic ends: ${end}`,
    resticEnds,
    ({ house }, end) => (house.restic.ends = end),
    { weight: 5 },
  ),
  happening(
    (passes) => `from now on the check ${passes ? 'passes' : 'says no'}`,
    fc.boolean(),
    ({ house }, passes) => (house.check.passes = passes),
    { weight: 2 },
  ),
  happening(
    (time) => `checks take ${time}`,
    fc.constantFrom('0', '2m', '3h'),
    ({ house }, time) => (house.check.takes = ms(time)),
  ),
  happening(
    (time) => `backups take ${time}`,
    fc.constantFrom('0', '2m', '7h'),
    ({ house }, time) => (house.restic.takes = ms(time)),
  ),
  happening(
    (time) => `what follows a backup takes ${time}`,
    fc.constantFrom('0', '20m'),
    ({ house }, time) => (house.restic.retention = ms(time)),
  ),
  happening(
    (fails) => `what follows a backup ${fails ? 'fails' : 'goes well'}`,
    fc.boolean(),
    ({ house }, fails) =>
      (house.maintenance = fails
        ? { ok: false, step: 'forget', steps: [], removed: 0, reason: 'a lock' }
        : undefined),
  ),
  happening(
    (node) => `a filter eats what comes from ${node}`,
    fc.constantFrom('backup-plan', 'precondition-check', 'restic-run'),
    ({ house }, node) => house.eaten.add(node),
  ),
  happening(
    () => 'nothing is eaten any more',
    nothing,
    ({ house }) => house.eaten.clear(),
  ),
  happening(
    (copies) => `${copies} copies of each message travel`,
    fc.constantFrom(1, 3),
    ({ house }, copies) => (house.copies = copies),
  ),
  happening(
    (disk) => `the journal's disk ${disk}`,
    fc.constantFrom<Disk>('works', 'fails', 'fails now and then'),
    ({ house }, disk) => (house.disk_ = disk),
  ),
  happening(
    (store) => `the context store ${store}`,
    fc.constantFrom<Store>('works', 'throws', 'answers late', 'is full of nonsense'),
    ({ house }, store) => (house.store = store),
  ),
  happening(
    (answers) => `the repository ${answers ? 'answers' : 'does not answer'}`,
    fc.boolean(),
    ({ house }, answers) => (house.repositoryAnswers = answers),
  ),
  happening(
    (comes) => `the drive ${comes ? 'comes' : 'does not come'} when it is switched on`,
    fc.boolean(),
    ({ house }, comes) => {
      house.getsPlug();
      if (house.plug !== undefined) house.plug.driveComes = comes;
      house.plug?.inVain.clear();
      return house.isDeployed ? house.redeploys() : undefined;
    },
    { weight: 2 },
  ),
  happening(
    (echoes) => `the plug ${echoes ? 'repeats' : 'does not repeat'} what it was told`,
    fc.boolean(),
    ({ house }, echoes) => house.plug && (house.plug.echoes = echoes),
  ),
  happening(
    () => 'Node-RED dies and starts',
    nothing,
    (watch) => watch.dies(),
    { weight: 2 },
  ),
  happening(
    (content) => `Node-RED dies, its journal ${content}, and it starts`,
    fc.constantFrom('is gone', 'is cut off'),
    (watch, content) =>
      watch.dies(() => {
        const { disk } = watch.house;
        if (content === 'is gone') disk.clear();
        else disk.set('photos', (disk.get('photos') ?? '').slice(0, 100));
      }),
  ),
  happening(
    () => 'everything is deployed again',
    nothing,
    ({ house }) => house.redeploys(),
  ),
  happening(
    (wishes) => `the plan is edited: ${JSON.stringify(wishes)}`,
    anyWishes,
    ({ house }, wishes) => house.redeploys(wishes),
    { weight: 2, movesDebt: 'before it began' },
  ),
  happening(
    (hasGate) => (hasGate ? 'the plan has a gate' : 'the plan loses its gate'),
    fc.boolean(),
    async ({ house }, hasGate) => {
      house.hasGate = hasGate;
      await house.redeploys();
    },
  ),
  happening(
    () => 'the plan is removed',
    nothing,
    ({ house }) => house.removed(),
  ),
);

test(
  'whatever happens, what was promised holds',
  async () => {
    let lives = 0;
    let events = 0;
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...EVENINGS),
          anyWishes,
          policies,
          fc.array(happenings, { maxLength: 30, size: 'max' }),
          async ([, evening], wishes, rules, life) => {
            const watch = new Watch(new FaultyHouse(evening));
            watch.house.policy = policy(rules);
            await watch.house.plan(wishes);
            watch.check();
            for (const event of life) await event.happen(watch);
            await everythingIsWell(watch);
            lives += 1;
            events += life.length;
          },
        ),
        { numRuns: LIVES, seed: SEED, interruptAfterTimeLimit: LIMIT_MS, markInterruptAsFailure: true },
      );
    } finally {
      note(`${lives} lives of a plan (SEED=${SEED})`);
      count(3, `lives of a plan with ${events} events`, LIVES, lives < LIVES ? 1 : 0);
    }
  },
  LIMIT_MS + 60_000,
);

/** When all trouble is over the next slot brings a good backup, and the plan is at rest. */
async function everythingIsWell(watch: Watch): Promise<void> {
  const { house } = watch;
  house.restic.ends = 'succeeded';
  house.restic.takes = 0;
  house.restic.retention = 0;
  house.maintenance = undefined;
  house.check.passes = true;
  house.check.takes = 0;
  house.eaten.clear();
  house.copies = 1;
  house.disk_ = 'works';
  house.store = 'works';
  house.repositoryAnswers = true;
  house.hasGate = true;
  if (house.plug !== undefined) house.plug.driveComes = true;
  await house.redeploys();
  await watch.passes(ms('10s'));
  await house.asks('resume');
  // A restic that hangs is stopped by a person; a plug that was of no use is left alone until the next run.
  if (house.running > 0 || house.plug !== undefined) await house.asks('cancel');
  watch.check({ movesDebt: 'before it began' });
  const before = successes(house);
  for (let tries = 0; tries < 6 && successes(house) === before; tries += 1) {
    const { run, nextAttemptAt } = house.state;
    if (run === null && nextAttemptAt === null) await house.asks('run');
    else if (run === null) {
      const wait = Date.parse(nextAttemptAt ?? '') - house.clock.now();
      if (wait > ms('1m')) house.clock.jump(wait - ms('1m'));
    }
    // So long that what was asked for in a storm is over, whatever the clock did.
    await watch.passes(ms(run === null && nextAttemptAt !== null ? '5m' : '2h'));
  }
  expect(successes(house), 'good backups go on').toBeGreaterThan(before);
  if (house.state.run !== null) await watch.passes(ms('2h'));
  expect(house.state.run, 'the plan is at rest').toBeNull();
  expect(house.running).toBe(0);
  watch.checkNobodyWaits();
}

function successes(house: FaultyHouse): number {
  return house.ends.filter((end) => end === 'succeeded').length;
}
