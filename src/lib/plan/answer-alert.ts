import type { CommandReading } from '../events/reading.ts';
import { obey } from './commands.ts';
import type { PlanRecord } from './record.ts';

/** The answer to an alert, as the gate hears it: carried out for the plans that it names, as far as they are these. */
export function answerAlert(
  records: readonly PlanRecord[],
  { command, pauseMs, plans }: CommandReading,
): void {
  for (const record of records) {
    if (plans?.includes(record.key) !== true) continue;
    const answer = obey(record, command, pauseMs === undefined ? {} : { pauseMs });
    if (!answer.accepted) record.sayNotNow(answer.sentence);
  }
}
