import type { Clock } from '../clock.ts';
import { pause } from '../clock.ts';
import type { CheckResult } from './check.ts';

/** Looks that a hold time is divided into. */
const LOOKS = 4;
const SHORTEST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/**
 * Looks until the answer has been yes for `holdMs` without a break, by the pauses between looks; any other answer ends
 * it and is the answer. Undefined when the signal was aborted meanwhile.
 */
export async function held(
  look: () => Promise<CheckResult>,
  holdMs: number,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal },
): Promise<CheckResult | undefined> {
  const step = Math.min(Math.max(holdMs / LOOKS, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
  for (let heldMs = 0; ; ) {
    const result = await look();
    if (result.answer !== 'yes' || heldMs >= holdMs) return result;
    const next = Math.max(Math.min(step, holdMs - heldMs), SHORTEST_PAUSE_MS);
    if (!(await pause(next, clock, signal))) return undefined;
    heldMs += next;
  }
}
