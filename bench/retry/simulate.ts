import type { Policy, Watcher } from './policies.ts';
import { DAY_MS, HOUR_MS, type Presence } from './presence.ts';

/** A backup takes so long, ms. */
const BACKUP_MS = 600_000;
const AGE_STEP_MS = HOUR_MS / 2;

/** What was seen of one policy, added up over traces; times in hours. */
export interface Tally {
  /** From when the device could first have been used to the begin of the backup, for each debt that had to wait. */
  readonly delays: number[];
  /** Attempts that found nothing, in waits. */
  wasted: number;
  used: number;
  missed: number;
  /** Ages of the last success, by half-hour. */
  readonly ages: number[];
}

export function newTally(): Tally {
  return { delays: [], wasted: 0, used: 0, missed: 0, ages: [] };
}

/** How often a backup is owed, and when first, ms after the begin of the day. */
export interface Schedule {
  readonly everyMs: number;
  readonly phaseMs: number;
}

/** Lives through a trace. Without a policy: as somebody who knows when the device comes. */
export function simulate(
  trace: Presence,
  { everyMs, phaseMs }: Schedule,
  policy: Policy | undefined,
  tally: Tally,
): void {
  const { windows, end } = trace;
  const watcher = policy?.();
  let cursor = 0;
  const windowAt = (at: number): number => {
    while (cursor < windows.length && (windows[cursor]?.[1] ?? 0) <= at) cursor += 1;
    return cursor;
  };
  const fits = (index: number, at: number): boolean => {
    const [from, to] = windows[index] ?? [Infinity, Infinity];
    return Math.max(from, at) + BACKUP_MS <= to;
  };
  const slotAfter = (at: number): number => (Math.floor((at - phaseMs) / everyMs) + 1) * everyMs + phaseMs;
  const waited = (whom: Watcher, since: number): { at: number; n: number } => {
    let at = since;
    let n = 0;
    while (at < end) {
      const [from, to] = windows[windowAt(at)] ?? [Infinity, Infinity];
      const there = from <= at;
      whom.sees(at, there);
      if (there && at + BACKUP_MS <= to) break;
      n += 1;
      at = Math.max(whom.next(at, since, n), there ? to : at + 1000);
    }
    return { at, n };
  };
  const successes: number[] = [];
  let due = slotAfter(trace.begin);
  while (due < end) {
    let first = windowAt(due);
    while (first < windows.length && !fits(first, due)) first += 1;
    const soonest = Math.max(due, windows[first]?.[0] ?? end);
    if (soonest + BACKUP_MS >= end) break;
    const { at, n } = watcher === undefined ? { at: soonest, n: 0 } : waited(watcher, due);
    const success = Math.min(at, end);
    if (soonest > due) {
      tally.delays.push((success - soonest) / HOUR_MS);
      tally.wasted += n;
      for (let one = first; one < windows.length && (windows[one]?.[1] ?? 0) <= success; one += 1) {
        if (fits(one, due)) tally.missed += 1;
      }
      if (at < end) tally.used += 1;
    }
    if (at < end) successes.push(success);
    due = slotAfter(success + BACKUP_MS);
  }
  countAges(successes, end, tally);
}

function countAges(successes: readonly number[], end: number, tally: Tally): void {
  let last = 0;
  for (let at = successes[0] ?? end; at < end; at += AGE_STEP_MS) {
    while ((successes[last + 1] ?? Infinity) <= at) last += 1;
    tally.ages.push((at - (successes[last] ?? at)) / HOUR_MS);
  }
}

/** Daily from 3 in the morning on, or hourly for a device that is nearly always there; `phase` of that, [0, 1), later. */
export function scheduleFor(trace: Presence, phase: number): Schedule {
  const up = trace.windows.reduce((sum, [from, to]) => sum + to - from, 0);
  const isSteady = up / (trace.end - trace.begin) > 0.85;
  return isSteady
    ? { everyMs: HOUR_MS, phaseMs: Math.round(phase * HOUR_MS) }
    : { everyMs: DAY_MS, phaseMs: Math.round(((3 + phase * 24) % 24) * HOUR_MS) };
}
