const FIRST_MS = 200;
const LONGEST_MS = 30_000;

/** Delays between attempts to connect: doubled each time from 0.2 to 30 s, shortened at random by up to a half. */
export class Backoff {
  #tries = 0;
  readonly #random: () => number;

  /** @param random a number from 0 up to 1, as `Math.random` gives */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The next delay, ms. */
  next(): number {
    const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#tries);
    this.#tries += 1;
    return Math.round(full * (1 - this.#random() / 2));
  }

  /** There was a connection. `shortLived`: how many in a row ended at once, this one included; 0: it was a good one. */
  restart(shortLived: number): void {
    this.#tries = shortLived;
  }
}
