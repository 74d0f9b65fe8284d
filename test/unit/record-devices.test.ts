import { expect, test } from 'vitest';
import { House, ms, policy } from './fake-house.ts';

/** The drive is away: the check says so until `house.drive(true)`. */
async function houseWithoutDrive(wishes: Parameters<House['plan']>[0] = {}): Promise<House> {
  const house = new House();
  house.check.passes = false;
  house.check.reason = 'The drive is not mounted.';
  house.policy = policy({ giveUpAtNextSlot: false });
  await house.plan(wishes);
  return house;
}

test('a device that appears while a run waits starts the attempt after the settle time', async () => {
  const house = await houseWithoutDrive({ settle: '30s' });
  await house.passes('5m');
  house.check.passes = true;
  const answer = await house.appears({ plug: 'hall' });
  expect(answer.accepted).toBe(true);
  expect(house.state).toMatchObject({
    lastDeviceAt: '2026-11-23T12:05:00.000Z',
    pending: { attempt: 2, at: '2026-11-23T12:05:30.000Z' },
  });
  await house.passes('29s');
  expect(house.resticStarts).toEqual([]);
  await house.passes('1s');
  expect(house.resticStarts).toEqual(['run1/2']);
  expect(house.sent.at(-1)?.message['plug']).toBe('hall');
});

test('an appearance counts once, however often the plug says that it is on', async () => {
  const house = await houseWithoutDrive();
  for (let times = 0; times < 100; times += 1) {
    await house.appears();
    await house.passes('5s');
  }
  // One for the appearance, and the re-check that was due anyway after each quarter of an hour, or the word after it.
  expect(house.state.run?.attempt).toBeLessThanOrEqual(4);
  house.vanishes();
  const { attempt = 0 } = house.state.run ?? {};
  await house.appears();
  await house.passes('1s');
  expect(house.state.run?.attempt).toBe(attempt + 1);
});

test('a drive that only ever says that it is mounted counts again after a check has missed it', async () => {
  const house = new House();
  house.policy = policy({ giveUpAtNextSlot: false });
  await house.plan();
  await house.appears();
  house.check.passes = false;
  await house.passes('1d1m');
  expect(house.state.run?.outcome).toBe('blocked');
  house.check.passes = true;
  await house.appears();
  expect(house.ends).toEqual(['succeeded', 'succeeded']);
});

test('a plug that flickers starts no attempt faster than the floor', async () => {
  const house = await houseWithoutDrive();
  for (let times = 0; times < 200; times += 1) {
    house.vanishes();
    await house.appears();
    await house.passes('0.05s');
  }
  expect(house.state.run?.attempt).toBeLessThanOrEqual(11);
});

test('what appears while its check is still looking is tried as soon as it has settled', async () => {
  const house = new House();
  house.check.passes = false;
  house.check.takes = ms('1m');
  await house.plan({ settle: '20s' });
  await house.passes('30s');
  expect(await house.appears()).toMatchObject({ accepted: true });
  await house.passes('30s');
  expect(house.minutesUntil(house.state.nextAttemptAt)).toBeCloseTo(20 / 60);
  house.check.passes = true;
  await house.passes('2m');
  expect(house.ends).toEqual(['succeeded']);
});

test('an idle plan that owes nothing stays idle and says when it is due', async () => {
  const house = new House();
  await house.plan({ every: '24h' });
  const answer = await house.appears();
  expect(answer.accepted).toBe(false);
  expect(answer.sentence).toContain('nothing is owed');
  expect(house.resticStarts).toHaveLength(1);
});

test('an idle plan that is owed starts with the device', async () => {
  const house = new House();
  house.restic.ends = 'auth';
  await house.plan({ every: '24h' });
  house.restic.ends = 'succeeded';
  await house.passes('1h');
  await house.appears({ plug: 'hall' });
  expect(house.at('run').at(-1)).toMatchObject({ run: 'run2', trigger: 'device' });
  expect(house.ends).toEqual(['gave-up', 'succeeded']);
});

test('with a settle time the run is the device’s too, and carries its message', async () => {
  const house = new House();
  await house.plan({ byEventOnly: true, settle: '10s' });
  await house.appears({ plug: 'hall' });
  expect(house.state).toMatchObject({ run: null, dueAt: '2026-11-23T12:00:00.000Z' });
  await house.passes('10s');
  expect(house.at('run')).toMatchObject([{ trigger: 'device' }]);
  expect(house.sent.at(-1)?.message['plug']).toBe('hall');
});

test('“always” starts at every appearance, but not within the minimum gap', async () => {
  const house = new House();
  await house.plan({ every: '7d', deviceStarts: 'always', minimumGap: '6h' });
  await house.passes('1h');
  expect((await house.appears()).accepted).toBe(false);
  house.vanishes();
  await house.passes('6h');
  expect((await house.appears()).accepted).toBe(true);
  expect(house.resticStarts).toHaveLength(2);
});

test('a success stamped by a clock that was ahead does not hold up a plan by event', async () => {
  const house = new House();
  house.clock.jump(ms('365d'));
  await house.plan({ byEventOnly: true, minimumGap: '1h' });
  await house.appears();
  expect(house.state.lastSuccessAt).toMatch(/^2027/);
  house.clock.jump(-ms('365d'));
  house.vanishes();
  await house.appears();
  expect(house.ends).toEqual(['succeeded', 'succeeded']);
});

test('while a backup runs an appearance is noted and starts nothing afterwards', async () => {
  const house = new House();
  house.restic.takes = ms('1h');
  await house.plan({ deviceStarts: 'always' });
  expect(await house.appears()).toEqual({ accepted: true, sentence: 'Noted.' });
  await house.passes('2h');
  expect(house.resticStarts).toHaveLength(1);
  expect(house.state.lastDeviceAt).toBe('2026-11-23T12:00:00.000Z');
});

test('while the plan is paused an appearance is noted and starts nothing', async () => {
  const house = await houseWithoutDrive();
  await house.asks('pause');
  house.check.passes = true;
  expect((await house.appears()).accepted).toBe(true);
  await house.passes('1h');
  expect(house.resticStarts).toEqual([]);
});

test('a settle time that the machine slept through still starts the device’s run, without catch-up too', async () => {
  const house = new House();
  await house.plan({ byEventOnly: true, settle: '30s', catchUp: false });
  await house.appears();
  await house.sleeps('3d');
  expect(house.ends).toEqual(['succeeded']);
});
