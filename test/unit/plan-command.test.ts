import { describe, expect, test } from 'vitest';
import { obeyFromHub } from '../../src/lib/hub/plan-command.ts';
import { HUB_COMMANDS } from '../../src/protocol/protocol.ts';
import { settled } from './fake-clock.ts';
import { House, ms } from './fake-house.ts';

describe('commands of automations', () => {
  test('run while it runs is no refusal, and starts nothing', async () => {
    const house = new House();
    house.restic.takes = ms('1h');
    await house.plan({ every: '24h' });
    expect(obeyFromHub(house.record, 'run')).toEqual({
      result: 'already',
      message: 'A backup of this plan is running already.',
    });
    expect(house.resticStarts).toHaveLength(1);
  });

  test('run while it waits tries now; run while idle starts', async () => {
    const house = new House();
    house.check.passes = false;
    await house.plan({ every: '24h' });
    expect(obeyFromHub(house.record, 'run').result).toBe('accepted');
    await settled();
    expect(house.state.run?.attempt).toBe(2);
    house.check.passes = true;
    expect(obeyFromHub(house.record, 'run').result).toBe('accepted');
    await settled();
    expect(house.ends).toEqual(['succeeded']);
  });

  test('cancel and resume of what does not run and is not paused are no refusals', async () => {
    const house = new House();
    await house.plan({ every: '24h' });
    expect(obeyFromHub(house.record, 'cancel')).toEqual({
      result: 'already',
      message: 'There was nothing to cancel.',
    });
    expect(obeyFromHub(house.record, 'resume')).toEqual({ result: 'already', message: 'It was not paused.' });
  });

  test('pause takes its length, else seven days, and a new end when it is paused', async () => {
    const house = new House();
    await house.plan({ every: '24h' });
    const left = (): number => Date.parse(house.state.paused?.until ?? '') - house.clock.now();
    expect(obeyFromHub(house.record, 'pause').result).toBe('accepted');
    expect(left()).toBe(ms('7d'));
    expect(obeyFromHub(house.record, 'pause', ms('12h')).result).toBe('accepted');
    expect(left()).toBe(ms('12h'));
  });

  test('what comes too often is refused', async () => {
    const house = new House();
    house.check.passes = false;
    await house.plan({ every: '24h' });
    const results = new Set<string>();
    for (let at = 0; at < 100; at += 1) {
      results.add(obeyFromHub(house.record, 'run').result);
      await settled();
    }
    expect(results).toEqual(new Set(['accepted', 'refused']));
  });

  test.each(HUB_COMMANDS)('%s to a plan that is not open yet is refused', async (command) => {
    const house = new House();
    await house.plan({ every: '24h' });
    const { record } = house;
    house.removed();
    expect(obeyFromHub(record, command).result).toBe('refused');
  });
});
