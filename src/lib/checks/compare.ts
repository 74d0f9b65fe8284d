import { isDeepStrictEqual } from 'node:util';
import type { Operator } from './check.ts';
import { matches } from './matching.ts';

/** Why two values cannot be compared; the key of a text. */
export type CompareProblem =
  | 'not-a-number'
  | 'neither'
  | 'not-a-text'
  | 'nothing-to-compare'
  | 'pattern'
  | 'long'
  | 'slow';

const YES: ReadonlySet<string> = new Set(['true', 'on', 'yes', '1']);
const NO: ReadonlySet<string> = new Set(['false', 'off', 'no', '0']);
const NUMBER = /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i;

/** Operators that compare with nothing. */
export const UNARY: ReadonlySet<Operator> = new Set(['true', 'false', 'empty', 'not-empty'] as const);

/**
 * Compares as people expect who see states on a dashboard: `"21.5"` is a number, `on` and `ON` are the same and mean
 * true, spaces around do not count. What makes no sense is no `false` but a problem.
 */
export function compare(found: unknown, operator: Operator, than: unknown): boolean | CompareProblem {
  switch (operator) {
    case 'is':
      return isSame(found, than);
    case 'is-not':
      return !isSame(found, than);
    case 'less':
    case 'at-most':
    case 'more':
    case 'at-least':
      return compareNumbers(numberOf(found), operator, numberOf(than));
    case 'contains':
      return contains(found, than);
    case 'matches':
      return isPlain(found) ? matches(textOf(found), textOf(than)) : 'not-a-text';
    case 'true':
      return truthOf(found) ?? 'neither';
    case 'false': {
      const truth = truthOf(found);
      return truth === undefined ? 'neither' : !truth;
    }
    case 'empty':
      return isEmpty(found);
    case 'not-empty':
      return !isEmpty(found);
  }
}

function compareNumbers(
  found: number | undefined,
  operator: 'less' | 'at-most' | 'more' | 'at-least',
  than: number | undefined,
): boolean | CompareProblem {
  if (found === undefined || than === undefined) return 'not-a-number';
  if (operator === 'less') return found < than;
  if (operator === 'at-most') return found <= than;
  return operator === 'more' ? found > than : found >= than;
}

function isSame(one: unknown, other: unknown): boolean {
  if (!isPlain(one) || !isPlain(other)) return isDeepStrictEqual(one, other);
  const [first, second] = [numberOf(one), numberOf(other)];
  if (first !== undefined && second !== undefined) return first === second;
  if (typeof one === 'boolean' || typeof other === 'boolean') {
    const truth = truthOf(one);
    return truth !== undefined && truth === truthOf(other);
  }
  return textOf(one) === textOf(other);
}

function contains(found: unknown, wanted: unknown): boolean | CompareProblem {
  if (textOf(wanted) === '') return 'nothing-to-compare';
  if (Array.isArray(found)) return found.some((item) => isSame(item, wanted));
  return isPlain(found) ? textOf(found).includes(textOf(wanted)) : 'not-a-text';
}

type Plain = string | number | boolean | null;

/** A text, number or truth value, that is, no object or list. */
function isPlain(value: unknown): value is Plain {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** The number that a value is or says; undefined for everything else, such as an empty text. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string') return NUMBER.test(value.trim()) ? Number(value) : undefined;
  return typeof value === 'number' && !Number.isNaN(value) ? value : undefined;
}

function truthOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const number = numberOf(value);
  if (number !== undefined) return number !== 0;
  if (YES.has(textOf(value))) return true;
  return NO.has(textOf(value)) ? false : undefined;
}

function textOf(value: unknown): string {
  return isPlain(value) && value !== null ? String(value).trim().toLowerCase() : '';
}

function isEmpty(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value === 'string') return value.trim() === '';
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return 'length' in value && value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
