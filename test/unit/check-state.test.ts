import { describe, expect, test } from 'vitest';
import type { CheckAnswer, CheckSpec, HouseValue, Operator } from '../../src/lib/checks/check.ts';
import type { CheckContext, FoundValue } from '../../src/lib/checks/context.ts';
import { checkState } from '../../src/lib/checks/state.ts';
import type { Verdict } from '../../src/lib/checks/verdict.ts';
import { FakeClock, settled } from './fake-clock.ts';

type StateSpec = Extract<CheckSpec, { kind: 'state' }>;

const NOW = '2026-03-04T12:00:00Z';
const LOOK = { language: 'en-US', timeoutMs: 2000 } as const;

const flow = (value: string): HouseValue => ({ type: 'flow', value });

/** What the house holds: values by name, with the time of their arrival. */
function look(
  held: Record<string, FoundValue>,
  spec: Partial<StateSpec>,
  clock: FakeClock = new FakeClock(NOW),
): Promise<Verdict> {
  const readValue = async ({ type, value }: HouseValue): Promise<FoundValue> =>
    type === 'str' || type === 'num' ? { value } : (held[value] ?? { value: undefined });
  const context: CheckContext = { language: 'en-US', clock, sources: [], mayAct: true, readValue };
  return checkState({ kind: 'state', of: flow('it'), operator: 'is', ...spec }, context, LOOK);
}

function compared(found: unknown, operator: Operator, than?: unknown): Promise<Verdict> {
  const held = { it: { value: found }, other: { value: than } };
  return look(held, { operator, ...(than === undefined ? {} : { than: flow('other') }) });
}

describe('a state is compared as people expect', () => {
  test.each<[unknown, Operator, unknown, CheckAnswer]>([
    ['on', 'is', 'ON', 'yes'],
    [' on ', 'is', 'on', 'yes'],
    ['off', 'is', 'on', 'no'],
    [true, 'is', 'on', 'yes'],
    [true, 'is', 'true', 'yes'],
    [false, 'is', 'on', 'no'],
    [false, 'is', '', 'no'],
    [1, 'is', true, 'yes'],
    ['21.5', 'is', 21.5, 'yes'],
    ['21.50', 'is', '21.5', 'yes'],
    ['1e1', 'is', '10', 'yes'],
    ['', 'is', 0, 'no'],
    ['0x10', 'is', 16, 'no'],
    [null, 'is', 'on', 'no'],
    [[1, 2], 'is', [1, 2], 'yes'],
    ['home', 'is-not', 'away', 'yes'],
    ['home', 'is-not', 'Home', 'no'],
    ['9', 'less', '10', 'yes'],
    [10, 'less', '10', 'no'],
    ['10', 'at-most', 10, 'yes'],
    ['-3.5', 'more', -4, 'yes'],
    [80, 'at-least', '80', 'yes'],
    [79.9, 'at-least', '80', 'no'],
    ['warm', 'more', 4, 'unknown'],
    ['', 'less', 4, 'unknown'],
    [true, 'less', 4, 'unknown'],
    ['Living Room', 'contains', 'room', 'yes'],
    ['Kitchen', 'contains', 'room', 'no'],
    [['A', 'b'], 'contains', 'B', 'yes'],
    [['A', 'b'], 'contains', 'c', 'no'],
    ['anything', 'contains', '', 'unknown'],
    [{ a: 1 }, 'contains', 'a', 'unknown'],
    ['sensor_12', 'matches', '^SENSOR_\\d+$', 'yes'],
    ['sensor_x', 'matches', '^sensor_\\d+$', 'no'],
    ['x', 'matches', '(', 'unknown'],
    ['on', 'true', undefined, 'yes'],
    [0, 'true', undefined, 'no'],
    ['0', 'true', undefined, 'no'],
    ['maybe', 'true', undefined, 'unknown'],
    ['OFF', 'false', undefined, 'yes'],
    [true, 'false', undefined, 'no'],
    ['', 'empty', undefined, 'yes'],
    [[], 'empty', undefined, 'yes'],
    [{}, 'empty', undefined, 'yes'],
    [null, 'empty', undefined, 'yes'],
    [0, 'empty', undefined, 'no'],
    [['x'], 'not-empty', undefined, 'yes'],
    [' ', 'not-empty', undefined, 'no'],
    ['on', 'is', undefined, 'unknown'],
    ['on', 'louder' as Operator, 'off', 'unknown'],
  ])('%j %s %j: %s', async (found, operator, than, answer) => {
    const { answer: said, reason } = await compared(found, operator, than);
    expect(said).toBe(answer);
    expect(reason).toMatch(/^[^{}]+$/);
    expect(reason).not.toMatch(/^checks:/);
  });

  test.each<Operator>(['is', 'is-not', 'less', 'false', 'empty', 'not-empty'])(
    'what nobody knows is unknown, also for %s',
    async (operator) => {
      for (const nothing of [undefined, Number.NaN, 'unavailable', 'Unknown', { state: 'unavailable' }])
        expect((await compared(nothing, operator, 'on')).answer).toBe('unknown');
    },
  );

  test('says what it found', async () => {
    expect((await compared('off', 'is', 'on')).reason).toBe('flow.it is “off”, not “on”.');
    expect((await compared(7, 'at-least', 10)).reason).toBe('flow.it is 7; it should be at least 10.');
    expect((await compared(undefined, 'true')).reason).toBe('flow.it has no value.');
    expect((await compared('x\n'.repeat(100), 'true')).reason.length).toBeLessThan(120);
  });

  test('a variable of the environment is not shown', async () => {
    const of: HouseValue = { type: 'env', value: 'TOKEN' };
    const { reason } = await look({ TOKEN: { value: 'hush' } }, { of, than: { type: 'str', value: 'x' } });
    expect(reason).not.toContain('hush');
  });

  test('a pattern that would take for ever is given up', async () => {
    // Without the limit this test would not end.
    const { answer, reason } = await compared(`${'a'.repeat(60)}b`, 'matches', '^(a+)+$');
    expect(answer).toBe('unknown');
    expect(reason).toContain('takes too long');
    expect((await compared('a', 'matches', 'a'.repeat(201))).answer).toBe('unknown');
    expect((await compared('a'.repeat(10_001), 'matches', 'a')).answer).toBe('unknown');
  });
});

describe('an entity of Home Assistant', () => {
  const entity = { state: 'on', last_updated: '2026-03-04T11:58:00Z', last_changed: '2026-03-04T09:00:00Z' };
  const on = { than: { type: 'str', value: 'on' } } as const;

  test('is its state, also in an event and beside another', async () => {
    expect((await compared(entity, 'is', 'on')).answer).toBe('yes');
    expect((await compared({ entity_id: 'a.b', new_state: entity }, 'true')).answer).toBe('yes');
    expect((await compared(entity, 'is', { ...entity, state: 'ON' })).answer).toBe('yes');
  });

  test('is as old as its last update', async () => {
    const held = { it: { value: entity } };
    expect((await look(held, { ...on, notOlderThan: '5m' })).answer).toBe('yes');
    expect((await look(held, { ...on, notOlderThan: '1m' })).answer).toBe('unknown');
  });
});

describe('a state that must not be too old', () => {
  const stale = { than: { type: 'str', value: 'on' }, notOlderThan: '5m' } as const;
  const now = Date.parse(NOW);

  test.each<[string, FoundValue, CheckAnswer]>([
    ['arrived a minute ago', { value: 'on', sinceMs: now - 60_000 }, 'yes'],
    ['arrived exactly then', { value: 'on', sinceMs: now - 300_000 }, 'yes'],
    ['arrived an hour ago', { value: 'on', sinceMs: now - 3_600_000 }, 'unknown'],
    ['nobody knows when', { value: 'on' }, 'unknown'],
    [
      'its own time counts, not that of the arrival',
      { value: { state: 'on', at: 1 }, sinceMs: now },
      'unknown',
    ],
    ['time in ms', { value: { state: 'on', ts: now - 1000 } }, 'yes'],
    ['time in seconds', { value: { state: 'on', ts: now / 1000 - 10 } }, 'yes'],
    ['time as text', { value: { state: 'on', time: '2026-03-04T11:59:00Z' } }, 'yes'],
    ['another thing called time', { value: { state: 'on', time: 'noon' } }, 'unknown'],
    ['clocks a little apart', { value: { state: 'on', ts: now + 30_000 } }, 'yes'],
    ['from the future', { value: { state: 'on', ts: now + 3_600_000 } }, 'unknown'],
  ])('%s', async (_what, it, answer) => {
    expect((await look({ it }, stale)).answer).toBe(answer);
  });

  test('says how old it is', async () => {
    const { reason } = await look({ it: { value: 'on', sinceMs: now - 3 * 3_600_000 } }, stale);
    expect(reason).toBe('flow.it said “on”, but 3 hr ago; at most 5m is allowed.');
  });

  test('takes the time from where the user says it stands', async () => {
    const since = flow('when');
    const at = (value: unknown): Promise<Verdict> =>
      look({ it: { value: 'on', sinceMs: now }, when: { value } }, { ...stale, since });
    expect((await at(now - 60_000)).answer).toBe('yes');
    expect((await at(new Date(now - 60_000))).answer).toBe('yes');
    expect((await at('2026-03-04T09:00:00Z')).answer).toBe('unknown');
    expect((await at(undefined)).reason).toMatch(/nobody knows since when/);
  });

  test('a limit that is no duration is unknown', async () => {
    const found = await look({ it: { value: 'on', sinceMs: now } }, { ...stale, notOlderThan: 'fresh' });
    expect(found).toMatchObject({ answer: 'unknown', reason: expect.stringContaining('“fresh”') });
  });
});

describe('a house that does not answer', () => {
  const checkWith = (readValue: NonNullable<CheckContext['readValue']>, clock: FakeClock): Promise<Verdict> =>
    checkState(
      { kind: 'state', of: flow('it'), operator: 'true' },
      { language: 'en-US', clock, sources: [], mayAct: true, readValue },
      LOOK,
    );

  test('a store that throws', async () => {
    const found = await checkWith(() => Promise.reject(new Error('no such store')), new FakeClock(NOW));
    expect(found).toEqual({ answer: 'unknown', reason: 'flow.it could not be read: no such store' });
  });

  test('a store that never answers', async () => {
    const clock = new FakeClock(NOW);
    const looking = checkWith(() => new Promise(() => {}), clock);
    await settled();
    await clock.pass(2000);
    expect(await looking).toEqual({ answer: 'unknown', reason: 'flow.it could not be read within 2 s.' });
  });

  test('no Node-RED at all', async () => {
    const context: CheckContext = {
      language: 'en-US',
      clock: new FakeClock(NOW),
      sources: [],
      mayAct: true,
    };
    const found = await checkState({ kind: 'state', of: flow('it'), operator: 'true' }, context, LOOK);
    expect(found.answer).toBe('unknown');
  });
});
