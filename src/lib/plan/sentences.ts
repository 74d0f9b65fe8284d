import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import type { TextValues } from '../problem.ts';
import type { Decision } from './retry-policy.ts';
import type { RunEnd } from './state.ts';

const TIME = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

/** How much of a moment is said. */
const MOMENTS = {
  seconds: { ...TIME, second: '2-digit' },
  time: TIME,
  weekday: { ...TIME, weekday: 'short' },
  day: { weekday: 'long' },
  date: { ...TIME, year: 'numeric', month: 'short', day: 'numeric' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

/** By language and moment: to make one takes longer than all else that a status takes. */
const formats = new Map<string, Intl.DateTimeFormat>();

function momentFormat(language: Language, moment: keyof typeof MOMENTS): Intl.DateTimeFormat {
  const key = `${language} ${moment}`;
  const format = formats.get(key) ?? new Intl.DateTimeFormat(language, MOMENTS[moment]);
  formats.set(key, format);
  return format;
}

/** The sentences a plan says about itself, in the server's language and time zone. */
export class Sentences {
  readonly language: Language;

  constructor(language: Language) {
    this.language = language;
  }

  /** `locales/<language>/plan.json` by dotted key. */
  say(key: string, values: TextValues = {}): string {
    return translate(this.language, `plan:${key}`, values);
  }

  /** A moment for people: only the time today, with the weekday this week, else the date. */
  when(atMs: number, now: number): string {
    const day = (ms: number): string => new Date(ms).toDateString();
    const isNear = (ms: number): boolean => Math.abs(atMs - now) < ms;
    if (day(atMs) === day(now))
      return momentFormat(this.language, isNear(120_000) ? 'seconds' : 'time').format(atMs);
    return momentFormat(this.language, isNear(6 * 86_400_000) ? 'weekday' : 'date').format(atMs);
  }

  /** The day of the week, such as Saturday. */
  weekday(atMs: number): string {
    return momentFormat(this.language, 'day').format(atMs);
  }

  /** Why and when a run tries again. */
  retry(
    decision: Extract<Decision, { kind: 'retry' }>,
    attempt: number,
    atMs: number,
    now: number,
    reason: string,
  ): string {
    const values = {
      attempt,
      time: this.when(atMs, now),
      reason,
      used: decision.used,
      allowed: decision.allowed ?? 0,
    };
    const limit = decision.allowed === null ? 'open' : 'limited';
    return this.say(`retry.${decision.budget}.${limit}`, values);
  }

  /** How a run ended and what comes next. */
  ended(end: RunEnd, reason: string, nextMs: number | null, now: number): string {
    return `${this.say(`ended.${end}`, { reason })} ${this.next(nextMs, now)}`.trim();
  }

  /** When an idle plan starts again; null: when something happens. */
  next(nextMs: number | null, now: number): string {
    return nextMs === null ? this.say('next.event') : this.say('next.slot', { time: this.when(nextMs, now) });
  }
}
