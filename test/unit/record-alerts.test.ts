import { describe, expect, test } from 'vitest';
import { DEFAULT_TIERS, parseThreshold, type Tiers } from '../../src/lib/alerts/tiers.ts';
import { House, ms, planSettings } from './fake-house.ts';

/** The tiers that the dialog starts with. */
const TIERS = Object.fromEntries(
  Object.entries(DEFAULT_TIERS).map(([tier, text]) => [tier, parseThreshold(text)]),
) as unknown as Tiers;

/** A daily plan whose gate speaks as the dialog's defaults say; its first backup is made at noon. */
async function daily(wishes: Parameters<House['plan']>[0] = {}): Promise<House> {
  const house = new House();
  house.alertPolicy = { ...house.alertPolicy, tiers: TIERS };
  await house.plan(wishes);
  return house;
}

function leaves(house: House): void {
  house.check.passes = false;
  house.check.reason = 'The drive is not mounted.';
}

function returns(house: House): void {
  house.check.passes = true;
}

describe('a drive that is away', () => {
  test('two weeks of holiday are one info, one warning, one critical and one recovered', async () => {
    const house = await daily();
    leaves(house);
    await house.passes('14d');
    expect(house.told).toEqual(['late info', 'late warning', 'late critical']);
    returns(house);
    await house.passes('2d');
    expect(house.told).toEqual(['late info', 'late warning', 'late critical', 'recovered']);
  });

  test.each([
    ['info', '47h'],
    ['warning', '95h'],
    ['critical', '191h'],
  ] as const)('%s speaks after its share of the rhythm, and not before', async (tier, before) => {
    const house = await daily();
    leaves(house);
    await house.passes(before);
    expect(house.told).not.toContain(`late ${tier}`);
    await house.passes('2h');
    expect(house.told).toContain(`late ${tier}`);
  });

  test('a hundred looks that find nothing alarm nobody by themselves', async () => {
    const house = await daily();
    leaves(house);
    await house.passes('47h');
    expect(house.state.history.filter(({ outcome }) => outcome === 'blocked').length).toBe(50);
    expect(house.told).toEqual([]);
  });

  test('the message says since when, why, what to do, and what can be answered', async () => {
    const house = await daily();
    leaves(house);
    await house.passes('49h');
    const { message, backup } = house.sent.findLast(({ port }) => port === 'alert') ?? {};
    expect(message?.['topic']).toBe('Photos: no good backup for 2 days');
    expect(message?.['payload']).toContain('The drive is not mounted.');
    expect(message?.['payload']).toContain('Plug the drive in');
    expect(backup?.alert).toMatchObject({
      kind: 'late',
      severity: 'info',
      since: '2026-11-24T12:00:00.000Z',
      plans: [{ plan: 'photos', name: 'Photos' }],
    });
    expect(backup?.alert?.answers.map(({ id }) => id)).toEqual([
      'lastgood/run/photos',
      'lastgood/pause=1d/photos',
      'lastgood/skip/photos',
    ]);
  });

  test('who comes home after two weeks hears only of the worst, and only if the drive does not come either', async () => {
    const house = await daily();
    leaves(house);
    await house.sleeps('14d');
    await house.passes('10m');
    expect(house.told).toEqual([]);
    await house.passes('20m');
    expect(house.told).toEqual(['late critical']);
    const lucky = await daily();
    leaves(lucky);
    await lucky.sleeps('14d');
    returns(lucky);
    await lucky.passes('2d');
    expect(lucky.told).toEqual([]);
  });

  test.each(['49h', '97h', '220h'])('a restart after %s repeats nothing', async (away) => {
    const house = await daily();
    leaves(house);
    await house.passes(away);
    const told = [...house.told];
    expect(told.length).toBeGreaterThan(0);
    for (let restart = 0; restart < 3; restart += 1) {
      await house.restarts('1m');
      await house.passes('1h');
    }
    expect(house.told).toEqual(told);
    returns(house);
    await house.passes('2d');
    expect(house.told).toEqual([...told, 'recovered']);
  });

  test('a clock that is put back mutes nothing', async () => {
    const house = await daily();
    house.clock.jump(ms('365d'));
    await house.passes('1h');
    house.clock.jump(-ms('365d'));
    await house.passes('1h');
    leaves(house);
    await house.passes('15d');
    expect(house.told).toContain('late critical');
  });
});

test('the age counts while a run hangs', async () => {
  const house = await daily();
  house.restic.ends = 'hangs';
  await house.passes('14d');
  expect(house.running).toBe(1);
  expect(house.told).toEqual(['late info', 'late warning', 'late critical']);
});

describe('what no waiting heals', () => {
  test('is told at once and once, and its end', async () => {
    const house = new House();
    house.alertPolicy = { ...house.alertPolicy, tiers: TIERS };
    house.restic.ends = 'auth';
    await house.plan();
    expect(house.alerts).toMatchObject([{ kind: 'gave-up', severity: 'critical' }]);
    await house.passes('14d');
    expect(house.told).toEqual(['gave-up']);
    house.restic.ends = 'succeeded';
    await house.passes('2d');
    expect(house.told).toEqual(['gave-up', 'recovered']);
  });

  test('is told to who has only heard of lateness', async () => {
    const house = await daily();
    leaves(house);
    await house.passes('10d');
    house.restic.ends = 'disk-full';
    returns(house);
    await house.passes('3d');
    expect(house.told).toEqual(['late info', 'late warning', 'late critical', 'gave-up']);
    house.restic.ends = 'auth';
    await house.passes('3d');
    expect(house.told.slice(4)).toEqual(['gave-up']);
  });

  test('a backup that a guard holds back is critical, one with unreadable files waits for lateness', async () => {
    const house = new House();
    house.restic.ends = 'partial';
    await house.plan();
    expect(house.told).toEqual([]);
    house.heldBack = true;
    await house.passes('25h');
    expect(house.alerts).toMatchObject([{ kind: 'held-back', severity: 'critical' }]);
    expect(house.alerts[0]?.answers[0]?.id).toBe('lastgood/accept/photos');
    await house.asks('accept');
    expect(house.told).toEqual(['held-back', 'recovered']);
  });

  test('a last good snapshot that vanished is told at once', async () => {
    const house = await daily();
    house.record.attempts.lastGoodVanished('snapshot-run1/1', house.state.lastSuccessAt ?? '');
    await house.passes('1m');
    expect(house.alerts).toMatchObject([{ kind: 'snapshot-vanished', severity: 'critical' }]);
    await house.passes('1d');
    expect(house.told).toEqual(['snapshot-vanished', 'recovered']);
  });
});

describe('what follows a backup', () => {
  const step = (outcome: 'done' | 'failed', name: 'prune' | 'check' = 'check') => ({
    ok: outcome === 'done',
    step: name,
    steps: [
      {
        step: name,
        outcome,
        failureClass: outcome === 'done' ? null : ('corrupt' as const),
        reason: 'Damage.',
      },
    ],
    removed: 0,
    reason: '',
  });

  test('is a trouble of its own: the backups are good, and only the same step ends it', async () => {
    const house = new House();
    house.maintenance = step('failed');
    await house.plan();
    await house.passes('1d');
    expect(house.alerts).toMatchObject([{ kind: 'maintenance-failed', severity: 'critical' }]);
    house.maintenance = step('done', 'prune');
    await house.passes('1d');
    expect(house.told).toEqual(['maintenance-failed']);
    house.maintenance = step('done');
    await house.passes('1d');
    expect(house.told).toEqual(['maintenance-failed', 'recovered']);
  });
});

describe('a pause', () => {
  test('holds alerts, lateness counts on, and after it there is time for a backup first', async () => {
    const house = await daily();
    leaves(house);
    await house.asks('pause', { pauseMs: ms('10d') });
    await house.passes('9d');
    expect(house.told).toEqual([]);
    await house.passes('1d');
    await house.passes('10m');
    expect(house.told).toEqual([]);
    await house.passes('20m');
    expect(house.told).toEqual(['late critical']);
  });

  test('that has no end is mentioned every 30 days, one with an end never', async () => {
    const house = await daily({ startPaused: true });
    await house.passes('29d');
    expect(house.told).toEqual([]);
    await house.passes('63d');
    expect(house.told).toEqual(['paused', 'paused', 'paused']);
    const ending = await daily();
    await ending.asks('pause', { pauseMs: ms('90d') });
    await ending.passes('89d');
    expect(ending.told).toEqual([]);
  });

  test('what was not told before it was over is not told at all', async () => {
    const house = await daily();
    await house.asks('pause', { pauseMs: ms('5d') });
    await house.passes('1h');
    house.restic.ends = 'auth';
    await house.asks('run');
    expect(house.ends).toEqual(['succeeded', 'gave-up']);
    house.restic.ends = 'succeeded';
    await house.asks('run');
    expect(house.ends).toEqual(['succeeded', 'gave-up', 'succeeded']);
    await house.passes('6d');
    expect(house.told).toEqual([]);
  });
});

describe('quiet hours', () => {
  const around = (house: House, hours: number): void => {
    const local = new Date(house.clock.now());
    const minutes = local.getHours() * 60 + local.getMinutes();
    house.alertPolicy = {
      ...house.alertPolicy,
      quiet: { from: minutes, to: (minutes + hours * 60) % (24 * 60) },
    };
  };

  test('hold back what is not critical until they are over', async () => {
    const house = new House();
    around(house, 3);
    house.restic.ends = 'network';
    house.policy = { ...house.policy, failureBudget: 0 };
    await house.plan();
    await house.passes('2h');
    expect(house.told).toEqual([]);
    await house.passes('2h');
    expect(house.told).toEqual(['gave-up']);
  });

  test('do not hold back what is critical', async () => {
    const house = new House();
    around(house, 3);
    house.restic.ends = 'auth';
    await house.plan();
    expect(house.told).toEqual(['gave-up']);
  });
});

test('alerts wait until somebody has drawn a wire', async () => {
  const house = new House();
  house.hearsAlerts = false;
  house.restic.ends = 'auth';
  await house.plan();
  expect(house.told).toEqual([]);
  house.hearsAlerts = true;
  await house.redeploys();
  await house.passes('1m');
  expect(house.told).toEqual(['gave-up']);
});

describe('plans that wait for one drive', () => {
  const FIVE = ['music', 'mail', 'papers', 'videos'].map((key) => planSettings({ key, name: key }));

  async function five(gathers: boolean): Promise<House> {
    const house = new House();
    house.alertPolicy = { ...house.alertPolicy, tiers: TIERS, gathers };
    house.others = FIVE;
    await house.plan();
    leaves(house);
    return house;
  }

  test('are one alert that names them all', async () => {
    const house = await five(true);
    await house.passes('50h');
    expect(house.told).toEqual(['late info']);
    expect(house.alerts[0]?.plans.map(({ plan }) => plan).toSorted()).toEqual(
      ['photos', ...FIVE.map(({ key }) => key)].toSorted(),
    );
    expect(house.alerts[0]?.title).toBe('5 plans wait for the same drive');
    await house.passes('2d');
    expect(house.told).toEqual(['late info', 'late warning']);
    expect(house.alerts[1]?.plans).toHaveLength(5);
  });

  test('are still one after a restart in the middle', async () => {
    const house = await five(true);
    await house.passes('47h');
    await house.restarts('3d');
    await house.passes('1h');
    expect(house.told).toEqual(['late warning']);
    expect(house.alerts[0]?.plans).toHaveLength(5);
  });

  test('are told one by one where the gate says so', async () => {
    const house = await five(false);
    await house.passes('50h');
    expect(house.told).toEqual(Array.from({ length: 5 }, () => 'late info'));
  });

  test('an answer is for those that it names', async () => {
    const house = await five(true);
    await house.passes('50h');
    const [run] = house.alerts[0]?.answers ?? [];
    expect(run?.message.payload.plans).toHaveLength(5);
    expect(run?.id).toBe(`lastgood/run/${run?.message.payload.plans.join(',')}`);
  });
});
