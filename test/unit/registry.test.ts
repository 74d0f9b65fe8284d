import { expect, test } from 'vitest';
import { settled } from './fake-clock.ts';
import { House, planSettings } from './fake-house.ts';

test('of two plans with one key the later is refused, and the first runs on', async () => {
  const house = new House();
  await house.plan({ name: 'Photos' });
  const twin = house.join(planSettings({ name: 'Copy of photos' }), 'another node');
  expect(() => house.registry.join(twin)).toThrowError(
    expect.objectContaining({
      code: 'key-taken',
      values: { key: 'photos', plan: 'Copy of photos', other: 'Photos' },
    }),
  );
  house.registry.leave(twin);
  await house.asks('run');
  expect(house.ends).toEqual(['succeeded', 'succeeded']);
});

test('the key is free again when its plan has gone', async () => {
  const house = new House();
  await house.plan();
  house.removed();
  expect(house.registry.find('photos')).toBeUndefined();
  expect(() => house.registry.join(house.join(planSettings(), 'another node'))).not.toThrow();
});

test('a plan that two gates claim has none', async () => {
  const house = new House();
  await house.plan();
  expect(house.record.gateId).toBe('gate');
  const claims = ['gate', 'other'].map((id) => ({ door: house.gateDoor(id), planKeys: ['photos'] }));
  await house.registry.flowsStarted(claims);
  expect(house.record.gateId).toBeUndefined();
  await house.registry.flowsStarted(claims.slice(1));
  expect(house.record.gateId).toBe('other');
});

test('a plan whose past cannot be read is told so and holds up no other', async () => {
  const house = new House();
  house.disk.set('photos', '{"schema":99}');
  house.registry.join(house.join(planSettings(), 'one'));
  house.registry.join(house.join(planSettings({ key: 'music', name: 'Music' }), 'two'));
  await house.registry.flowsStarted([]);
  expect(house.refusals).toMatchObject([{ code: 'journal-newer' }]);
  expect(house.registry.find('photos')).toBeUndefined();
  expect(house.registry.find('music')?.isOpen).toBe(true);
});

test('two deploys at once open a plan once', async () => {
  const house = new House();
  house.settings = planSettings();
  const first = house.join(house.settings);
  house.registry.join(first);
  const begun = house.registry.flowsStarted([]);
  house.registry.leave(first);
  house.registry.join(house.join(house.settings));
  await Promise.all([begun, house.registry.flowsStarted([]), house.registry.flowsStarted([])]);
  await settled();
  expect(house.at('run')).toMatchObject([{ run: 'run1', attempt: 1 }]);
  expect(house.state.history.some(({ outcome }) => outcome === 'interrupted')).toBe(false);
});

test('what is asked while a plan is being read waits until it is open, or has gone', async () => {
  const house = new House();
  house.settings = planSettings();
  const plan = house.join(house.settings);
  house.registry.join(plan);
  const opened = house.registry.opened('photos');
  await house.registry.flowsStarted([]);
  await opened;
  expect(house.record.isOpen).toBe(true);
  house.removed();
  await house.registry.opened('photos');
  await house.registry.opened('nobody');
});

test('a plan that was removed while its past was read runs when it is there again', async () => {
  const house = new House();
  house.settings = planSettings();
  const plan = house.join(house.settings);
  house.registry.join(plan);
  const begun = house.registry.flowsStarted([]);
  house.registry.leave(plan);
  await begun;
  expect(house.resticStarts).toEqual([]);
  await house.deploys();
  expect(house.ends).toEqual(['succeeded']);
  await house.passes('1d');
  expect(house.resticStarts).toHaveLength(2);
});
