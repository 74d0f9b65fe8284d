import type { PendingAlert } from '../alerts/trouble.ts';
import { worded } from '../alerts/words.ts';
import { roughDuration } from '../duration.ts';
import type { Carried } from '../message.ts';
import { backupMessage } from './announcement.ts';
import { inTheWay } from './in-the-way.ts';
import type { PlanRecord } from './record.ts';

/** The message of an alert: ready for a phone, an e-mail or a house. It is about the first plan, or about all of them. */
export function alertMessage(records: readonly [PlanRecord, ...PlanRecord[]], alert: PendingAlert): Carried {
  const [first] = records;
  const { sentences, clock } = first;
  const now = clock.now();
  const { isAbsent, reason } = inTheWay(first.state);
  const oldest = records.toSorted((a, b) => goodAt(a) - goodAt(b))[0] ?? first;
  const { lastSuccessAt, dueAt } = oldest.state;
  const age = now - Date.parse(lastSuccessAt ?? dueAt ?? alert.since);
  const words = worded(
    alert,
    {
      plans: records.map(({ key, settings }) => ({ plan: key, name: settings.name })),
      device: first.device?.name ?? '',
      isAbsent,
      lastGood: lastSuccessAt === null ? '' : sentences.when(Date.parse(lastSuccessAt), now),
      age: roughDuration(Math.max(0, age), sentences.language),
      since: sentences.when(Date.parse(alert.since), now),
      reason: alert.kind === 'late' ? reason.slice(0, LONGEST_REASON) : alert.reason,
    },
    sentences.language,
  );
  const backup = backupMessage(first.state, 'alert', {
    alert: words,
    reason: words.text,
    failureClass: alert.failureClass,
  });
  return { topic: words.title, payload: words.text, backup };
}

/** Longest reason that an alert repeats, in characters. */
const LONGEST_REASON = 500;

function goodAt({ state }: PlanRecord): number {
  return Date.parse(state.lastSuccessAt ?? state.dueAt ?? '') || 0;
}
