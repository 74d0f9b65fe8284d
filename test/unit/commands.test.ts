import { describe, expect, test, vi } from 'vitest';
import { obey } from '../../src/lib/plan/commands.ts';
import { deviceAppeared } from '../../src/lib/plan/device-events.ts';
import { settled } from './fake-clock.ts';
import { House, ms } from './fake-house.ts';

/** A house whose plan is in one of the states of the table. */
async function houseThatIs(state: 'idle' | 'waiting' | 'running' | 'paused'): Promise<House> {
  const house = new House();
  house.restic.takes = state === 'running' ? ms('1h') : 0;
  house.check.passes = state !== 'waiting';
  house.check.reason = 'no drive.';
  await house.plan({ every: '24h' });
  await house.passes('1m');
  house.check.passes = true;
  if (state === 'paused') await house.asks('pause');
  return house;
}

describe('run', () => {
  test('idle: a new run, which does not move what is due but pays it', async () => {
    const house = await houseThatIs('idle');
    const answer = await house.asks('run', { carried: { color: 'blue' } });
    expect(answer.accepted).toBe(true);
    expect(house.at('run').at(-1)).toMatchObject({ run: 'run2', trigger: 'command' });
    expect(house.state.dueAt).toBe('2026-11-24T12:01:00.000Z');
    expect(house.sent.find(({ backup }) => backup.run === 'run2' && backup.end)?.message['color']).toBe(
      'blue',
    );
  });

  test('waiting: the next attempt is made now', async () => {
    const house = await houseThatIs('waiting');
    expect((await house.asks('run')).accepted).toBe(true);
    expect(house.resticStarts).toEqual(['run1/2']);
    expect(house.ends).toEqual(['succeeded']);
  });

  test('running: not now, and why', async () => {
    const house = await houseThatIs('running');
    const answer = await house.asks('run');
    expect(answer).toEqual({ accepted: false, sentence: 'Not now: a backup of this plan is running.' });
    expect(house.resticStarts).toHaveLength(1);
  });

  test('paused: runs once, and a failure of it is not retried before the pause is over', async () => {
    const house = await houseThatIs('paused');
    house.restic.ends = 'network';
    expect((await house.asks('run')).accepted).toBe(true);
    expect(house.resticStarts).toHaveLength(2);
    await house.passes('3d');
    expect(house.resticStarts).toHaveLength(2);
    expect(house.state).toMatchObject({ waitingFor: 'pause-end', run: { attempt: 1 } });
    await house.passes('4d');
    expect(house.resticStarts.length).toBeGreaterThan(2);
  });

  test('checks are not bypassed', async () => {
    const house = await houseThatIs('idle');
    house.check.passes = false;
    await house.asks('run');
    expect(house.resticStarts).toHaveLength(1);
    expect(house.state.run).toMatchObject({ outcome: 'blocked' });
  });
});

describe('cancel', () => {
  test('idle: there is nothing', async () => {
    const house = await houseThatIs('idle');
    expect(await house.asks('cancel')).toEqual({ accepted: false, sentence: 'Nothing to cancel.' });
  });

  test('waiting: the run ends, the debt stays, the next slot too', async () => {
    const house = await houseThatIs('waiting');
    expect((await house.asks('cancel')).accepted).toBe(true);
    expect(house.at('ended')).toMatchObject([{ end: 'cancelled' }]);
    expect(house.state).toMatchObject({
      run: null,
      pending: null,
      dueAt: '2026-11-23T12:00:00.000Z',
      nextAttemptAt: '2026-11-24T12:00:00.000Z',
      lastCancelledAt: '2026-11-23T12:01:00.000Z',
    });
    expect(house.alerts).toEqual([]);
  });

  test('running: restic is stopped and the run ends', async () => {
    const house = await houseThatIs('running');
    await house.asks('cancel');
    expect(house.running).toBe(0);
    expect(house.ends).toEqual(['cancelled']);
    await house.passes('2h');
    expect(house.ends).toEqual(['cancelled']);
    expect(house.state.lastSuccessAt).toBeNull();
  });

  test('while it is being checked: nothing of that attempt happens any more', async () => {
    const house = new House();
    house.check.takes = ms('5m');
    await house.plan();
    await house.asks('cancel');
    await house.passes('1h');
    expect(house.resticStarts).toEqual([]);
    expect(house.ends).toEqual(['cancelled']);
  });

  test('before its message could leave: it never leaves', async () => {
    const house = await houseThatIs('idle');
    const run = house.asks('run');
    const cancelled = house.asks('cancel');
    await Promise.all([run, cancelled]);
    expect(house.at('run')).toHaveLength(1);
    expect(house.state.run).toBeNull();
  });

  test('paused: as the state that is paused', async () => {
    const house = await houseThatIs('waiting');
    await house.asks('pause');
    expect((await house.asks('cancel')).accepted).toBe(true);
    expect(house.state).toMatchObject({ run: null, waitingFor: 'pause-end' });
  });
});

describe('pause', () => {
  test('idle: no slot starts anything until the default end of seven days; then one catch-up', async () => {
    const house = await houseThatIs('idle');
    await house.asks('pause');
    expect(house.state.paused).toEqual({
      since: '2026-11-23T12:01:00.000Z',
      until: '2026-11-30T12:01:00.000Z',
    });
    await house.passes('6d23h');
    expect(house.resticStarts).toHaveLength(1);
    await house.passes('1h');
    expect(house.at('run').map(({ trigger }) => trigger)).toEqual(['schedule', 'catch-up']);
    expect(house.state.paused).toBeNull();
  });

  test('waiting: no retries, and the pending one is made after the pause', async () => {
    const house = await houseThatIs('waiting');
    await house.asks('pause', { pauseMs: ms('2h') });
    await house.passes('1h59m');
    expect(house.resticStarts).toEqual([]);
    await house.passes('1m');
    expect(house.resticStarts).toEqual(['run1/2']);
  });

  test('running: restic goes on and its success counts', async () => {
    const house = await houseThatIs('running');
    await house.asks('pause');
    expect(house.state.waitingFor).toBeNull();
    await house.passes('1h');
    expect(house.ends).toEqual(['succeeded']);
    expect(house.state).toMatchObject({ waitingFor: 'pause-end', lastSuccessAt: '2026-11-23T12:00:00.000Z' });
  });

  test('paused: a new end, and the beginning stays', async () => {
    const house = await houseThatIs('paused');
    await house.passes('1h');
    await house.asks('pause', { pauseMs: ms('1d') });
    expect(house.state.paused).toEqual({
      since: '2026-11-23T12:01:00.000Z',
      until: '2026-11-24T13:01:00.000Z',
    });
  });

  test('alerts are held until it is over', async () => {
    const house = await houseThatIs('running');
    house.restic.ends = 'auth';
    await house.asks('pause', { pauseMs: ms('2h') });
    await house.passes('1h30m');
    expect(house.ends).toEqual(['gave-up']);
    expect(house.alerts).toEqual([]);
    await house.passes('30m');
    expect(house.told).toEqual(['gave-up']);
  });

  test('trouble that came and went while it lasted is nobody’s alarm', async () => {
    const house = await houseThatIs('running');
    house.restic.ends = 'auth';
    await house.asks('pause', { pauseMs: ms('5h') });
    await house.passes('1h');
    house.restic.ends = 'succeeded';
    await house.asks('run');
    await house.passes('5h');
    expect(house.ends).toEqual(['gave-up', 'succeeded']);
    expect(house.alerts).toEqual([]);
  });

  test('it survives a restart and its end is kept', async () => {
    const house = await houseThatIs('paused');
    await house.restarts('1d');
    expect(house.state.paused?.until).toBe('2026-11-30T12:01:00.000Z');
    await house.passes('5d');
    expect(house.resticStarts).toHaveLength(1);
  });

  test('a run that was in the middle when Node-RED died does not go on in the pause', async () => {
    const house = await houseThatIs('running');
    await house.asks('pause', { pauseMs: ms('1d') });
    await house.restarts();
    await house.passes('23h');
    expect(house.resticStarts).toEqual(['run1/1']);
    expect(house.state).toMatchObject({ waitingFor: 'pause-end', run: { id: 'run1', attempt: 1 } });
  });
});

describe('resume', () => {
  test('what is owed starts at once', async () => {
    const house = await houseThatIs('paused');
    await house.passes('2d');
    expect((await house.asks('resume')).accepted).toBe(true);
    expect(house.resticStarts).toHaveLength(2);
  });

  test('what was not paused says so', async () => {
    const house = await houseThatIs('idle');
    expect((await house.asks('resume')).accepted).toBe(false);
  });

  test('an idle plan says when it goes on', async () => {
    const house = await houseThatIs('paused');
    await house.asks('resume');
    expect(house.state).toMatchObject({ waitingFor: 'slot', nextAttemptAt: '2026-11-24T12:00:00.000Z' });
    expect(house.state.why).toMatch(/^Resumed\. Next try/);
  });
});

describe('skip', () => {
  test.each(['idle', 'paused'] as const)(
    '%s: the next attempt moves a slot on, the debt does not',
    async (state) => {
      const house = await houseThatIs(state);
      await house.asks('skip');
      expect(house.state).toMatchObject({
        dueAt: '2026-11-24T12:00:00.000Z',
        nextAttemptAt: '2026-11-25T12:00:00.000Z',
      });
      await house.asks('skip');
      expect(house.state.nextAttemptAt).toBe('2026-11-26T12:00:00.000Z');
    },
  );

  test('with jitter it skips one slot, not two', async () => {
    const house = new House('2026-11-23T00:00:00Z');
    await house.plan({ cron: '0 * * * *', jitter: '4h' });
    const first = Date.parse(house.state.nextAttemptAt ?? '');
    await house.asks('skip');
    expect(Date.parse(house.state.nextAttemptAt ?? '') - first).toBe(ms('1h'));
  });

  test('waiting: the run ends and the next slot is the next attempt', async () => {
    const house = await houseThatIs('waiting');
    await house.asks('skip');
    expect(house.ends).toEqual(['cancelled']);
    expect(house.state).toMatchObject({ run: null, nextAttemptAt: '2026-11-24T12:00:00.000Z' });
  });

  test('running: not now', async () => {
    const house = await houseThatIs('running');
    expect((await house.asks('skip')).accepted).toBe(false);
    expect(house.running).toBe(1);
  });
});

describe('accept', () => {
  async function partialHouse(): Promise<House> {
    const house = new House();
    house.restic.ends = 'partial';
    await house.plan({ every: '24h' });
    house.restic.ends = 'succeeded';
    return house;
  }

  test('the last partial counts as good once, and pays the debt', async () => {
    const house = await partialHouse();
    expect((await house.asks('accept')).accepted).toBe(true);
    expect(house.state).toMatchObject({
      lastSuccessAt: '2026-11-23T12:00:00.000Z',
      lastSuccess: { snapshotId: 'snapshot-run1/1', figures: { filesTotal: 10 } },
      dueAt: '2026-11-24T12:00:00.000Z',
      nextAttemptAt: '2026-11-24T12:00:00.000Z',
    });
    expect((await house.asks('accept')).accepted).toBe(false);
  });

  test('accepted days later it pays only the debt of its own day', async () => {
    const house = await partialHouse();
    house.restic.ends = 'auth';
    await house.passes('3d1h');
    house.restic.ends = 'succeeded';
    await house.asks('accept');
    expect(house.state.lastSuccessAt).toBe('2026-11-26T13:00:00.000Z');
    expect(house.at('run').at(-1)).toMatchObject({ dueAt: '2026-11-24T12:00:00.000Z' });
  });

  test('a partial older than the last good backup is nothing to accept', async () => {
    const house = await partialHouse();
    await house.passes('1d');
    const before = house.state;
    expect(before.lastSuccessAt).toBe('2026-11-24T12:00:00.000Z');
    expect((await house.asks('accept')).accepted).toBe(false);
    expect(house.state.dueAt).toBe(before.dueAt);
  });

  test('without a partial there is nothing to accept', async () => {
    const house = await houseThatIs('idle');
    expect((await house.asks('accept')).accepted).toBe(false);
  });
});

describe('accept-repository', () => {
  test('the plan is owed now and starts; the old success stays', async () => {
    const house = await houseThatIs('idle');
    await house.asks('accept-repository');
    expect(house.repositoryAccepted).toBe(1);
    expect(house.at('run').at(-1)).toMatchObject({ dueAt: '2026-11-23T12:01:00.000Z' });
  });

  test('a debt that has begun is not forgiven', async () => {
    const house = await houseThatIs('waiting');
    house.restic.ends = 'locked';
    await house.asks('accept-repository');
    expect(house.state.dueAt).toBe('2026-11-23T12:00:00.000Z');
  });

  test('a run that waited for the other drive looks again at once, and not before the answer is remembered', async () => {
    const house = await houseThatIs('waiting');
    let remembered = (): void => undefined;
    house.repositoryRemembers = new Promise((resolve) => (remembered = resolve));
    const before = house.state.run?.attempt;
    await house.asks('accept-repository');
    expect(house.state.run?.attempt).toBe(before);
    remembered();
    await settled();
    await house.passes('1s');
    expect(house.ends).toEqual(['succeeded']);
  });
});

test('a flow that goes round in a circle, or a plug that flickers, starts sixty attempts an hour and no more', async () => {
  const house = await houseThatIs('idle');
  const before = house.resticStarts.length;
  for (let time = 0; time < 200; time += 1) await house.asks('run');
  expect(house.resticStarts).toHaveLength(before + 60);
  expect((await house.asks('run')).sentence).toMatch(/^Not now: more than 60 attempts .* circle/);
  expect((await house.asks('accept-repository')).accepted).toBe(false);
  await house.passes('1h');
  expect((await house.asks('run')).accepted).toBe(true);

  const flickering = await houseThatIs('waiting');
  flickering.check.passes = false;
  const attempts = flickering.handedOutAt.length;
  for (let time = 0; time < 1000; time += 1) {
    flickering.vanishes();
    await flickering.appears();
    await flickering.passes('2s');
  }
  // An hour has 60 of the plug and 4 of the policy.
  expect(flickering.handedOutAt.length - attempts).toBeLessThanOrEqual(64);
});

test('nothing is obeyed before the plan’s past is known', async () => {
  const house = new House();
  await house.plan();
  const { record } = house;
  house.removed();
  expect(obey(record, 'run').accepted).toBe(false);
  expect(deviceAppeared(record, {}).accepted).toBe(false);
});

test('what follows a good backup can be stopped; the success stays', async () => {
  const house = new House();
  house.restic.retention = ms('1h');
  await house.plan({ every: '24h' });
  expect(house.state.run?.phase).toBe('retention');
  const stop = vi.spyOn(house.record, 'stopAttempt');
  expect((await house.asks('cancel')).accepted).toBe(true);
  expect(stop).toHaveBeenCalledOnce();
  expect(house.state.lastSuccessAt).toBe('2026-11-23T12:00:00.000Z');
});

test('what is accepted after the clock was put back owes the next backup an interval away, not years', async () => {
  const house = new House();
  house.restic.ends = 'partial';
  await house.plan({ every: '6h' });
  house.clock.jump(-ms('400d'));
  await house.passes('1m');
  expect((await house.asks('accept')).accepted).toBe(true);
  expect(house.minutesUntil(house.state.nextAttemptAt)).toBeLessThanOrEqual(6 * 60);
});
