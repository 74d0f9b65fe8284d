/// <reference types="jquery" />
import { parseDuration } from '../lib/duration.ts';
import { isEnvironmentReference } from './red.ts';
import { editorLanguage, words } from './words.ts';

const UNITS = ['s', 'm', 'h', 'd', 'w'] as const;
type Unit = (typeof UNITS)[number];
const UNIT_MS: Readonly<Record<Unit, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

function unitOf(letter: unknown): Unit {
  return UNITS.find((unit) => unit === letter) ?? 'm';
}

/**
 * Splits `24h` into amount and unit; `1h30m` becomes 90 m, and `0`, which has no unit, takes `unit`. Undefined: not a
 * duration that one unit can show.
 */
function split(text: string, unit: Unit): { amount: string; unit: Unit } | undefined {
  const simple = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text.trim());
  if (simple !== null) return { amount: simple[1] ?? '', unit: unitOf(simple[2]) };
  const ms = parseDuration(text);
  if (ms === undefined) return undefined;
  if (ms === 0) return { amount: '0', unit };
  const largest = UNITS.findLast((candidate) => ms % UNIT_MS[candidate] === 0) ?? 's';
  return { amount: String(ms / UNIT_MS[largest]), unit: largest };
}

const UNIT_NAMES: Readonly<Record<Unit, string>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
  d: 'day',
  w: 'week',
};

/** `24h` as "24 hours", in the editor's language; a text that is no duration comes back as it is. */
export function durationInWords(text: string): string {
  const parts = split(text, 's');
  if (parts === undefined) return text;
  const worded = new Intl.NumberFormat(editorLanguage(), {
    style: 'unit',
    unit: UNIT_NAMES[parts.unit],
    unitDisplay: 'long',
  }).format(Number(parts.amount));
  // Chinese texts set digits apart from characters.
  return worded.replace(/(\d)(\p{Script=Han})/u, '$1 $2');
}

/**
 * Turns the text input of a duration (`#node-input-interval`, stored as `24h`) into a number and a unit. Call it
 * in oneditprepare; the input itself stays, hidden, and the editor reads it as ever. A stored value that one
 * number cannot show (`${NAME}`) leaves the plain text input as it is.
 *
 * @param input selector of the input
 * @param options `unit`: the unit of an empty field; `placeholder`: what an empty field means; `problem`: the field's
 *   validator, when it refuses some durations too
 */
export function durationField(
  input: string,
  options: { unit?: Unit; placeholder?: string; problem?: (value: string) => true | string } = {},
): void {
  const stored = $(input);
  const text = String(stored.val() ?? '');
  const emptyUnit = options.unit ?? 'm';
  const shown = text === '' ? { amount: '', unit: emptyUnit } : split(text, emptyUnit);
  if (shown === undefined) return;

  const texts = words();
  const names: Record<Unit, string> = {
    s: texts.seconds,
    m: texts.minutes,
    h: texts.hours,
    d: texts.days,
    w: texts.weeks,
  };
  const id = stored.attr('id') ?? '';
  const label = $(`label[for="${id}"]`).attr('for', `${id}-amount`);
  const field = $('<span class="lastgood-duration">').insertAfter(stored);
  const amount = $('<input type="text" inputmode="decimal">')
    .attr({ id: `${id}-amount`, placeholder: options.placeholder ?? '' })
    .val(shown.amount)
    .appendTo(field);
  const unit = $('<select>').appendTo(field);
  for (const letter of UNITS) $('<option>').val(letter).text(names[letter]).appendTo(unit);
  unit.val(shown.unit);
  stored.hide();

  const write = (): void => {
    const typed = String(amount.val()).trim();
    stored.val(typed === '' ? '' : `${typed}${String(unit.val())}`).trigger('change');
  };
  amount.on('input change', write);
  unit.on('change', write);
  // Others (a preset, a test) may set the stored input: show what it holds.
  stored.on('change', () => {
    const value = String(stored.val() ?? '');
    const typed = String(amount.val()).trim();
    if (value === (typed === '' ? '' : `${typed}${String(unit.val())}`)) return;
    const parts = value === '' ? { amount: '', unit: emptyUnit } : split(value, emptyUnit);
    if (parts === undefined) return;
    amount.val(parts.amount);
    unit.val(parts.unit);
  });
  // The editor marks the hidden input; the person looks at ours.
  const mirror = (): void => {
    const bad = stored.hasClass('input-error');
    const value = String(stored.val() ?? '');
    const answer = (options.problem ?? ((typed) => durationProblem(typed, label.text().trim())))(value);
    amount.toggleClass('input-error', bad).attr('title', bad && answer !== true ? answer : '');
  };
  const element = stored[0];
  if (element !== undefined) {
    new MutationObserver(mirror).observe(element, { attributes: true, attributeFilter: ['class'] });
  }
}

/**
 * For `validate` of a stored duration.
 *
 * @param value undefined (a flow written by hand): the default counts, and nothing is wrong
 * @param label name of the field, put before the message
 * @param allowed `emptyAllowed`: an empty text is fine; `zeroAllowed`: so is `0m`
 * @returns true, or the message
 */
export function durationProblem(
  value: string | undefined,
  label: string,
  allowed: { emptyAllowed?: boolean; zeroAllowed?: boolean } = {},
): true | string {
  if (value === undefined) return true;
  if (value === '') {
    return allowed.emptyAllowed === true ? true : `${label}${words().named}${words().durationEmpty}`;
  }
  if (isEnvironmentReference(value)) return true;
  const ms = parseDuration(value);
  if (ms === undefined || (ms === 0 && allowed.zeroAllowed !== true))
    return `${label}${words().named}${words().durationInvalid}`;
  return true;
}
