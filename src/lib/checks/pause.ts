import type { Clock } from '../clock.ts';

/** True after `ms`, false as soon as the signal is aborted. */
export function pause(ms: number, clock: Clock, signal: AbortSignal | undefined): Promise<boolean> {
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
