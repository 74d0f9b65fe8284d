import type { PlanRecord } from './record.ts';
import { nextSlot } from './schedule.ts';
import type { RunState } from './state.ts';
import { freshBudgets } from './transitions.ts';

/** A start that is later than this pays for slots that were missed. */
const CATCH_UP_AFTER_MS = 5 * 60_000;

/** Starts what is owed at `now` (ms): a run, or the next attempt of the one that waits. */
export function startWhatIsOwed(record: PlanRecord, now: number): void {
  const { run, nextAttemptAt } = record.state;
  if (nextAttemptAt === null) return;
  if (run !== null) {
    if (run.phase === 'waiting') goOnWaiting(record, run, now);
    return;
  }
  const lateMs = now - Date.parse(nextAttemptAt);
  if (lateMs >= 0) record.startRun(lateMs > CATCH_UP_AFTER_MS ? 'catch-up' : 'schedule', {});
}

function goOnWaiting(record: PlanRecord, run: RunState, now: number): void {
  const { state, policy, sentences } = record;
  if (policy?.timeLimitMs != null && now - Date.parse(run.startedAt) >= policy.timeLimitMs) {
    void record.finish(run, record.endWithoutBackup(run), sentences.say('limit', { reason: run.reason }));
    return;
  }
  if (run.nextSlotAt !== null && Date.parse(run.nextSlotAt) <= now) {
    if (policy?.giveUpAtNextSlot === true) {
      // The slot that has come starts a run of its own.
      void record.finish(
        run,
        record.endWithoutBackup(run),
        sentences.say('newSlot', { reason: run.reason }),
        now,
      );
      return;
    }
    const dueAt = state.dueAt === null ? null : Date.parse(state.dueAt);
    void record.put(freshBudgets(state, run, nextSlot(record.settings.schedule, dueAt, now)));
    record.tryAgain();
    return;
  }
  if (state.pending !== null && Date.parse(state.pending.at) <= now) record.tryAgain();
}
