import type { Clock } from './clock.ts';
import { type HubProblem, needsPerson } from './hub-problem.ts';
import { durationText, type Texts } from './texts.ts';

/** A connection that comes back within this time was never away: a deploy in Node-RED ends it for less than a second. */
const GRACE_MS = 5_000;

/** Where lines for people go. */
export interface Log {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
  debug(line: string): void;
}

/**
 * Tells a hub that is away from one that reconnects, and says so once: one line when it goes and one when it is back,
 * however many attempts lie between. A cause that only a person can remove gets a line of its own.
 */
export class Connection {
  #isKnown = false;
  #wasKnown = false;
  #lostAt: number | null = null;
  #said: HubProblem['kind'] | null = null;
  #cancel: () => void = () => undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #texts: Texts;
  readonly #onAway: () => void;

  /** @param onAway what is known is not to be believed any more; called once each time the hub goes away */
  constructor(clock: Clock, log: Log, texts: Texts, onAway: () => void) {
    this.#clock = clock;
    this.#log = log;
    this.#texts = texts;
    this.#onAway = onAway;
  }

  /** Is what was heard last to be believed? */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** A snapshot came. */
  heardSnapshot(plans: number): void {
    this.#cancel();
    if (!this.#isKnown) {
      const isReturn = this.#wasKnown && this.#lostAt !== null;
      const away = isReturn ? durationText(this.#clock.now() - (this.#lostAt ?? 0), this.#texts) : '';
      this.#log.info(isReturn ? this.#texts.back(away) : this.#texts.connected(plans));
    }
    this.#wasKnown = true;
    this.#isKnown = true;
    this.#lostAt = null;
    this.#said = null;
  }

  /** The connection ended, or could not be made. */
  lost(problem: HubProblem): void {
    this.#log.debug(`${this.#texts.away[problem.kind]} (${problem.message})`);
    this.#lostAt ??= this.#clock.now();
    this.#cancel();
    const left =
      this.#isKnown && !needsPerson(problem.kind) ? this.#lostAt + GRACE_MS - this.#clock.now() : 0;
    if (left <= 0) this.#away(problem);
    else this.#cancel = this.#clock.after(left, () => this.#away(problem));
  }

  /** Homebridge ends. */
  stop(): void {
    this.#cancel();
  }

  #away(problem: HubProblem): void {
    const isNews = this.#said === null || (needsPerson(problem.kind) && this.#said !== problem.kind);
    if (isNews) {
      this.#said = problem.kind;
      const { away, awayEffect } = this.#texts;
      this.#log.warn(`${away[problem.kind]} (${problem.message}). ${awayEffect}`);
    }
    if (!this.#isKnown) return;
    this.#isKnown = false;
    this.#onAway();
  }
}
