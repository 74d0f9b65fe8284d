import { describe, expect, test } from 'vitest';
import type { CheckReport } from '../../src/lib/checks/check.ts';
import type { LookResult } from '../../src/lib/checks/wait-for.ts';
import { lookUntil } from '../../src/lib/checks/wait-for.ts';
import type { Clock } from '../../src/lib/clock.ts';

const NO: CheckReport = { passed: false, results: [], reason: 'no drive' };
const YES: CheckReport = { passed: true, results: [], reason: '' };

/** A clock on which every wait is over at once. */
class SkippingClock implements Clock {
  time = 0;
  readonly waits: number[] = [];
  now(): number {
    return this.time;
  }
  after(ms: number, fn: () => void): () => void {
    this.waits.push(ms);
    this.time += ms;
    queueMicrotask(fn);
    return () => {};
  }
}

function wait(
  clock: SkippingClock,
  look: (at: number) => CheckReport,
  limits: { upToMs: number; everyMs: number },
): Promise<LookResult> {
  return lookUntil({ ...limits, clock, look: () => Promise.resolve(look(clock.time)) });
}

describe('waiting for a drive', () => {
  test('looks again until it is there', async () => {
    const clock = new SkippingClock();
    const result = await wait(clock, (at) => (at >= 60_000 ? YES : NO), { upToMs: 300_000, everyMs: 30_000 });
    expect(result).toEqual({ ended: 'passed', report: YES, looks: 3 });
    expect(clock.waits).toEqual([30_000, 30_000]);
  });

  test('ends at the time limit, with a last look at that moment', async () => {
    const clock = new SkippingClock();
    const result = await wait(clock, () => NO, { upToMs: 70_000, everyMs: 30_000 });
    expect(result).toEqual({ ended: 'time-limit', report: NO, looks: 4 });
    expect(clock.waits).toEqual([30_000, 30_000, 10_000]);
  });

  test('looks once without a limit to wait for', async () => {
    const clock = new SkippingClock();
    expect(await wait(clock, () => NO, { upToMs: 0, everyMs: 30_000 })).toMatchObject({ looks: 1 });
    expect(clock.waits).toEqual([]);
  });

  test('never loops hot', async () => {
    const clock = new SkippingClock();
    expect(await wait(clock, () => NO, { upToMs: 3000, everyMs: 0 })).toMatchObject({ looks: 4 });
  });

  test('a clock that is set back does not make it wait for ever', async () => {
    const clock = new SkippingClock();
    const look = (): CheckReport => {
      clock.time -= 86_400_000;
      return NO;
    };
    expect(await wait(clock, look, { upToMs: 60_000, everyMs: 30_000 })).toMatchObject({ looks: 3 });
  });

  test('tells every report as it comes', async () => {
    const heard: [number, boolean][] = [];
    const clock = new SkippingClock();
    await lookUntil({
      look: () => Promise.resolve(clock.time > 0 ? YES : NO),
      upToMs: 60_000,
      everyMs: 30_000,
      clock,
      onLook: (report, look) => heard.push([look, report.passed]),
    });
    expect(heard).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  test('cancelled while it waits: over at once, the timer too', async () => {
    const cancel = new AbortController();
    let timers = 0;
    const clock: Clock = {
      now: () => 0,
      after: () => {
        timers++;
        queueMicrotask(() => cancel.abort());
        return () => timers--;
      },
    };
    const look = (): Promise<CheckReport> => Promise.resolve(NO);
    const result = await lookUntil({ look, upToMs: 60_000, everyMs: 30_000, clock, signal: cancel.signal });
    expect(result).toEqual({ ended: 'cancelled', report: NO, looks: 1 });
    expect(timers).toBe(0);
  });

  test('cancelled during a look: no further look', async () => {
    const cancel = new AbortController();
    const look = (): Promise<CheckReport> => {
      cancel.abort();
      return Promise.resolve(NO);
    };
    const clock = new SkippingClock();
    const result = await lookUntil({ look, upToMs: 60_000, everyMs: 30_000, clock, signal: cancel.signal });
    expect(result).toMatchObject({ ended: 'cancelled', looks: 1 });
    expect(clock.waits).toEqual([]);
  });
});
