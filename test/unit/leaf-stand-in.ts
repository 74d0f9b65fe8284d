import type { CheckAnswer, CheckLeaf, CheckResult, CheckSpec } from '../../src/lib/checks/check.ts';
import type { CheckContext } from '../../src/lib/checks/context.ts';
import type { LeafLook } from '../../src/lib/checks/evaluate.ts';
import { evaluate } from '../../src/lib/checks/evaluate.ts';
import { FakeClock, settled } from './fake-clock.ts';

/** What a check of a test does when it is asked. */
export type Behaviour = CheckAnswer | 'hang' | 'throw';

/** A check that behaves so; `name` tells it from others. */
export function leafThat(behaviour: Behaviour, name: string = behaviour): CheckLeaf {
  return { kind: 'marker', path: `${name}:${behaviour}` };
}

/** Checks that do as they were told, and remember that they were asked. */
export class StandIn {
  readonly clock: FakeClock = new FakeClock('2026-03-01T12:00:00Z');
  /** In the order of asking. */
  readonly asked: string[] = [];
  /** Checks whose signal was aborted while they hung. */
  readonly abandoned: string[] = [];
  /** Overrides what a name says, from now on. */
  readonly now: Map<string, Behaviour> = new Map();

  readonly look: LeafLook = async (spec, { signal }) => {
    const [name = '', told = ''] = ('path' in spec ? (spec.path ?? '') : '').split(':');
    this.asked.push(name);
    const behaviour = this.now.get(name) ?? (told as Behaviour);
    if (behaviour === 'throw') throw new Error(`${name} broke`);
    if (behaviour === 'hang') {
      signal?.addEventListener('abort', () => this.abandoned.push(name));
      return new Promise<CheckResult>(() => {});
    }
    const reason = `${name} says ${behaviour}.`;
    return { kind: 'marker', subject: name, answer: behaviour, reason, durationMs: 0 };
  };

  evaluate(spec: CheckSpec, more: Partial<CheckContext> = {}): Promise<CheckResult> {
    const context = { language: 'en-US', clock: this.clock, sources: [], mayAct: true, ...more } as const;
    return evaluate(spec, context, this.look);
  }

  /** The answer of an evaluation that may have to wait for time limits. */
  async evaluateInTime(spec: CheckSpec): Promise<CheckResult> {
    const results: CheckResult[] = [];
    const evaluating = this.evaluate(spec).then((result) => results.push(result));
    await settled();
    for (let waited = 0; results.length === 0 && waited < 1000; waited += 1) await this.clock.pass(120_000);
    await evaluating;
    const [found] = results;
    if (found === undefined) throw new Error('no answer');
    return found;
  }
}

/** Every leaf in a result, by name. */
export function leavesOf({ parts, subject }: CheckResult): string[] {
  return parts === undefined ? [subject.split(':')[0] ?? ''] : parts.flatMap(leavesOf);
}
