import { describe, expect, test } from 'vitest';
import type { CheckResult, CheckSpec } from '../../src/lib/checks/check.ts';
import { settled } from './fake-clock.ts';
import type { Behaviour } from './leaf-stand-in.ts';
import { leafThat, StandIn } from './leaf-stand-in.ts';

/** An evaluation under way. */
interface Looking {
  readonly standIn: StandIn;
  readonly result: Promise<CheckResult>;
  readonly isOver: () => boolean;
}

async function look(spec: CheckSpec, signal?: AbortSignal): Promise<Looking> {
  const standIn = new StandIn();
  let over = false;
  const result = standIn.evaluate(spec, signal === undefined ? {} : { signal }).finally(() => {
    over = true;
  });
  await settled();
  return { standIn, result, isOver: () => over };
}

const plug = (hold: string): CheckSpec => ({ ...leafThat('yes', 'plug'), hold });

describe('a hold time', () => {
  test('is a yes when every look of it was, and not before', async () => {
    const { standIn, result, isOver } = await look(plug('10s'));
    await standIn.clock.pass(9999);
    expect(isOver()).toBe(false);
    await standIn.clock.pass(1);
    expect(await result).toMatchObject({ answer: 'yes', durationMs: 10_000 });
    expect(standIn.asked).toHaveLength(5);
    expect(standIn.clock.pendingTimers).toBe(0);
  });

  test.each<[string, number, number]>([
    ['1s', 250, 1000],
    ['0.5s', 250, 500],
    ['8s', 2000, 8000],
    ['1h', 5000, 3_600_000],
    ['22s', 5000, 22_000],
  ])('of %s looks again after %d ms and takes %d ms', async (hold, first, whole) => {
    const { standIn, result, isOver } = await look(plug(hold));
    await standIn.clock.pass(first - 1);
    expect(standIn.asked).toHaveLength(1);
    await standIn.clock.pass(1);
    expect(standIn.asked).toHaveLength(2);
    await standIn.clock.pass(whole - first - 1);
    expect(isOver()).toBe(false);
    await standIn.clock.pass(1);
    expect(await result).toMatchObject({ answer: 'yes', durationMs: whole });
  });

  test.each<Behaviour>(['no', 'unknown', 'throw'])('ends with any other answer: %s', async (behaviour) => {
    const { standIn, result } = await look(plug('10s'));
    await standIn.clock.pass(5000);
    standIn.now.set('plug', behaviour);
    await standIn.clock.pass(2500);
    expect((await result).answer).toBe(behaviour === 'no' ? 'no' : 'unknown');
    expect(standIn.asked).toHaveLength(4);
  });

  test('is not spent on a no', async () => {
    const standIn = new StandIn();
    const spec = { ...leafThat('no'), hold: '10s' };
    expect(await standIn.evaluate(spec)).toMatchObject({ answer: 'no' });
    expect(standIn.asked).toHaveLength(1);
  });

  test('is not shortened by a wall clock that is put forward', async () => {
    const { standIn, isOver, result } = await look(plug('10s'));
    standIn.clock.jump(3_600_000);
    await standIn.clock.pass(9999);
    expect(isOver()).toBe(false);
    await standIn.clock.pass(1);
    expect((await result).answer).toBe('yes');
  });

  test('of a group looks at all of it again, each look with its own time limit', async () => {
    const checks = [leafThat('yes', 'plug'), leafThat('yes', 'door')];
    const { standIn, result } = await look({ kind: 'all', checks, hold: '4s', timeout: '2s' });
    await standIn.clock.pass(3000);
    standIn.now.set('door', 'no');
    await standIn.clock.pass(1000);
    expect(await result).toMatchObject({ answer: 'no', reason: 'door says no.' });
    expect(standIn.asked.filter((name) => name === 'door')).toHaveLength(5);
  });

  test('in a group counts as its time', async () => {
    const group: CheckSpec = { kind: 'all', timeout: '3s', checks: [plug('10s')] };
    const { standIn, result } = await look(group);
    await standIn.clock.pass(3000);
    expect(await result).toMatchObject({ answer: 'unknown', parts: [] });
    const before = standIn.asked.length;
    await standIn.clock.pass(60_000);
    expect(standIn.asked).toHaveLength(before);
  });

  test('ends when the look is cancelled', async () => {
    const cancel = new AbortController();
    const { standIn, result } = await look(plug('10s'), cancel.signal);
    cancel.abort();
    expect(await result).toMatchObject({ answer: 'unknown', reason: 'The check was cancelled.' });
    expect(standIn.clock.pendingTimers).toBe(0);
  });

  test.each(['long', '10', '-1s'])('%s is none', async (hold) => {
    expect(await new StandIn().evaluate(plug(hold))).toMatchObject({
      answer: 'unknown',
      reason: `The hold time “${hold}” of the check is not a duration such as 10s.`,
    });
  });

  test.each(['', ' ', '0'])('“%s” asks for none', async (hold) => {
    expect(await new StandIn().evaluate(plug(hold))).toMatchObject({ answer: 'yes', durationMs: 0 });
  });
});
