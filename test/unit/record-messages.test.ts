import { describe, expect, test } from 'vitest';
import { House, ms, policy } from './fake-house.ts';

test('a user’s own properties survive the trip; a message’s own claims about the run do not', async () => {
  const house = new House();
  house.restic.ends = 'network';
  await house.plan({ byEventOnly: true });
  await house.asks('run', { carried: { topic: 'my topic', nested: { deep: [1] } } });
  house.restic.ends = 'succeeded';
  await house.passes('5m');
  const last = house.sent.at(-1);
  expect(last?.port).toBe('good-backup');
  expect(last?.message).toMatchObject({ topic: 'my topic', nested: { deep: [1] } });
  expect(last?.backup).toMatchObject({
    plan: 'photos',
    name: 'Photos',
    run: 'run1',
    attempt: 2,
    trigger: 'command',
  });
});

test('after a restart the message has what is ours', async () => {
  const house = new House();
  house.restic.ends = 'network';
  await house.plan({ byEventOnly: true });
  await house.asks('run', { carried: { color: 'blue' } });
  await house.restarts();
  await house.passes('5m');
  expect(Object.keys(house.sent.at(-1)?.message ?? {}).toSorted()).toEqual(['backup', 'payload', 'topic']);
});

test('the announcement of a run does not carry what belongs to the run after it', async () => {
  const house = new House();
  house.check.passes = false;
  await house.plan({ every: '24h' });
  await house.asks('run', { carried: { color: 'blue' } });
  await house.passes('1d');
  const ended = house.sent.find(({ port }) => port === 'ended');
  expect(ended?.message['color']).toBe('blue');
  expect(house.state.run?.id).toBe('run2');
  expect(house.sent.at(-1)?.message['color']).toBeUndefined();
});

describe('copies and stale messages', () => {
  test('however many copies travel, there is one restic and one decision per attempt', async () => {
    const house = new House();
    house.copies = 5;
    house.restic.ends = 'network';
    await house.plan();
    await house.passes('1h');
    house.restic.ends = 'succeeded';
    await house.passes('2h');
    expect(new Set(house.resticStarts).size).toBe(house.resticStarts.length);
    expect(house.mostRunning).toBe(1);
    expect(house.ends).toEqual(['succeeded']);
    expect(house.state.history.map(({ attempt }) => attempt)).toEqual(
      [1, 2, 3, 4, 5, 6].slice(0, house.state.history.length),
    );
  });

  test('a message of an earlier attempt or another run changes nothing', async () => {
    const house = new House();
    house.restic.ends = 'network';
    await house.plan();
    const old = house.sent.find(({ port }) => port === 'run')?.message ?? {};
    await house.passes('5m');
    const { state } = house;
    expect(house.gateNode(old)).toBe(false);
    const ticket = { plan: 'photos', run: 'run1', attempt: 1 };
    expect(house.record.attempts.beginCheck(ticket, old)).toBeUndefined();
    expect(
      house.record.attempts.claim(ticket, old, { hasCheck: false, stop: () => undefined }),
    ).toBeUndefined();
    await house.record.attempts.report(ticket, { kind: 'cancelled', reason: '' });
    expect(house.record.passOn(ticket, old)).toBe(false);
    expect(house.state).toBe(state);
  });

  test('an attempt whose check has not passed is refused by restic-run', async () => {
    const house = new House();
    house.eaten.add('backup-plan');
    await house.plan();
    const ticket = { plan: 'photos', run: 'run1', attempt: 1 };
    const claim = (): unknown =>
      house.record.attempts.claim(ticket, {}, { hasCheck: true, stop: () => undefined });
    expect(claim).toThrowError(expect.objectContaining({ code: 'check-not-passed' }));
    house.record.attempts.beginCheck(ticket, {});
    expect(claim).toThrowError(expect.objectContaining({ code: 'check-not-passed' }));
    await house.record.attempts.checked(ticket, { passed: false, results: [], reason: 'no' });
    expect(claim).toThrowError(expect.objectContaining({ code: 'check-not-passed' }));
  });
});

test.each([true, false])(
  'a check that ends (passed: %s) while its run is cancelled sends nothing on',
  async (passed) => {
    const house = new House();
    house.check.takes = ms('1h');
    await house.plan({ byEventOnly: true });
    await house.asks('run');
    const { run } = house.state;
    const ticket = { plan: 'photos', run: run?.id ?? '', attempt: 1 };
    // Both before what the check found is on the disk.
    const sent = house.record.attempts.checked(ticket, { passed, reason: 'No.', results: [] });
    await house.asks('cancel');
    expect(house.state.run).toBeNull();
    expect(await sent).toBeUndefined();
  },
);

describe('lost messages', () => {
  test.each(['backup-plan', 'precondition-check'] as const)(
    'eaten after %s: the attempt is lost after ten minutes, said aloud, and retried like a failure',
    async (node) => {
      const house = new House();
      house.eaten.add(node);
      await house.plan();
      await house.passes('9m59s');
      expect(house.warnings).toEqual([]);
      await house.passes('1s');
      expect(house.warnings).toMatchObject([{ code: 'message-lost' }]);
      expect(house.state).toMatchObject({
        run: { outcome: 'lost', failureClass: 'lost', failures: 1 },
        pending: { attempt: 2, budget: 'failure' },
        lastFailureAt: '2026-11-23T12:10:00.000Z',
      });
      house.eaten.clear();
      await house.passes('5m');
      expect(house.ends).toEqual(['succeeded']);
    },
  );

  test('the lease does not run while a node of ours has the message', async () => {
    const house = new House();
    house.check.takes = ms('2h');
    house.restic.takes = ms('20h');
    house.restic.retention = ms('1h');
    await house.plan({ every: '7d' });
    await house.passes('23h');
    expect(house.warnings).toEqual([]);
    expect(house.ends).toEqual(['succeeded']);
  });

  test('a suspended machine loses no message', async () => {
    const house = new House();
    house.eaten.add('backup-plan');
    await house.plan();
    await house.sleeps('3d');
    expect(house.warnings).toEqual([]);
  });

  test('a failure whose outcome is eaten on its way to the gate is decided without it', async () => {
    const house = new House();
    house.eaten.add('restic-run');
    house.restic.ends = 'network';
    await house.plan();
    await house.passes('10m');
    expect(house.warnings).toMatchObject([{ code: 'outcome-lost' }]);
    expect(house.state.pending).toMatchObject({ attempt: 2 });
  });

  test('a success whose outcome is eaten is announced all the same', async () => {
    const house = new House();
    house.eaten.add('restic-run');
    await house.plan();
    expect(house.state.lastSuccessAt).toBe('2026-11-23T12:00:00.000Z');
    expect(house.ends).toEqual([]);
    await house.passes('10m');
    expect(house.warnings).toMatchObject([{ code: 'outcome-lost' }]);
    expect(house.ends).toEqual(['succeeded']);
  });

  test('a run whose messages are always lost gives up by its budget', async () => {
    const house = new House();
    house.policy = policy({ failureBudget: 2 });
    house.eaten.add('backup-plan');
    await house.plan();
    await house.passes('2h');
    expect(house.at('ended')).toMatchObject([{ end: 'gave-up', attempt: 3, failureClass: 'lost' }]);
  });
});

describe('a wire from “try again” to the plan', () => {
  test('is what it is: one attempt each', async () => {
    const house = new House();
    house.retryWire = true;
    house.restic.ends = 'network';
    await house.plan();
    house.restic.ends = 'succeeded';
    await house.passes('5m');
    expect(house.sent.map(({ port }) => port)).toEqual(['run', 'try-again', 'run', 'good-backup']);
    expect(house.resticStarts).toEqual(['run1/1', 'run1/2']);
  });
});

describe('redeploy', () => {
  test('loses no waiting retry and no pause', async () => {
    const house = new House();
    house.restic.ends = 'network';
    await house.plan();
    const { pending } = house.state;
    await house.redeploys();
    expect(house.state.pending).toEqual(pending);
    await house.asks('pause');
    await house.redeploys();
    expect(house.state.paused).not.toBeNull();
  });

  test('a running backup goes on and its end is announced by the new nodes', async () => {
    const house = new House();
    house.restic.takes = ms('1h');
    await house.plan();
    await house.passes('30m');
    await house.redeploys();
    await house.passes('30m');
    expect(house.resticStarts).toEqual(['run1/1']);
    expect(house.ends).toEqual(['succeeded']);
  });

  test('what is to be sent while the nodes are replaced is sent when they are there again', async () => {
    const house = new House();
    await house.plan({ every: '24h' });
    const asked = house.asks('run');
    house.removed();
    await asked;
    expect(house.at('run')).toHaveLength(1);
    await house.deploys();
    expect(house.at('run')).toHaveLength(2);
    expect(house.ends).toEqual(['succeeded', 'succeeded']);
  });

  test('a plan that was removed does nothing until it is there again', async () => {
    const house = new House();
    await house.plan({ every: '24h' });
    house.removed();
    await house.passes('3d');
    expect(house.resticStarts).toHaveLength(1);
    await house.deploys();
    expect(house.at('run').at(-1)).toMatchObject({ trigger: 'catch-up', dueAt: '2026-11-24T12:00:00.000Z' });
  });

  test('renaming keeps everything but the name', async () => {
    const house = new House();
    await house.plan({ every: '24h' });
    const { name: _old, revision, changedAt: _then, ...before } = house.state;
    await house.redeploys({ every: '24h', name: 'Holiday photos' });
    expect(house.state).toMatchObject({ ...before, name: 'Holiday photos', revision: revision + 1 });
  });

  test('a gate that goes away while its run waits leaves one last attempt without retry', async () => {
    const house = new House();
    house.restic.ends = 'network';
    await house.plan();
    house.hasGate = false;
    await house.redeploys();
    await house.passes('1h');
    expect(house.state).toMatchObject({ run: null, nextAttemptAt: '2026-11-24T12:00:00.000Z' });
  });
});

test('a journal that cannot be written is said and stops nothing', async () => {
  const house = new House();
  house.journalFails = true;
  await house.plan({ every: '24h' });
  expect(house.ends).toEqual(['succeeded']);
  expect(house.warnings.map(({ code }) => code)).toContain('journal-unwritable');
  house.journalFails = false;
  await house.passes('1d');
  expect(house.journalled.lastSuccessAt).toBe('2026-11-24T12:00:00.000Z');
});
