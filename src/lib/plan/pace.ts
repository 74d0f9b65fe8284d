const HOUR_MS = 3_600_000;

/**
 * So many attempts may be asked for within an hour, by people, messages and devices: a flow that goes round in a circle,
 * or a plug that flickers, must not back up without end. What is owed by time and policy is not counted.
 */
export const MOST_ASKED_AN_HOUR = 60;

/** How often attempts were asked for of late; in memory only. */
export class Pace {
  private asked: number[] = [];

  /** Whether one more may be asked for at `now` (ms), which is then counted. */
  allows(now: number): boolean {
    // What lies ahead was asked for by a clock that was put back since.
    this.asked = this.asked.filter((at) => at <= now && now - at < HOUR_MS);
    if (this.asked.length >= MOST_ASKED_AN_HOUR) return false;
    this.asked.push(now);
    return true;
  }
}
