import { iso } from '../clock.ts';
import type { PlanRecord } from './record.ts';
import type { RunState } from './state.ts';
import { freshBudgets } from './transitions.ts';

/** A start that is later than this pays for slots that were missed. */
const CATCH_UP_AFTER_MS = 5 * 60_000;

/** Starts what is owed at `now` (ms): a run, or the next attempt of the one that waits. */
export function startWhatIsOwed(record: PlanRecord, now: number): void {
  const { run, nextAttemptAt } = record.state;
  if (run?.phase === 'waiting') goOnWaiting(record, run, now);
  if (run !== null || nextAttemptAt === null) return;
  const lateMs = now - Date.parse(nextAttemptAt);
  if (lateMs < 0) return;
  if (record.presence.isWhy(nextAttemptAt)) record.startRun('device', record.carried);
  else if (lateMs <= CATCH_UP_AFTER_MS) record.startRun('schedule', {});
  else if (record.settings.catchUp) record.startRun('catch-up', {});
  else waitForFollowingSlot(record, now);
}

function waitForFollowingSlot(record: PlanRecord, now: number): void {
  const next = record.followingSlot(now);
  const why = record.sentences.next(next, now);
  void record.put({ ...record.state, nextAttemptAt: next === null ? null : iso(next), why });
}

function goOnWaiting(record: PlanRecord, run: RunState, now: number): void {
  const { state, policy, sentences, decisions } = record;
  const { reason } = run;
  const end = decisions.endWithoutBackup(run);
  if (policy?.timeLimitMs != null && now - Date.parse(run.startedAt) >= policy.timeLimitMs) {
    void decisions.finish(run, end, { reason: sentences.say('limit', { reason }) });
    return;
  }
  if (run.nextSlotAt !== null && Date.parse(run.nextSlotAt) <= now) {
    if (policy?.giveUpAtNextSlot === true) {
      // The slot that has come starts a run of its own.
      const nextAttemptAt = Date.parse(run.nextSlotAt);
      void decisions.finish(run, end, { reason: sentences.say('newSlot', { reason }), nextAttemptAt });
      return;
    }
    void record.put(freshBudgets(state, run, record.followingSlot(now)));
    record.tryAgain();
    return;
  }
  if (state.pending === null || Date.parse(state.pending.at) <= now) record.tryAgain();
}
