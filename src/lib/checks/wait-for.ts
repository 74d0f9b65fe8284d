import type { Clock } from '../clock.ts';
import { LONGEST_TIMER_MS } from '../clock.ts';
import type { CheckReport } from './check.ts';
import { pause } from './pause.ts';

/** How to wait for checks to pass. */
export interface LookOptions {
  /** One look. */
  readonly look: () => Promise<CheckReport>;
  /** No look begins later than this after the first; 0: look once. ms. */
  readonly upToMs: number;
  /** From the end of a look to the beginning of the next, ms. At least one second is kept. */
  readonly everyMs: number;
  readonly clock: Clock;
  /** Aborted: no further look. */
  readonly signal?: AbortSignal;
  /** Hears every report as it comes. */
  readonly onLook?: (report: CheckReport, look: number) => void;
}

/** How the waiting ended. */
export interface LookResult {
  readonly ended: 'passed' | 'time-limit' | 'cancelled';
  /** Of the last look. */
  readonly report: CheckReport;
  readonly looks: number;
}

const SHORTEST_PAUSE_MS = 1000;

/** Looks until the checks pass, the time is up or the signal says so; the last look is at the time limit itself. */
export async function lookUntil(options: LookOptions): Promise<LookResult> {
  const { look, clock, signal } = options;
  const last = clock.now() + options.upToMs;
  let paused = 0;
  for (let looks = 1; ; looks++) {
    const report = await look();
    options.onLook?.(report, looks);
    if (report.passed) return { ended: 'passed', report, looks };
    if (signal?.aborted === true) return { ended: 'cancelled', report, looks };
    // By the wall clock, for machines that sleep; by the pauses, for clocks that are set back.
    const left = Math.min(last - clock.now(), options.upToMs - paused);
    if (left <= 0) return { ended: 'time-limit', report, looks };
    const next = Math.min(Math.max(options.everyMs, SHORTEST_PAUSE_MS), left, LONGEST_TIMER_MS);
    if (!(await pause(next, clock, signal))) return { ended: 'cancelled', report, looks };
    paused += next;
  }
}
