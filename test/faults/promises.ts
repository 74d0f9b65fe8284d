import type { PlanState, SuccessRecord } from '../../src/lib/plan/state.ts';
import type { ListedSnapshot } from '../runtime/restic.ts';
import type { PromiseNumber } from './counts.ts';

/** A state as it reached the disk. */
export interface Entry {
  /** Process number of the Node-RED that wrote it. */
  readonly life: number;
  readonly label: string;
  readonly state: PlanState;
}

/** A promise that was not kept, in words. */
export interface Broken {
  readonly promise: PromiseNumber;
  readonly what: string;
}

const time = (at: string | null): number => (at === null ? Number.NEGATIVE_INFINITY : Date.parse(at));

/** What two states of a plan that followed each other on the disk may not differ in. */
function betweenStates({ state: before }: Entry, { state: after, label }: Entry): Broken[] {
  const broken: Broken[] = [];
  const say = (promise: PromiseNumber, what: string): void => {
    broken.push({ promise, what: `revision ${after.revision} (${label}): ${what}` });
  };
  if (after.revision !== before.revision + 1) say(1, `follows revision ${before.revision}`);
  if (time(after.lastSuccessAt) < time(before.lastSuccessAt)) {
    say(1, `the last success went from ${before.lastSuccessAt} to ${after.lastSuccessAt}`);
  }
  if (before.lastSuccess !== null && after.lastSuccess === null) say(1, 'the last success was lost');
  if (after.lastSuccess?.at !== (after.lastSuccessAt ?? undefined)) say(1, 'two last successes');
  for (const field of ['lastFailureAt', 'lastBlockedAt', 'lastCancelledAt', 'lastPartialAt'] as const) {
    if (time(after[field]) < time(before[field])) say(1, `${field} went back`);
  }
  const isPaid = after.lastSuccess?.snapshotId !== before.lastSuccess?.snapshotId;
  const isOwed = time(before.dueAt) <= time(before.changedAt) && before.dueAt !== null;
  if (isOwed && !isPaid && after.dueAt !== before.dueAt) {
    say(2, `a debt moved from ${before.dueAt} to ${after.dueAt} without a backup`);
  }
  if (before.run !== null && after.run?.id === before.run.id) {
    const more = after.run.attempt - before.run.attempt;
    if (more < 0 || more > 1) say(3, `attempt ${before.run.attempt} was followed by ${after.run.attempt}`);
    if (before.pending !== null && more === 1 && after.run.attempt !== before.pending.attempt) {
      say(2, `attempt ${before.pending.attempt} was pending, ${after.run.attempt} was made`);
    }
    if (after.run.failures < before.run.failures) say(2, 'failures were forgotten');
  }
  if (before.run !== null && after.run !== null && after.run.id !== before.run.id) say(3, 'two runs at once');
  return broken;
}

/** What a death may not change, whatever comes first after it. */
function acrossDeath({ state: before }: Entry, { state: after }: Entry): Broken[] {
  return (['lastSuccess', 'dueAt', 'lastPartial', 'alerts'] as const)
    .filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
    .map((field) => ({ promise: field === 'lastSuccess' ? 1 : 2, what: `${field} did not survive` }));
}

/** Everything that the states of one plan, in the order in which they reached the disk, break. */
export function brokenByStates(entries: readonly Entry[]): Broken[] {
  const broken: Broken[] = [];
  for (const [index, entry] of entries.entries()) {
    const before = entries[index - 1];
    if (before === undefined) continue;
    broken.push(...betweenStates(before, entry));
    if (before.life !== entry.life) broken.push(...acrossDeath(before, entry));
  }
  return broken;
}

/** Attempts that were made for nothing: more than one for each thing that went wrong, and more than one run a wish. */
export function brokenByAttempts(entries: readonly Entry[], wishes: number, kills: number): Broken[] {
  const broken: Broken[] = [];
  const handedOut = entries.filter(({ label }) => label === 'handed-out');
  const runs = new Set(handedOut.map(({ state }) => state.run?.id));
  if (runs.size > wishes) broken.push({ promise: 3, what: `${runs.size} runs began, ${wishes} were wanted` });
  if (handedOut.length > wishes + kills) {
    broken.push({
      promise: 3,
      what: `${handedOut.length} attempts of ${runs.size} runs after ${kills} kills: ${handedOut.map(({ state }) => state.why).join(' | ')}`,
    });
  }
  return broken;
}

/** Each success that was stamped, once, oldest first. */
export function stamped(entries: readonly Entry[]): SuccessRecord[] {
  const seen = new Map<string, SuccessRecord>();
  for (const { state } of entries)
    if (state.lastSuccess !== null) seen.set(state.lastSuccess.snapshotId, state.lastSuccess);
  return [...seen.values()];
}

/**
 * Stamped successes that are not in the repository. `kept`: how many the plan's retention keeps; what it may have
 * removed is no violation.
 */
export function brokenBySnapshots(
  successes: readonly SuccessRecord[],
  snapshots: readonly ListedSnapshot[],
  plan: string,
  kept: number,
): Broken[] {
  const own = snapshots.filter(({ tags }) => tags?.includes(`plan:${plan}`));
  return successes.flatMap(({ snapshotId, at, run }, index): Broken[] => {
    const found = own.find(({ id }) => id === snapshotId);
    const isLast = index === successes.length - 1;
    if (found === undefined) {
      const newer = own.filter((other) => time(other.time) > time(at)).length;
      return !isLast && newer >= kept ? [] : [{ promise: 1, what: `snapshot ${snapshotId} is not there` }];
    }
    if (time(found.time) !== time(at))
      return [{ promise: 1, what: `snapshot ${snapshotId} is of ${found.time}, not ${at}` }];
    if (run !== null && !found.tags?.includes(`run:${run}`)) {
      return [{ promise: 1, what: `snapshot ${snapshotId} is not of run ${run}` }];
    }
    return [];
  });
}
