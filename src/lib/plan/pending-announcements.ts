import type { Clock } from '../clock.ts';
import type { Carried, Ticket } from '../message.ts';
import type { FinishedRun } from './announcement.ts';
import { LEASE_MS } from './lease.ts';

/** Runs that ended and whose message is still on its way to the gate: each is announced once, however many copies come. */
export class PendingAnnouncements {
  private readonly clock: Clock;
  private readonly kept = new Map<string, { finished: FinishedRun; stopWaiting: () => void }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** To be announced when the run's own message reaches the gate. `lost` is called when it did not come in time. */
  keep(finished: FinishedRun, lost: (finished: FinishedRun) => void): void {
    const stopWaiting = this.clock.after(LEASE_MS, () => {
      this.kept.delete(finished.id);
      lost(finished);
    });
    this.kept.set(finished.id, { finished, stopWaiting });
  }

  /** The finished run that a message belongs to, with what the message carries; undefined for copies. */
  take(ticket: Ticket, carried: Carried): FinishedRun | undefined {
    const found = this.kept.get(ticket.run);
    if (found?.finished.attempt !== ticket.attempt) return undefined;
    found.stopWaiting();
    this.kept.delete(ticket.run);
    return { ...found.finished, carried };
  }
}
