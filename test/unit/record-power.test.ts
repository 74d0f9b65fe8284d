import { expect, test } from 'vitest';
import { FakeDevice, House, ms, policy } from './fake-house.ts';

/** A house whose drive does not come when it is switched on. */
async function houseWithDevice(): Promise<House & { device: FakeDevice }> {
  const house = new House();
  const device = new FakeDevice();
  house.device = device;
  house.check.passes = false;
  house.check.reason = 'Nothing is mounted.';
  const retryClasses = new Set([...policy().retryClasses].filter((name) => name !== 'power-up-failed'));
  house.policy = policy({ retryClasses, giveUpAtNextSlot: false });
  await house.plan();
  return Object.assign(house, { device });
}

test('a drive that does not come is switched on twice in a slot, told once, and left alone', async () => {
  const house = await houseWithDevice();
  expect(house.device.powerUps).toBe(1);
  expect(house.state.run).toMatchObject({ outcome: 'failed', failureClass: 'power-up-failed' });
  expect(house.state.why).toContain('drive was switched on, but did not come: Nothing is mounted.');
  house.device.isOurs = false;
  await house.passes('5m');
  expect(house.device.powerUps).toBe(2);
  expect(house.told).toEqual(['power-up-failed']);
  expect(house.ends).toEqual(['gave-up']);
  house.device.isOurs = false;
  await house.passes('22h');
  expect(house.device.powerUps).toBe(2);
  expect(house.told).toEqual(['power-up-failed']);

  house.check.passes = true;
  await house.passes('2h');
  expect(house.device.powerUps, 'the next slot has a new chance').toBe(3);
  expect(house.ends).toEqual(['gave-up', 'succeeded']);
  expect(house.told).toEqual(['power-up-failed', 'recovered']);
});

test('where the gate goes on trying, it tries without the plug', async () => {
  const house = new House();
  const device = new FakeDevice();
  house.device = device;
  house.check.passes = false;
  // Retries every class that is not permanent.
  house.policy = policy({ giveUpAtNextSlot: false });
  await house.plan();
  for (let hours = 0; hours < 20; hours += 1) {
    device.isOurs = false;
    await house.passes('1h');
  }
  expect(device.powerUps).toBe(2);
  expect(house.state.run?.attempt).toBeGreaterThan(4);
  house.check.passes = true;
  await house.appears();
  await house.passes('1s');
  expect(house.ends).toEqual(['succeeded']);
});

test('a check of the house that says no over and over does not cycle the plug either', async () => {
  const house = new House();
  const device = new FakeDevice();
  house.device = device;
  house.check.passes = false;
  house.check.kind = 'state';
  house.policy = policy({ giveUpAtNextSlot: false });
  await house.plan();
  for (let quarters = 0; quarters < 80; quarters += 1) {
    device.isOurs = false;
    await house.passes('15m');
  }
  expect(device.powerUps).toBe(2);
  expect(house.state.run?.outcome, 'this is waiting').toBe('blocked');
  expect(house.alerts).toEqual([]);
});

test('a drive that was on already and is missing is waited for, not blamed on the plug', async () => {
  const house = new House();
  const device = new FakeDevice();
  device.switchOn = () => Promise.resolve(false);
  house.device = device;
  house.check.passes = false;
  await house.plan();
  expect(house.state.run).toMatchObject({ outcome: 'blocked', failureClass: null });
});

test('a plan at rest never touches its drive, however long, nor does one that is paused', async () => {
  const house = new House();
  const device = new FakeDevice();
  house.device = device;
  await house.plan({ every: '7d' });
  const { wanted, looks } = device;
  const asked = house.repositoryAsked;
  expect([wanted, looks]).toEqual([1, 1]);
  await house.passes('6d');
  await house.asks('pause', { pauseMs: ms('30d') });
  await house.passes('29d');
  await house.restarts('1h');
  await house.passes('10h');
  expect([device.wanted, device.looks, house.repositoryAsked]).toEqual([wanted, looks, asked]);
});
