import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { startTicksOf } from '../../src/lib/system-process.ts';
import { House, ms, planSettings, policy } from './fake-house.ts';

/** What must be the same after Node-RED died and was started again. */
function remembered(state: PlanState): Partial<PlanState> {
  const { dueAt, nextAttemptAt, lastSuccessAt, lastSuccess, lastPartialAt, pending, paused, run } = state;
  return { dueAt, nextAttemptAt, lastSuccessAt, lastSuccess, lastPartialAt, pending, paused, run };
}

describe('after kill -9', () => {
  test.each([
    ['idle', async (house: House) => house.plan()],
    [
      'waiting for a retry',
      async (house: House) => {
        house.restic.ends = 'network';
        await house.plan();
        await house.passes('20m');
      },
    ],
    [
      'waiting for the drive',
      async (house: House) => {
        house.check.passes = false;
        await house.plan();
        await house.passes('20m');
      },
    ],
    [
      'paused',
      async (house: House) => {
        await house.plan();
        await house.asks('pause');
      },
    ],
    [
      'given up',
      async (house: House) => {
        house.restic.ends = 'auth';
        await house.plan();
      },
    ],
    [
      'partial',
      async (house: House) => {
        house.restic.ends = 'partial';
        await house.plan();
      },
    ],
  ])('%s: debt, next attempt, successes and retry are what they were', async (_what, tell) => {
    const house = new House();
    await tell(house);
    const before = remembered(house.state);
    await house.restarts();
    expect(remembered(house.state)).toEqual(before);
    await house.restarts('1m');
    expect(remembered(house.state)).toEqual(before);
  });

  test('a retry whose time came while nobody was there is made at once, with its number', async () => {
    const house = new House();
    house.restic.ends = 'network';
    await house.plan();
    house.dies();
    house.clock.jump(ms('1h'));
    house.restic.ends = 'succeeded';
    await house.deploys();
    expect(house.resticStarts).toEqual(['run1/1', 'run1/2']);
  });

  test.each([
    ['handed out', (house: House) => house.eaten.add('backup-plan')],
    ['being checked', (house: House) => (house.check.takes = ms('1h'))],
    ['ready', (house: House) => house.eaten.add('precondition-check')],
    ['backing up', (house: House) => (house.restic.takes = ms('1h'))],
  ])('%s: attempted again at once, once for nothing', async (_what, prepare) => {
    const house = new House();
    house.policy = policy({ failureBudget: 1 });
    prepare(house);
    await house.plan();
    await house.passes('1m');
    await house.restarts();
    expect(house.state.run).toMatchObject({ id: 'run1', attempt: 2, failures: 0, freeRestartUsed: true });
    expect(house.state.history.at(-1)).toMatchObject({ attempt: 1, outcome: 'interrupted' });
    expect(house.state.lastInterruptedAt).toBe('2026-11-23T12:01:00.000Z');
    // The second time is a failure, and its retry waits as one.
    await house.passes('1m');
    await house.restarts();
    expect(house.state.run).toMatchObject({
      id: 'run1',
      attempt: 2,
      failures: 1,
      failureClass: 'interrupted',
    });
    expect(house.minutesUntil(house.state.pending?.at ?? null)).toBe(5);
    expect(house.state.lastFailureAt).toBeNull();
  });

  test('in retention: the success counts, the run is over, and a slot that was missed since is owed', async () => {
    const house = new House('2026-11-23T02:59:00Z');
    house.restic.retention = ms('5h');
    await house.plan({ cron: '0 3 * * *' });
    await house.passes('1h');
    expect(house.state.run?.phase).toBe('retention');
    house.dies();
    house.clock.jump(ms('30h'));
    await house.deploys();
    expect(house.ends[0]).toBe('succeeded');
    expect(house.at('run').at(-1)).toMatchObject({ run: 'run2', dueAt: '2026-11-24T03:00:00.000Z' });
  });

  test('with the outcome on its way to the gate: it is decided at the start', async () => {
    const house = new House();
    house.eaten.add('restic-run');
    house.restic.ends = 'network';
    await house.plan();
    expect(house.state.run?.phase).toBe('deciding');
    await house.restarts();
    expect(house.state.pending).toMatchObject({ attempt: 2, budget: 'failure', used: 1 });
  });

  test('whatever is on the disk at any moment leads to a good backup in the end', async () => {
    const first = new House();
    first.restic.ends = 'network';
    first.restic.takes = ms('1m');
    first.restic.retention = ms('1m');
    await first.plan({ every: '24h' });
    await first.passes('2m');
    first.check.passes = false;
    await first.passes('10m');
    first.check.passes = true;
    first.restic.ends = 'succeeded';
    await first.passes('1d');
    expect(first.written.length).toBeGreaterThan(20);
    for (const text of first.written) {
      const house = new House();
      house.clock.jump(ms('1d1h'));
      house.disk.set('photos', text);
      const { lastSuccessAt } = JSON.parse(text) as PlanState;
      await house.plan({ every: '24h' });
      await house.passes('3d');
      expect(house.mostRunning).toBe(1);
      expect(house.state.run).toBeNull();
      expect(house.state.lastSuccessAt).not.toBeNull();
      expect(Date.parse(house.state.lastSuccessAt ?? '')).toBeGreaterThan(
        Date.parse(lastSuccessAt ?? '') || 0,
      );
    }
  });
});

describe('a restic that outlived its Node-RED', () => {
  /** The process died in the middle of a backup; its restic, a real process, did not. */
  async function survived(): Promise<{ house: House; survivor: ChildProcess }> {
    const house = new House();
    house.restic.takes = ms('1h');
    await house.plan();
    house.dies();
    const survivor = spawn('sleep', ['1000']);
    const { pid = 0 } = survivor;
    const { run, ...state } = JSON.parse(house.disk.get('photos') ?? '') as PlanState;
    const process = { pid, startTicks: startTicksOf(pid) };
    house.disk.set('photos', JSON.stringify({ ...state, run: { ...run, process } }));
    await house.deploys();
    await house.passes('10m');
    return { house, survivor };
  }

  async function dies(survivor: ChildProcess): Promise<void> {
    survivor.kill('SIGKILL');
    await once(survivor, 'exit');
  }

  test('is waited for, through redeploys too; then the attempt is made again', async () => {
    const { house, survivor } = await survived();
    expect(house.resticStarts).toHaveLength(1);
    expect(house.record.isOpen).toBe(false);
    await house.redeploys();
    await house.passes('1m');
    expect(house.resticStarts).toHaveLength(1);
    await dies(survivor);
    await house.passes('1m');
    expect(house.resticStarts).toEqual(['run1/1', 'run1/2']);
    expect(house.state.run?.freeRestartUsed).toBe(true);
  });

  test('a plan that was removed meanwhile stays shut when it ends', async () => {
    const { house, survivor } = await survived();
    const { record } = house;
    house.removed();
    await dies(survivor);
    await house.passes('1m');
    expect(record.isOpen).toBe(false);
    expect(house.resticStarts).toHaveLength(1);
    await house.deploys();
    expect(house.resticStarts).toEqual(['run1/1', 'run1/2']);
  });
});

describe('journal absent or damaged', () => {
  async function livedIn(): Promise<House> {
    const house = new House();
    await house.plan({ every: '24h' });
    await house.passes('10h');
    house.dies();
    return house;
  }

  test.each([
    ['absent', (house: House) => house.disk.clear()],
    ['damaged', (house: House) => house.disk.set('photos', '{"schema":1,"revi')],
    ['garbage of the right version', (house: House) => house.disk.set('photos', '{"schema":1,"revision":3}')],
  ])(
    '%s: without context the last success comes from the repository, and nothing starts',
    async (what, lose) => {
      const house = await livedIn();
      house.context = undefined;
      lose(house);
      await house.deploys();
      expect(house.warnings.map(({ code }) => code)).toEqual(what === 'absent' ? [] : ['journal-damaged']);
      expect(house.state).toMatchObject({
        lastSuccessAt: '2026-11-23T12:00:00.000Z',
        dueAt: '2026-11-24T12:00:00.000Z',
        testimonyOwed: false,
      });
      expect(house.resticStarts).toHaveLength(1);
    },
  );

  test('slots that were missed since the repository’s newest snapshot are owed', async () => {
    const house = new House('2026-11-23T02:59:00Z');
    await house.plan({ cron: '0 3 * * *' });
    await house.passes('1h');
    house.dies();
    house.disk.clear();
    house.context = undefined;
    house.clock.jump(ms('5d'));
    await house.deploys();
    expect(house.at('run').at(-1)).toMatchObject({ trigger: 'catch-up', dueAt: '2026-11-24T03:00:00.000Z' });
  });

  test('context gives back the retry and the pause; its success only counts when the repository confirms it', async () => {
    const house = new House();
    await house.plan({ every: '24h' });
    house.restic.ends = 'network';
    await house.passes('1d');
    const { pending, run } = house.state;
    expect(pending).not.toBeNull();
    house.dies();
    house.disk.clear();
    house.repositoryAnswers = false;
    await house.deploys();
    expect(house.state).toMatchObject({ pending, run, lastSuccessAt: null, testimonyOwed: true });
    expect(house.state.dueAt).toBe('2026-11-24T12:00:00.000Z');
    house.repositoryAnswers = true;
    await house.restarts();
    expect(house.state).toMatchObject({ pending, lastSuccessAt: '2026-11-23T12:00:00.000Z' });
  });

  test('a success that only context knows and the repository does not have counts for nothing', async () => {
    const house = await livedIn();
    house.disk.clear();
    house.snapshots.length = 0;
    await house.deploys();
    expect(house.at('run').at(-1)).toMatchObject({ lastSuccessAt: null });
    expect(house.resticStarts).toHaveLength(2);
  });

  test.each([
    ['text', 'garbage'],
    ['a number', 7],
    ['a state of another plan', { schema: 1, plan: 'music' }],
    ['an empty object', {}],
  ])('context with %s is as good as none', async (_what, context) => {
    const house = await livedIn();
    house.disk.clear();
    house.context = context;
    await house.deploys();
    expect(house.state.lastSuccessAt).toBe('2026-11-23T12:00:00.000Z');
  });

  test('context is not read while the journal is good', async () => {
    const house = await livedIn();
    house.context = { ...(house.context as PlanState), dueAt: '2020-01-01T00:00:00.000Z', revision: 999 };
    await house.deploys();
    expect(house.state.dueAt).toBe('2026-11-24T12:00:00.000Z');
  });

  test('while the repository cannot be asked the plan is owed, and the question stays open over restarts', async () => {
    const house = await livedIn();
    house.disk.clear();
    house.context = undefined;
    house.repositoryAnswers = false;
    house.check.passes = false;
    await house.deploys();
    await house.restarts('1h');
    expect(house.state).toMatchObject({
      testimonyOwed: true,
      lastSuccessAt: null,
      run: { outcome: 'blocked' },
    });
    house.repositoryAnswers = true;
    await house.restarts();
    expect(house.state).toMatchObject({ testimonyOwed: false, lastSuccessAt: '2026-11-23T12:00:00.000Z' });
  });
});

test('a journal of a newer version is refused and not overwritten', async () => {
  const house = new House();
  const newer = '{"schema":99,"revision":1,"plan":"photos"}';
  house.disk.set('photos', newer);
  await house.plan();
  await house.passes('1d');
  expect(house.refusals).toMatchObject([{ code: 'journal-newer' }]);
  expect(house.resticStarts).toEqual([]);
  expect(house.disk.get('photos')).toBe(newer);
});

test('a journal file that was copied from another plan claims nothing', async () => {
  const house = new House();
  await house.plan({ key: 'music' });
  house.dies();
  house.disk.set('photos', house.disk.get('music') ?? '');
  const music = house.disk.get('music');
  house.context = undefined;
  house.snapshots.length = 0;
  await house.plan({ cron: '0 3 * * *' });
  expect(house.state.lastSuccessAt).toBeNull();
  expect(house.disk.get('music')).toBe(music);
});

test('a success is never moved back, whatever the repository remembers', async () => {
  const house = new House();
  await house.plan({ every: '24h' });
  await house.passes('2d1h');
  const { lastSuccessAt } = house.state;
  house.snapshots.length = 1;
  await house.restarts();
  expect(house.state.lastSuccessAt).toBe(lastSuccessAt);
  expect(house.repositoryAsked).toBe(1);
});

describe('a repository in which another host has snapshots of this key', () => {
  test('is asked about, once, and nothing of them counts; a plan that takes that name takes them over', async () => {
    const house = new House();
    house.snapshots.push({ id: 'theirs', time: '2026-11-23T06:00:00.000Z' });
    house.snapshotsOf = 'old-pi';
    house.otherHosts = ['old-pi'];
    house.restic.ends = 'network';
    await house.plan({ every: '24h' });
    expect(house.warnings.map(({ code }) => code)).toEqual(['other-host']);
    expect(house.warnings[0]?.message).toMatch(/another computer made: old-pi\..*\(home\).*write that name/);
    expect(house.state.lastSuccessAt).toBeNull();
    await house.restarts('1h');
    await house.redeploys();
    expect(house.warnings).toHaveLength(1);
    expect(house.state.lastSuccessAt).toBeNull();

    const contents = { ...planSettings().contents, host: 'old-pi' };
    await house.redeploys({ every: '24h', contents });
    expect(house.state).toMatchObject({
      lastSuccess: { snapshotId: 'theirs' },
      dueAt: '2026-11-24T06:00:00.000Z',
    });
    expect(house.warnings).toHaveLength(1);
  });

  test('is nothing to speak of where this host has its own as well', async () => {
    const house = new House();
    house.snapshots.push({ id: 'mine', time: '2026-11-23T06:00:00.000Z' });
    house.otherHosts = ['laptop'];
    await house.plan({ every: '24h' });
    expect(house.warnings).toEqual([]);
    expect(house.state.lastSuccess?.snapshotId).toBe('mine');
  });
});
