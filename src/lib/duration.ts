import type { Language } from './language.ts';

/** A hundred years; what is longer is a slip of the finger and would leave the calendar. */
const LONGEST_MS = 100 * 365 * 86_400_000;

const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Milliseconds of a duration such as `90s`, `5m`, `1h30m`, `24h`, `7d`, `2w`; `0` is allowed.
 * Returns undefined for anything else (a bare number other than 0 has no unit and is refused) and for more than a
 * hundred years.
 */
export function parseDuration(text: string): number | undefined {
  const compact = text.replaceAll(' ', '').toLowerCase();
  if (compact === '0') return 0;
  if (!/^(\d+(\.\d+)?[smhdw])+$/.test(compact)) return undefined;
  let total = 0;
  for (const [, amount = '0', unit = 's'] of compact.matchAll(/(\d+(?:\.\d+)?)([smhdw])/g)) {
    total += Number(amount) * (UNITS[unit] ?? 0);
  }
  return total > LONGEST_MS ? undefined : Math.round(total);
}

/** A duration for people with one unit: `45 s`, `12 min`, `5 h`, `3 days`. */
export function roughDuration(ms: number, language: Language): string {
  const steps: [number, string][] = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
  ];
  const [size, unit] = steps.find(([step]) => ms >= step) ?? [1000, 'second'];
  const format = new Intl.NumberFormat(language, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: 0,
  });
  return format.format(Math.floor(ms / size));
}

/** Milliseconds of a duration that need not be given; undefined when it is given and is none. */
export function durationOr(text: string | undefined, otherwise: number): number | undefined {
  return text === undefined || text.trim() === '' ? otherwise : parseDuration(text);
}
