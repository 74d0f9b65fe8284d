import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Alert, Severity } from '../../src/lib/alerts/alert.ts';
import { SEVERITIES } from '../../src/lib/alerts/alert.ts';
import { DEFAULT_TIERS, parseThreshold, type Tiers } from '../../src/lib/alerts/tiers.ts';
import type { ResticEnd } from './fake-house.ts';
import { House, ms, policy } from './fake-house.ts';

const TIERS = Object.fromEntries(
  Object.entries(DEFAULT_TIERS).map(([tier, text]) => [tier, parseThreshold(text)]),
) as unknown as Tiers;

interface Happening {
  readonly name: string;
  happen(house: House): Promise<unknown> | void;
}

function happening<T>(
  name: string,
  values: fc.Arbitrary<T>,
  happen: (house: House, value: T) => Promise<unknown> | void,
): fc.Arbitrary<Happening> {
  return values.map((value) => ({
    name: `${name} ${JSON.stringify(value) ?? ''}`.trim(),
    happen: (house) => happen(house, value),
  }));
}

const nothing = fc.constant(undefined);

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: happening('passes', fc.constantFrom('1m', '20m', '5h', '30h', '4d'), (house, time) =>
      house.passes(time),
    ),
  },
  happening('sleeps', fc.constantFrom('1h', '2d', '20d'), (house, time) => house.sleeps(time)),
  happening('clock jumps by days', fc.constantFrom(-400, -2, 5), ({ clock }, days) =>
    clock.jump(days * ms('1d')),
  ),
  {
    weight: 3,
    arbitrary: happening('drive is there', fc.boolean(), ({ check }, there) => void (check.passes = there)),
  },
  {
    weight: 3,
    arbitrary: happening(
      'restic ends',
      fc.constantFrom<ResticEnd>('succeeded', 'partial', 'network', 'auth', 'disk-full', 'hangs'),
      ({ restic }, ends) => void (restic.ends = ends),
    ),
  },
  happening('a guard holds back', fc.boolean(), (house, holds) => void (house.heldBack = holds)),
  {
    weight: 2,
    arbitrary: happening(
      'asks',
      fc.constantFrom('run', 'pause', 'resume', 'skip', 'cancel', 'accept'),
      (house, command) => house.asks(command, { pauseMs: ms('3d') }),
    ),
  },
  {
    weight: 2,
    arbitrary: happening('dies and is restarted', fc.constantFrom('0', '3d'), (house, after) =>
      house.restarts(after),
    ),
  },
  happening('is redeployed', nothing, (house) => house.redeploys()),
  happening('loses or gets its gate', fc.boolean(), async (house, hasGate) => {
    house.hasGate = hasGate;
    await house.redeploys();
  }),
  happening('loses or gets its alert wire', fc.boolean(), async (house, hears) => {
    house.hearsAlerts = hears;
    await house.redeploys();
  }),
  happening('quiet hours', fc.boolean(), (house, quiet) => {
    house.alertPolicy = { ...house.alertPolicy, quiet: quiet ? { from: 22 * 60, to: 7 * 60 } : null };
  }),
);

/** What was told, held against what a person would be angry about. */
function checkTold(alerts: readonly Alert[]): void {
  let inTrouble: string[] = [];
  let tier: Severity | undefined;
  for (const { kind, severity, text } of alerts) {
    if (kind === 'recovered') {
      expect(inTrouble, 'over is only what was told').not.toEqual([]);
      inTrouble = [];
      tier = undefined;
      continue;
    }
    if (kind === 'paused') continue;
    if (kind === 'late') {
      const rises = tier === undefined || SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(tier);
      expect(rises, `${severity} after ${tier}: each tier once, and only upwards`).toBe(true);
      tier = severity;
    }
    const cause = kind === 'gave-up' ? `${kind} ${severity} ${text}` : `${kind} ${severity}`;
    expect(inTrouble, 'each thing once').not.toContain(cause);
    inTrouble.push(cause);
  }
}

async function everythingIsWell(house: House): Promise<void> {
  Object.assign(house.restic, { ends: 'succeeded', takes: 0, retention: 0 });
  house.check.passes = true;
  house.hasGate = true;
  house.hearsAlerts = true;
  house.alertPolicy = { ...house.alertPolicy, quiet: null };
  await house.redeploys();
  await house.asks('resume');
  await house.asks('cancel');
  await house.passes('20m');
  await house.asks('run');
  await house.passes('1h');
}

test('whatever happens, each tier and each cause is told once, and its end exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('6h', '24h'),
      fc.array(happenings, { maxLength: 20 }),
      async (every, life) => {
        const house = new House();
        house.alertPolicy = { ...house.alertPolicy, tiers: TIERS };
        house.policy = policy({ failureBudget: 1, giveUpAtNextSlot: true });
        await house.plan({ every });
        for (const event of life) {
          await event.happen(house);
          checkTold(house.alerts);
        }
        await everythingIsWell(house);
        checkTold(house.alerts);
        expect(house.state.alerts.troubles, 'no trouble stays open').toEqual({});
        expect(house.state.alerts.pending, 'nothing stays unsaid').toEqual([]);
        const last = house.alerts.findLast(({ kind }) => kind !== 'paused');
        expect(last?.kind ?? 'recovered', 'who was told of trouble hears that it is over').toBe('recovered');
      },
    ),
    { numRuns: 300 },
  );
}, 600_000);
