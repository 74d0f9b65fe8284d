import type { Clock } from '../clock.ts';

/** A message that nobody of ours has had for so long will not come back. */
export const LEASE_MS: number = 10 * 60_000;

/**
 * Watches over a message on its way through other people's nodes. It runs only while no node of ours holds the message;
 * it counts awake time, so a suspended machine loses no message.
 */
export class Lease {
  private readonly clock: Clock;
  private readonly expired: () => void;
  private holds = 0;
  private underWay = false;
  private cancel: (() => void) | undefined;

  constructor(clock: Clock, expired: () => void) {
    this.clock = clock;
    this.expired = expired;
  }

  /** The message is on its way: the lease starts anew unless somebody holds the message. */
  start(): void {
    this.underWay = true;
    this.rearm();
  }

  /** Nothing is on its way any more. */
  end(): void {
    this.underWay = false;
    this.rearm();
  }

  /** A node of ours has the message until the returned function is called (once). */
  hold(): () => void {
    this.holds += 1;
    this.rearm();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.holds -= 1;
      this.rearm();
    };
  }

  private rearm(): void {
    this.cancel?.();
    this.cancel = undefined;
    if (this.underWay && this.holds === 0) this.cancel = this.clock.after(LEASE_MS, this.expired);
  }
}
