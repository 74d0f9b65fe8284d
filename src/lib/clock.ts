/** The passage of time as the domain sees it. Tests pass in a clock that they move by hand. */
export interface Clock {
  /** Wall clock in ms since the epoch. May jump: suspend, NTP, a person. */
  now(): number;
  /**
   * Calls `fn` once after `ms` (0 to 2^31-1) milliseconds unless the returned function is called first.
   * A pending call does not keep the process alive.
   */
  after(ms: number, fn: () => void): () => void;
}

/** Longest delay that `setTimeout` honours (24.8 days); longer ones would fire at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** ISO 8601 in UTC with milliseconds: the form of every time in state and messages. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Resolves after `ms` with true, or with false as soon as the signal is aborted. */
export function pause(ms: number, clock: Clock, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted === true) return Promise.resolve(false);
  return new Promise((resolve) => {
    const cancelled = (): void => {
      cancelTimer();
      resolve(false);
    };
    const cancelTimer = clock.after(ms, () => {
      signal?.removeEventListener('abort', cancelled);
      resolve(true);
    });
    signal?.addEventListener('abort', cancelled, { once: true });
  });
}
