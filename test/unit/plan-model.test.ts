import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PLAN_COMMANDS } from '../../src/lib/plan/commands.ts';
import type { PlanState } from '../../src/lib/plan/state.ts';
import type { PlanWishes, ResticEnd } from './fake-house.ts';
import { House, ms, policy } from './fake-house.ts';

// A house in which anything may happen in any order, and what must hold whatever happens.

const NUMBER_OF_LIVES = 3000;
const SHORTEST_DELAY_MS = ms('5m');

/** Something that happens in the life of a plan. */
interface Happening {
  readonly name: string;
  happen(watch: Watch): Promise<void> | void;
}

/** A house and what was seen of it so far. */
class Watch {
  readonly house: House = new House('2028-05-01T12:00:00Z');
  skips = 0;
  /** The clock was put back and nobody looked at it since: what waits will be brought forward. */
  private isClockPutBack = false;
  private lastSuccessAt = 0;
  private revision = 0;
  private readonly attempts = new Map<string, number>();
  private seen = 0;

  /** What must hold at every moment. */
  check(): void {
    const { house } = this;
    expect(house.mostRunning).toBeLessThanOrEqual(1);
    for (const { port, backup } of house.sent.slice(this.seen)) {
      if ((port !== 'run' && port !== 'try-again') || backup.run === null) continue;
      const before = this.attempts.get(backup.run) ?? 0;
      expect(backup.attempt, 'attempts of a run only grow').toBeGreaterThanOrEqual(before);
      this.attempts.set(backup.run, backup.attempt);
    }
    this.seen = house.sent.length;
    expect(new Set(house.resticStarts).size, 'one restic an attempt').toBe(house.resticStarts.length);
    if (!house.isDeployed) return;
    const { state } = house;
    const successAt = state.lastSuccessAt === null ? 0 : Date.parse(state.lastSuccessAt);
    expect(successAt, 'a success is never moved back').toBeGreaterThanOrEqual(this.lastSuccessAt);
    expect(state.revision).toBeGreaterThanOrEqual(this.revision);
    this.lastSuccessAt = successAt;
    this.revision = state.revision;
    checkShape(state);
  }

  /** The process dies; what the journal could not write is forgotten. */
  async dies(): Promise<void> {
    const { house } = this;
    if (!house.isDeployed) return;
    const before = house.state;
    const isWritten = house.disk.has('photos') && house.journalled.revision === before.revision;
    house.dies();
    if (!isWritten) {
      this.lastSuccessAt = 0;
      this.revision = 0;
      this.attempts.clear();
      // An attempt that nobody remembers is made again under its number.
      house.resticStarts.length = 0;
    }
    await house.deploys();
    const after = house.state;
    const { run } = before;
    const now = house.clock.now();
    const limit = run === null ? null : Date.parse(run.startedAt) + (house.policy.timeLimitMs ?? Infinity);
    const moments = [
      Date.parse((before.paused === null ? before.nextAttemptAt : before.paused.until) ?? ''),
      Date.parse(run?.nextSlotAt ?? ''),
      limit ?? NaN,
    ];
    const isAtRest = (run === null || run.phase === 'waiting') && !moments.some((moment) => moment <= now);
    const isQuiet = isAtRest && !this.isClockPutBack;
    if (isWritten && isQuiet) expect(remembered(after)).toEqual(remembered(before));
    this.isClockPutBack = false;
  }

  jumps(duration: number): void {
    this.house.clock.jump(duration);
    if (duration < 0) this.isClockPutBack = true;
  }

  /** Time goes by, and nothing may be tried faster than the policy says. */
  async passes(duration: number): Promise<void> {
    const { house } = this;
    const before = house.handedOutAt.length;
    await house.clock.pass(duration);
    if (duration >= ms('1m')) this.isClockPutBack = false;
    const most = 3 + duration / SHORTEST_DELAY_MS;
    expect(house.handedOutAt.length - before, 'no hot loop').toBeLessThanOrEqual(most);
  }
}

function remembered(state: PlanState): Partial<PlanState> {
  const { dueAt, nextAttemptAt, lastSuccessAt, lastSuccess, lastPartial, pending, paused, run, alerts } =
    state;
  return { dueAt, nextAttemptAt, lastSuccessAt, lastSuccess, lastPartial, pending, paused, run, alerts };
}

function checkShape(state: PlanState): void {
  const { run, pending, nextAttemptAt, waitingFor } = state;
  expect(state.history.length).toBeLessThanOrEqual(50);
  if (run?.phase === 'waiting') {
    expect(pending).not.toBeNull();
    expect(nextAttemptAt).toBe(pending?.at);
    expect(pending?.attempt).toBe(run.attempt + 1);
  } else expect(pending).toBeNull();
  if (run !== null && run.phase !== 'waiting') {
    expect(nextAttemptAt).toBeNull();
    expect(waitingFor).toBeNull();
  } else expect(waitingFor).not.toBeNull();
}

const duration = fc.constantFrom('1s', '1m', '10m', '1h', '5h', '11h').map(ms);
const ends = fc.constantFrom<ResticEnd>(
  'succeeded',
  'partial',
  'unverified',
  'ghost',
  'cancelled',
  'hangs',
  'network',
  'auth',
  'source-missing',
);

function happening<T>(
  name: string,
  values: fc.Arbitrary<T>,
  happen: (watch: Watch, value: T) => Promise<unknown> | void,
): fc.Arbitrary<Happening> {
  return values.map((value) => ({
    name: `${name} ${JSON.stringify(value) ?? ''}`.trim(),
    async happen(watch) {
      await happen(watch, value);
    },
  }));
}

const wishes: fc.Arbitrary<PlanWishes> = fc.record({
  every: fc.constantFrom('6h', '24h'),
  settle: fc.constantFrom('0', '30s'),
  jitter: fc.constantFrom('0', '10m'),
  minimumGap: fc.constantFrom('0', '1h'),
  catchUp: fc.boolean(),
  deviceStarts: fc.constantFrom('when-owed', 'always'),
});
const cronWishes = wishes.map(({ every: _every, ...rest }) => ({
  ...rest,
  cron: '0 */6 * * *',
  timeZone: 'Europe/Berlin',
}));
const anyWishes: fc.Arbitrary<PlanWishes> = fc.oneof(wishes, cronWishes);

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 5, arbitrary: happening('passes', duration, (watch, time) => watch.passes(time)) },
  {
    weight: 4,
    arbitrary: happening('asks', fc.constantFrom(...PLAN_COMMANDS), async (watch, command) => {
      const { house } = watch;
      if (command === 'skip') watch.skips += 1;
      if (house.isDeployed) await house.asks(command, { pauseMs: ms('8h') });
    }),
  },
  {
    weight: 2,
    arbitrary: happening('appears', fc.constant(null), async ({ house }) => {
      if (house.isDeployed) await house.appears();
    }),
  },
  happening('vanishes', fc.constant(null), ({ house }) => {
    if (house.isDeployed) house.vanishes();
  }),
  happening('clock jumps by days', fc.constantFrom(-400, -1, 0.2, 3, 400), (watch, days) =>
    watch.jumps(days * ms('1d')),
  ),
  {
    weight: 3,
    arbitrary: happening('restic ends', ends, ({ house }, end) => void (house.restic.ends = end)),
  },
  {
    weight: 2,
    arbitrary: happening(
      'check passes',
      fc.boolean(),
      ({ house }, passes) => void (house.check.passes = passes),
    ),
  },
  happening(
    'check takes',
    fc.constantFrom('0', '2m', '3h'),
    ({ house }, time) => void (house.check.takes = ms(time)),
  ),
  happening(
    'restic takes',
    fc.constantFrom('0', '2m', '7h'),
    ({ house }, time) => void (house.restic.takes = ms(time)),
  ),
  happening(
    'retention takes',
    fc.constantFrom('0', '20m'),
    ({ house }, time) => void (house.restic.retention = ms(time)),
  ),
  happening(
    'eats',
    fc.constantFrom('backup-plan', 'precondition-check', 'restic-run'),
    ({ house }, node) => void house.eaten.add(node),
  ),
  happening('eats no more', fc.constant(null), ({ house }) => house.eaten.clear()),
  happening('copies', fc.constantFrom(1, 3), ({ house }, copies) => void (house.copies = copies)),
  happening('journal fails', fc.boolean(), ({ house }, fails) => void (house.journalFails = fails)),
  happening(
    'repository answers',
    fc.boolean(),
    ({ house }, answers) => void (house.repositoryAnswers = answers),
  ),
  { weight: 2, arbitrary: happening('dies', fc.constant(null), (watch) => watch.dies()) },
  happening('is redeployed', fc.constant(null), ({ house }) => house.redeploys()),
  happening('is edited', anyWishes, ({ house }, changed) => house.redeploys(changed)),
  happening('loses or gets its gate', fc.boolean(), async ({ house }, hasGate) => {
    house.hasGate = hasGate;
    await house.redeploys();
  }),
  happening('is removed', fc.constant(null), ({ house }) => house.removed()),
);

const policies = fc.record({
  giveUpAtNextSlot: fc.boolean(),
  failureBudget: fc.constantFrom(null, 0, 2),
  waitBudget: fc.constantFrom(null, 1),
  timeLimitMs: fc.constantFrom(null, ms('8h')),
  jitter: fc.constantFrom(0, 0.5),
});

test('whatever happens, no two backups run at once, no success is moved back, nothing is hot and nothing is stuck', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyWishes,
      policies,
      fc.array(happenings, { maxLength: 25 }),
      async (plan, rules, life) => {
        const watch = new Watch();
        const { house } = watch;
        house.policy = policy(rules);
        await house.plan(plan);
        watch.check();
        for (const event of life) {
          await event.happen(watch);
          watch.check();
        }
        await everythingIsWell(watch);
      },
    ),
    { numRuns: NUMBER_OF_LIVES, interruptAfterTimeLimit: 300_000, markInterruptAsFailure: true },
  );
}, 320_000);

/** When all trouble is over the next slot brings a good backup, and the plan is at rest. */
async function everythingIsWell(watch: Watch): Promise<void> {
  const { house } = watch;
  house.restic.ends = 'succeeded';
  house.restic.takes = 0;
  house.restic.retention = 0;
  house.check.passes = true;
  house.check.takes = 0;
  house.eaten.clear();
  house.copies = 1;
  house.journalFails = false;
  house.repositoryAnswers = true;
  house.hasGate = true;
  await house.redeploys();
  await house.asks('resume');
  // A restic that hangs is stopped by a person.
  if (house.running > 0) await house.asks('cancel');
  watch.check();
  const before = successes(house);
  for (let tries = 0; tries < 4 && successes(house) === before; tries += 1) {
    const { run, nextAttemptAt } = house.state;
    if (run === null) {
      const wait = Date.parse(nextAttemptAt ?? '') - house.clock.now();
      expect(wait, 'the next attempt is a few slots away').toBeLessThan((2 + watch.skips) * ms('26h'));
      if (wait > 0) house.clock.jump(Math.max(0, wait - ms('1m')));
    }
    await watch.passes(ms(run === null ? '5m' : '2h'));
    watch.check();
  }
  expect(successes(house), 'good backups go on').toBeGreaterThan(before);
  // What was announced may have been an earlier run, whose own message was eaten; the present one ends as well.
  if (house.state.run !== null) await watch.passes(ms('2h'));
  expect(house.state.run).toBeNull();
  expect(house.running).toBe(0);
}

function successes(house: House): number {
  return house.ends.filter((end) => end === 'succeeded').length;
}
