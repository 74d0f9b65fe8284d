import type { Clock } from '../src/clock.ts';

/** A clock that stands until it is moved. */
export class FakeClock implements Clock {
  #now = Date.parse('2026-11-29T12:00:00Z');
  readonly #timers = new Set<{ at: number; call: () => void }>();

  /** Delays of the timers that run, in order. */
  get waiting(): number[] {
    return [...this.#timers].map(({ at }) => at - this.#now).toSorted((a, b) => a - b);
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves on; what falls due is called in its order. */
  move(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.call();
    }
    this.#now = end;
  }
}
