import type { PowerReading } from '../events/reading.ts';
import type { News } from './device-sense.ts';
import { DeviceSense, MOST_ENTITIES } from './device-sense.ts';
import { WattHold } from './watt-hold.ts';

/**
 * What the plan's record knows of its device: each appearance counts once, however often a plug repeats that it is on.
 * In memory only: after a restart the first report counts as an appearance.
 */
export class Presence {
  readonly sense: DeviceSense = new DeviceSense();
  /** By whose input they came to: each node waits for itself. */
  readonly watts: Readonly<Record<'plan' | 'gate', WattHold>> = {
    plan: new WattHold(),
    gate: new WattHold(),
  };
  private present = false;
  /** Who has said that it is there, since it is. */
  private readonly witnesses = new Set<string>();
  /** The attempt that is being made was started by this appearance. */
  private used = false;
  /** It appeared while an attempt was being made. */
  private noted = false;
  /** The attempt that this appearance started found nothing. */
  private missed = false;
  private settledAt: string | null = null;

  /** A word about power, of whichever node, plug or watcher: every one passes by here once. */
  heardPower(reading: PowerReading): News {
    const was = this.sense.known(reading.entity);
    const news = this.sense.hear(reading);
    if (reading.power === 'off' && this.hasNeighbour(reading.entity)) {
      this.witnesses.delete(reading.entity);
      return undefined;
    }
    if (news === undefined && reading.power === 'off') {
      // It went away while nobody listened: nothing happened just now, but the next time it is on is a new one.
      const wentUnheard = was === 'on' || (was === undefined && reading.kind === 'sync' && !reading.initial);
      if (wentUnheard) this.vanishes();
    }
    return news;
  }

  /** An entity cannot be heard. */
  lost(entity: string): void {
    this.sense.lose(entity);
    for (const held of Object.values(this.watts)) held.endAll(entity);
  }

  /**
   * The device says that it is there. False: that was known. Where the plug's word has led to nothing, the word of
   * another one (of who watches the mount) still counts; and each outlet of a strip counts, as it is not known which one
   * is the drive's.
   */
  appears(entity: string): boolean {
    if (!this.present) {
      this.witnesses.clear();
      this.missed = false;
    }
    const isHeard = this.witnesses.has(entity);
    const isNew = !this.present || (!isHeard && (this.missed || this.hasOnlyNeighbours(entity)));
    this.present = true;
    if (this.witnesses.size < MOST_ENTITIES) this.witnesses.add(entity);
    return isNew;
  }

  vanishes(): void {
    this.present = false;
    this.noted = false;
    this.sense.doubtSilent();
  }

  /** The appearance came in the middle of an attempt; it counts when that finds nothing. */
  note(): void {
    this.noted = true;
  }

  /** An attempt will be made when it has settled, at this moment (ISO 8601). */
  settles(at: string): void {
    this.settledAt = at;
  }

  /** Whether what comes next at this moment comes because of the device. */
  isWhy(nextAttemptAt: string | null): boolean {
    return nextAttemptAt !== null && nextAttemptAt === this.settledAt;
  }

  /** An attempt starts, because of the device or not. */
  attemptStarts(because: boolean): void {
    this.used = because;
    this.noted = false;
    this.missed = false;
    this.settledAt = null;
  }

  /**
   * A check found that it is not there. Its next word counts again, even where nobody ever says that it went away; but
   * not if this attempt was made on its word: a plug that repeats "on" over a dead drive must not start attempt after
   * attempt.
   */
  isMissed(): void {
    this.missed = true;
    if (this.used || this.noted) return;
    this.present = false;
    this.sense.doubtSilent();
  }

  /** Whether it appeared while the attempt that now ended without it was being made; asked once. */
  takeNoted(): boolean {
    const { noted } = this;
    this.noted = false;
    return noted;
  }

  /** Another outlet of its strip says that it is on: which of them is the drive's? */
  private hasNeighbour(entity: string): boolean {
    return this.present && [...this.witnesses].some((other) => this.sense.areNeighbours(other, entity));
  }

  private hasOnlyNeighbours(entity: string): boolean {
    return [...this.witnesses].every((other) => this.sense.areNeighbours(other, entity));
  }
}
