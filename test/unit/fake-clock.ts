import type { Clock } from '../../src/lib/clock.ts';
import { LONGEST_TIMER_MS } from '../../src/lib/clock.ts';

/** More timers than these at one moment never come to an end. */
const MOST_AT_ONCE = 1000;

interface Timer {
  readonly at: number;
  readonly fn: () => void;
}

/**
 * Time that tests move by hand. Timers count awake time, as those of a computer do; the wall clock goes along with it
 * and can be set besides.
 */
export class FakeClock implements Clock {
  private wall: number;
  private awake = 0;
  private readonly timers = new Set<Timer>();
  /** Lets everything that a timer set off come to rest. */
  private readonly settle: () => Promise<void>;

  constructor(at: string, settle: () => Promise<void> = settled) {
    this.wall = Date.parse(at);
    this.settle = settle;
  }

  now(): number {
    return this.wall;
  }

  after(ms: number, fn: () => void): () => void {
    if (!(ms >= 0 && ms <= LONGEST_TIMER_MS)) throw new RangeError(`a timer of ${ms} ms would fire at once`);
    const timer = { at: this.awake + ms, fn };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** The machine is awake for so long. */
  async pass(ms: number): Promise<void> {
    const end = this.awake + ms;
    let atOnce = 0;
    for (let next = this.nextTimer(end); next !== undefined; next = this.nextTimer(end)) {
      this.timers.delete(next);
      atOnce = next.at === this.awake ? atOnce + 1 : 0;
      if (atOnce > MOST_AT_ONCE) throw new Error('a hot loop: timers without end and without a delay');
      this.wall += next.at - this.awake;
      this.awake = next.at;
      next.fn();
      await this.settle();
    }
    this.wall += end - this.awake;
    this.awake = end;
  }

  /** The wall clock moves and nothing else does: a suspended machine, NTP, a person. */
  jump(ms: number): void {
    this.wall += ms;
  }

  get pendingTimers(): number {
    return this.timers.size;
  }

  private nextTimer(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers)
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  }
}

/** Resolves when all that only waits for promises has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
