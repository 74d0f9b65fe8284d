/**
 * What the plan's record knows of its device: each appearance counts once, however often a plug repeats that it is on.
 * In memory only: after a restart the first report counts as an appearance.
 */
export class Presence {
  private present = false;
  /** The attempt that is being made was started by this appearance. */
  private used = false;
  /** It appeared while an attempt was being made. */
  private noted = false;
  private settledAt: string | null = null;

  /** The device says that it is there. False: it was already. */
  appears(): boolean {
    if (this.present) return false;
    this.present = true;
    return true;
  }

  vanishes(): void {
    this.present = false;
    this.noted = false;
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
    this.settledAt = null;
  }

  /**
   * A check found that it is not there. Its next word counts again, even where nobody ever says that it went away; but
   * not if this attempt was made on its word: a plug that repeats "on" over a dead drive must not start attempt after
   * attempt.
   */
  isMissed(): void {
    if (!this.used && !this.noted) this.present = false;
  }

  /** Whether it appeared while the attempt that now ended without it was being made; asked once. */
  takeNoted(): boolean {
    const { noted } = this;
    this.noted = false;
    return noted;
  }
}
