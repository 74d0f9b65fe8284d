/** Time, so that tests can move it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls once, so many milliseconds from now; returns what takes that back. */
  after(ms: number, call: () => void): () => void;
}

/** The machine's clock. Its timers do not keep a process alive that wants to end. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
