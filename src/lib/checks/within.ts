import type { Clock } from '../clock.ts';
import { LONGEST_TIMER_MS } from '../clock.ts';

/** How work that has a time limit ended; work that was late or cancelled goes on unheard, its signal aborted. */
export type Ending<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'late' }
  | { readonly kind: 'cancelled' };

/**
 * Waits for `work` for at most `limitMs` (not set: without a limit) or until the signal is aborted; then what `work`
 * was given is aborted as well. Rejects as `work` does.
 */
export async function within<T>(
  work: (signal: AbortSignal) => Promise<T>,
  limitMs: number | undefined,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<Ending<T>> {
  if (signal?.aborted === true) return { kind: 'cancelled' };
  const abandoned = new AbortController();
  let cancelTimer = (): void => {};
  let onAbort = (): void => {};
  const stopped = new Promise<Ending<T>>((resolve) => {
    const stop = (kind: 'late' | 'cancelled'): void => {
      resolve({ kind });
      abandoned.abort();
    };
    onAbort = () => stop('cancelled');
    signal?.addEventListener('abort', onAbort);
    if (limitMs !== undefined)
      cancelTimer = clock.after(Math.min(limitMs, LONGEST_TIMER_MS), () => stop('late'));
  });
  const finished = async (): Promise<Ending<T>> => ({ kind: 'done', value: await work(abandoned.signal) });
  try {
    return await Promise.race([finished(), stopped]);
  } finally {
    cancelTimer();
    signal?.removeEventListener('abort', onAbort);
  }
}
