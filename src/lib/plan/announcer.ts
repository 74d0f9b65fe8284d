import type { Clock } from '../clock.ts';
import type { Carried, Ticket } from '../message.ts';
import type { AnnouncementExtras, FinishedRun } from './announcement.ts';
import { LEASE_MS } from './lease.ts';
import type { Sentences } from './sentences.ts';

/** Sends from an output of the gate. */
type Send = (
  port: 'good-backup' | 'ended' | 'alert',
  finished: FinishedRun,
  extras: AnnouncementExtras,
  payload: string,
) => void;

type Alert = NonNullable<AnnouncementExtras['alert']>;

/** Tells how runs ended, each once, however many copies of its message arrive, and also when none does. */
export class Announcer {
  private readonly clock: Clock;
  private readonly sentences: Sentences;
  private readonly send: Send;
  /** Runs that ended and whose message is on its way to the gate. */
  private readonly kept = new Map<string, { finished: FinishedRun; stopWaiting: () => void }>();
  private held: { kind: Alert; finished: FinishedRun; payload: string }[] = [];

  constructor(clock: Clock, sentences: Sentences, send: Send) {
    this.clock = clock;
    this.sentences = sentences;
    this.send = send;
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

  /** The end by its port, and what is worth an alert; alerts of a paused plan are held. */
  announce(finished: FinishedRun, name: string, options: { paused: boolean }): void {
    const { end, sentence: reason, extras } = finished;
    this.send(end === 'succeeded' ? 'good-backup' : 'ended', finished, {}, reason);
    const alert = (kind: Alert, payload: string): void => {
      if (options.paused) this.held.push({ kind, finished, payload });
      else this.send('alert', finished, { alert: kind }, payload);
    };
    const isPowerless = extras.failureClass === 'power-up-failed';
    if (end === 'gave-up') {
      const kind = isPowerless ? 'power-up-failed' : 'gave-up';
      alert(kind, this.sentences.say('alertGaveUp', { name, reason }));
    }
    if (finished.recovered) {
      const isTrouble = (kind: Alert): boolean => kind === 'gave-up' || kind === 'power-up-failed';
      const unsaid = this.held.some(({ kind }) => isTrouble(kind));
      this.held = this.held.filter(({ kind }) => !isTrouble(kind));
      // Who never heard of the trouble need not hear that it is over.
      if (!unsaid) alert('recovered', this.sentences.say('recovered', { name, reason }));
    }
    if (extras.maintenance?.ok === false) {
      const { step, reason: failure } = extras.maintenance;
      const text = this.sentences.say(`alertMaintenance.${step}`, { name, reason: failure });
      alert('maintenance-failed', text);
    }
  }

  /** The pause is over: the alerts that it held back are sent. */
  release(): void {
    for (const { kind, finished, payload } of this.held.splice(0)) {
      this.send('alert', finished, { alert: kind }, payload);
    }
  }
}
