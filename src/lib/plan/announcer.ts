import type { Ticket } from '../message.ts';
import type { AnnouncementExtras, FinishedRun } from './announcement.ts';
import type { Sentences } from './sentences.ts';

/** Runs that ended and whose message has not reached the gate yet; more than a few mean that none will. */
const MOST_KEPT = 4;

/** Sends from an output of the gate. */
type Send = (
  port: 'good-backup' | 'ended' | 'alert',
  finished: FinishedRun,
  extras: AnnouncementExtras,
  payload: string,
) => void;

/** Tells how runs ended, each once, however many copies of its message arrive. */
export class Announcer {
  private readonly sentences: Sentences;
  private readonly send: Send;
  private readonly kept = new Map<string, FinishedRun>();

  constructor(sentences: Sentences, send: Send) {
    this.sentences = sentences;
    this.send = send;
  }

  /** To be announced when the run's own message reaches the gate. */
  keep(finished: FinishedRun): void {
    this.kept.set(finished.id, finished);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST_KEPT && oldest !== undefined) this.kept.delete(oldest);
  }

  /** The finished run that a message belongs to; undefined for copies. */
  take(ticket: Ticket): FinishedRun | undefined {
    const finished = this.kept.get(ticket.run);
    if (finished?.attempt !== ticket.attempt) return undefined;
    this.kept.delete(ticket.run);
    return finished;
  }

  /** The end by its port, and what is worth an alert. */
  announce(finished: FinishedRun, name: string): void {
    const { end, sentence: reason, extras } = finished;
    const alert = (kind: 'gave-up' | 'recovered' | 'maintenance-failed', payload: string): void =>
      this.send('alert', finished, { alert: kind }, payload);
    this.send(end === 'succeeded' ? 'good-backup' : 'ended', finished, {}, reason);
    if (end === 'gave-up') alert('gave-up', this.sentences.say('alertGaveUp', { name, reason }));
    if (finished.recovered) alert('recovered', this.sentences.say('recovered', { name, reason }));
    if (extras.maintenance?.ok === false) {
      const text = { name, reason: extras.maintenance.reason };
      alert('maintenance-failed', this.sentences.say('alertMaintenance', text));
    }
  }
}
