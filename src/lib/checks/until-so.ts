import { setTimeout as delay } from 'node:timers/promises';
import { aborted } from '../limit.ts';

/** Looks, with a pause in between, until it is so or the signal is aborted; false then. */
export async function untilSo(
  isSo: () => Promise<boolean>,
  everyMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const stopped = aborted(signal);
  while (!signal.aborted) {
    if (await isSo()) return true;
    await Promise.race([delay(everyMs, undefined, { ref: false }), stopped]);
  }
  return false;
}
