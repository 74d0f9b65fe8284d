import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CheckAnswer, CheckGroup, CheckResult, CheckSpec } from '../../src/lib/checks/check.ts';
import { isGroup } from '../../src/lib/checks/check.ts';
import { firstObstacle } from '../../src/lib/checks/obstacle.ts';
import { runChecks } from '../../src/lib/checks/run-checks.ts';
import { settled } from './fake-clock.ts';
import type { Behaviour } from './leaf-stand-in.ts';
import { leafThat, leavesOf, StandIn } from './leaf-stand-in.ts';

const BEHAVIOURS: Behaviour[] = ['yes', 'no', 'unknown', 'hang', 'throw'];
const KINDS: CheckGroup['kind'][] = ['all', 'any', 'at-least', 'none'];

/** Any tree of at most four levels, its leaves named in order. */
const tree: fc.Arbitrary<CheckSpec> = fc
  .letrec<{ spec: CheckSpec; leaf: CheckSpec; group: CheckSpec }>((tie) => ({
    leaf: fc.constantFrom(...BEHAVIOURS).map((behaviour) => leafThat(behaviour)),
    group: fc.record({
      kind: fc.constantFrom(...KINDS),
      checks: fc.array(tie('spec'), { maxLength: 4 }),
      count: fc.integer({ min: 1, max: 5 }),
      inOrder: fc.boolean(),
    }),
    spec: fc.oneof({ maxDepth: 4, depthIdentifier: 'tree' }, tie('leaf'), tie('group')),
  }))
  .spec.map((spec) => named(spec, { next: 0 }));

function named(spec: CheckSpec, names: { next: number }): CheckSpec {
  if (isGroup(spec)) return { ...spec, checks: spec.checks.map((check) => named(check, names)) };
  if (spec.kind !== 'marker') throw new Error('only markers here');
  names.next += 1;
  return { ...spec, path: spec.path.replace(/^.*:/, `${names.next}:`) };
}

/** The plain truth: 0 no, 1/2 unknown, 1 yes; nothing about order, time or early exits. */
function truth(spec: CheckSpec): number {
  if (!isGroup(spec)) {
    const behaviour = 'path' in spec ? spec.path?.split(':')[1] : undefined;
    if (behaviour === 'yes') return 1;
    return behaviour === 'no' ? 0 : 0.5;
  }
  return groupTruth(spec, spec.checks.map(truth));
}

function groupTruth({ kind, count = 0 }: CheckGroup, values: readonly number[]): number {
  if (values.length === 0) return 0.5;
  if (kind === 'all') return Math.min(...values);
  if (kind === 'any') return Math.max(...values);
  if (kind === 'none') return 1 - Math.max(...values);
  // The answer of the one that decides, were they sorted from the best to the worst.
  return values.toSorted((a, b) => b - a)[count - 1] ?? 0;
}

const ANSWERS: Record<number, CheckAnswer> = { 0: 'no', 0.5: 'unknown', 1: 'yes' };
const valueOf = ({ answer }: CheckResult): number => ({ no: 0, unknown: 0.5, yes: 1 })[answer];

/** Every way in which the checks that were not asked might have answered. */
function completions(values: readonly number[], total: number): number[][] {
  if (values.length >= total) return [[...values]];
  return [0, 0.5, 1].flatMap((next) => completions([...values, next], total));
}

/** Groups that ask in order asked no further than they had to. */
function expectThrift(spec: CheckSpec, result: CheckResult): void {
  if (!isGroup(spec) || spec.checks.length === 0) return;
  const parts = result.parts ?? [];
  if (spec.inOrder === true) {
    const possible = (seen: readonly CheckResult[]): Set<number> =>
      new Set(completions(seen.map(valueOf), spec.checks.length).map((values) => groupTruth(spec, values)));
    expect(possible(parts).size).toBe(1);
    if (parts.length > 0) expect(possible(parts.slice(0, -1)).size).toBeGreaterThan(1);
  } else {
    expect(parts).toHaveLength(spec.checks.length);
  }
  for (const [at, part] of parts.entries()) {
    const child = spec.checks[at];
    if (child !== undefined) expectThrift(child, part);
  }
}

describe('any tree with any mixture of answers, time-outs and errors', () => {
  test('has the answer of the plain truth, asks no more than it must, and shows what it asked', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (spec) => {
        const standIn = new StandIn();
        const result = await standIn.evaluateInTime(spec);
        expect(result.answer).toBe(ANSWERS[truth(spec)]);
        expect(result.reason).not.toBe('');
        expect(result.reason).not.toMatch(/^checks:|[{}]/);
        expect(
          leavesOf(result)
            .filter((name) => name !== '')
            .toSorted(),
        ).toEqual(standIn.asked.toSorted());
        expectThrift(spec, result);
        expect(standIn.clock.pendingTimers).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  test('never delays another evaluation', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (spec) => {
        const standIn = new StandIn();
        void standIn.evaluate(spec);
        await settled();
        // No time passes.
        expect(await standIn.evaluate(leafThat('yes'))).toMatchObject({ answer: 'yes' });
      }),
    );
  });
});

test('a check that hangs keeps no sibling from being asked, is given up, and its signal says so', async () => {
  const standIn = new StandIn();
  const checks = [leafThat('hang', 'nas'), leafThat('yes', 'usb')];
  const looking = standIn.evaluate({ kind: 'any', checks });
  await settled();
  expect(standIn.asked).toEqual(['nas', 'usb']);
  await standIn.clock.pass(120_000);
  expect(await looking).toMatchObject({ answer: 'yes', parts: [{ answer: 'unknown' }, { answer: 'yes' }] });
  expect(standIn.abandoned).toEqual(['nas']);
});

describe('the time limit of a group', () => {
  const limited = (kind: 'all' | 'any', ...behaviours: Behaviour[]): CheckGroup => ({
    kind,
    timeout: '3s',
    checks: behaviours.map((behaviour, at) => leafThat(behaviour, `${at}`)),
  });

  test('not decided in time is unknown, and what still runs is abandoned', async () => {
    const standIn = new StandIn();
    const looking = standIn.evaluate(limited('all', 'yes', 'hang'));
    await settled();
    await standIn.clock.pass(3000);
    expect(await looking).toMatchObject({
      answer: 'unknown',
      reason: 'The checks of a group had no certain answer within 3 s.',
      durationMs: 3000,
      parts: [{ answer: 'yes' }],
    });
    expect(standIn.abandoned).toEqual(['1']);
    expect(standIn.clock.pendingTimers).toBe(0);
  });

  test('what is certain by then is the answer', async () => {
    const standIn = new StandIn();
    const looking = standIn.evaluate(limited('any', 'hang', 'yes'));
    await settled();
    await standIn.clock.pass(3000);
    expect(await looking).toMatchObject({ answer: 'yes', reason: '1 says yes.' });
  });

  test.each(['soon', '0', '-1s'])('%s is no time limit', async (timeout) => {
    const result = await new StandIn().evaluate({ ...limited('all', 'yes'), timeout });
    expect(result).toMatchObject({ answer: 'unknown', reason: expect.stringContaining(`“${timeout}”`) });
  });
});

describe('the reason of a group', () => {
  const checks = [leafThat('yes', 'TV'), leafThat('no', 'Light'), leafThat('unknown', 'Fan')];
  const say = async (group: Omit<CheckGroup, 'checks'>, of: CheckSpec[] = checks): Promise<string> =>
    (await new StandIn().evaluate({ ...group, checks: of })).reason;

  test('says which check made the answer and why', async () => {
    expect(await say({ kind: 'all' })).toBe('Light says no.');
    expect(await say({ kind: 'any' })).toBe('TV says yes.');
    expect(await say({ kind: 'any' }, checks.slice(1, 2))).toBe('None of these holds: Light says no.');
    expect(await say({ kind: 'any' }, checks.slice(1))).toBe(
      'None of these is known to hold: Light says no. Fan says unknown.',
    );
    expect(await say({ kind: 'none' })).toBe('Should not be the case: TV says yes.');
    expect(await say({ kind: 'none' }, checks.slice(1, 2))).toMatch(/as it should be: Light says no\.$/);
    expect(await say({ kind: 'at-least', count: 3 })).toBe('1 of 3 needed: Light says no. Fan says unknown.');
    expect(await say({ kind: 'at-least', count: 2 })).toMatch(/^1 of 2 needed, and not all could be told: /);
  });

  test('the same in Chinese', async () => {
    const spec: CheckSpec = { kind: 'any', checks: checks.slice(1, 2) };
    const { reason } = await new StandIn().evaluate(spec, { language: 'zh-CN' });
    expect(reason).toBe('以下条件均不成立：Light says no.');
  });

  test('is not longer than a person reads', async () => {
    const many = Array.from({ length: 150 }, (_, at) => leafThat('no', `check number ${at}`));
    const reason = await say({ kind: 'any' }, many);
    expect(reason.length).toBeLessThanOrEqual(500);
    expect(reason.endsWith('…')).toBe(true);
  });

  test('a group that says nothing useful is unknown', async () => {
    expect(await say({ kind: 'none' }, [])).toMatch(/^A group has no checks/);
    for (const count of [0, -1, 1.5, Number.NaN])
      expect(await say({ kind: 'at-least', count })).toMatch(/^A group does not say how many/);
    expect(await say({ kind: 'at-least' })).toMatch(/^A group does not say how many/);
  });
});

describe('what is in the way of a report', () => {
  const obstacle = async (spec: CheckSpec): Promise<string | undefined> => {
    const result = await new StandIn().evaluate(spec);
    return firstObstacle({ passed: false, results: [result], reason: '' })?.reason;
  };

  test('is a check, however deep', async () => {
    const inner: CheckSpec = { kind: 'all', checks: [leafThat('unknown', 'a'), leafThat('no', 'b')] };
    expect(await obstacle({ kind: 'all', checks: [leafThat('yes'), inner] })).toBe('b says no.');
    expect(await obstacle({ kind: 'any', checks: [leafThat('no', 'c'), inner] })).toBe('c says no.');
    expect(await obstacle(leafThat('yes'))).toBeUndefined();
  });

  test('is the group where only a yes is in the way', async () => {
    expect(await obstacle({ kind: 'none', checks: [leafThat('no'), leafThat('yes', 'TV')] })).toBe(
      'Should not be the case: TV says yes.',
    );
    expect(await obstacle({ kind: 'none', checks: [leafThat('no'), leafThat('unknown', 'TV')] })).toBe(
      'TV says unknown.',
    );
  });
});

describe('bounds', () => {
  const context = { language: 'en-US', clock: new StandIn().clock, sources: [], mayAct: true } as const;
  const reasonOf = async (specs: unknown[]): Promise<string> => {
    const { passed, reason } = await runChecks(specs as CheckSpec[], context);
    expect(passed).toBe(false);
    return reason;
  };
  const deep = (levels: number): CheckSpec => {
    let spec: CheckSpec = { kind: 'state', of: { type: 'str', value: 'on' }, operator: 'true' };
    for (let level = 0; level < levels; level += 1) spec = { kind: 'all', checks: [spec] };
    return spec;
  };

  test('groups go eight deep, and a hundred thousand do no harm', async () => {
    expect(await reasonOf([deep(8)])).toMatch(/is not known here/);
    expect(await reasonOf([deep(9)])).toMatch(/nested too deeply \(at most 8 levels\)/);
    expect(await reasonOf([deep(100_000)])).toMatch(/nested too deeply/);
  });

  test('two hundred checks and groups are looked at, and not one more', async () => {
    const of = (count: number): CheckSpec[] => Array.from({ length: count }, () => deep(0));
    expect(await reasonOf([{ kind: 'all', checks: of(199) }])).toMatch(/is not known here/);
    expect(await reasonOf([{ kind: 'any', checks: of(200) }])).toMatch(/too many checks \(at most 200\)/);
  });

  test.each([
    [null],
    ['mount'],
    [{}],
    [{ kind: 7 }],
    [{ kind: 'all' }],
    [{ kind: 'any', checks: {} }],
    [{ kind: 'none', checks: [null] }],
    [{ kind: 'source', path: 7 }],
    [{ kind: 'any', checks: [], hold: {} }],
    [{ kind: 'state' }],
    [{ kind: 'state', of: { type: 'flow' } }],
  ])('%j is unknown', async (damaged) => {
    expect(await reasonOf([damaged])).toMatch(/cannot be read/);
  });

  test.each([
    { kind: 'mount' },
    { kind: 'port', host: {}, port: 'x' },
    { kind: 'http', url: {} },
    { kind: 'time', from: {}, to: [] },
    { kind: 'marker', path: 1, timeout: 7 },
    { kind: 'writable', path: '/', hold: {} },
    { kind: 'command', command: {}, arguments: 3 },
    { kind: 'state', of: { type: 'moon', value: 'x' }, operator: 'is' },
  ])('%j never rejects and never passes', async (odd) => {
    const systemLike = { ...context, clock: { now: () => 0, after: () => () => {} } };
    const { passed } = await runChecks([odd as unknown as CheckSpec], systemLike);
    expect(passed).toBe(false);
  });
});

describe("the plan's device", () => {
  const device: CheckSpec = { kind: 'mount', path: '/nowhere/usb' };
  const house = (value: string): CheckSpec => ({
    kind: 'state',
    of: { type: 'str', value },
    operator: 'is',
    than: { type: 'str', value: 'on' },
  });
  const readValue = async ({ value }: { value: string }): Promise<{ value: string }> => ({ value });

  const runWith = async (
    specs: CheckSpec[],
    needDevice: () => Promise<void>,
    options: { inOrder?: boolean } = { inOrder: true },
  ): ReturnType<typeof runChecks> => {
    const clock = { now: () => 0, after: () => () => {} };
    return runChecks(
      specs,
      { language: 'en-US', clock, sources: ['/nowhere/at/all'], mayAct: true, readValue, needDevice },
      options,
    );
  };

  test('is asked for once a look, before the first check of it', async () => {
    const calls: string[] = [];
    const need = async (): Promise<void> => void calls.push('device');
    await runWith([house('on'), device, { kind: 'any', checks: [device, device] }], need, {});
    expect(calls).toEqual(['device']);
  });

  test('is left alone while the house says no before it, or does not know', async () => {
    const need = async (): Promise<void> => {
      throw new Error('nobody may switch it on');
    };
    const off = await runWith([house('off'), device], need);
    expect(off.results.map(({ kind, answer }) => [kind, answer])).toEqual([['state', 'no']]);
    const unknown = await runWith([house('unavailable'), device], need);
    expect(unknown.results.map(({ kind, answer }) => [kind, answer])).toEqual([['state', 'unknown']]);
  });

  test('that cannot be had makes its checks unknown and says why', async () => {
    const need = async (): Promise<void> => {
      throw new Error('The plug did not switch on.');
    };
    const found = await runWith([house('on'), device], need);
    expect(found).toMatchObject({ passed: false, reason: 'The plug did not switch on.' });
    expect(found.results[1]).toMatchObject({ kind: 'mount', subject: '/nowhere/usb', answer: 'unknown' });
    expect((await runWith([], need)).results[0]).toMatchObject({ kind: 'sources', answer: 'unknown' });
  });

  test('that hangs holds nothing else back, and is left when the look is cancelled', async () => {
    const cancel = new AbortController();
    const looking = runChecks([device, house('off')], {
      language: 'en-US',
      clock: { now: () => 0, after: () => () => {} },
      sources: [],
      mayAct: true,
      readValue,
      needDevice: () => new Promise(() => {}),
      signal: cancel.signal,
    });
    await settled();
    cancel.abort();
    const { results } = await looking;
    expect(results.map(({ answer }) => answer)).toEqual(['unknown', 'no']);
  });
});
