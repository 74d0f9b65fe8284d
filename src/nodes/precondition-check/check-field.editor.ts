import { durationField } from '../../editor/duration-field.ts';
import { textsOf } from '../../editor/red.ts';

const text = textsOf('precondition-check');

/** One property of a check, as fields of its row. */
export interface Field {
  readonly name: string;
  /** What it says now; undefined: nothing, and the property is left out. */
  read(): unknown;
}

/** Where the fields of a row go, and what they hold at first. */
export interface Place {
  readonly at: JQuery;
  readonly given: Readonly<Record<string, unknown>>;
}

/** How the input of one property looks. */
export interface Look {
  /** Key of the text inside an empty input; not set: as the property is called. */
  placeholder?: string;
  /** An empty input leaves the property out. */
  optional?: boolean;
  number?: { min: number; max?: number; step?: 'any' };
  short?: boolean;
}

let made = 0;

/** An id that no other input of the page has. */
export function newId(): string {
  made += 1;
  return `lastgood-check-field-${made}`;
}

/** What was stored is kept as it was until a person changes what is shown of it: the input may not show all of it. */
export function fieldFor(name: string, given: unknown, typed: () => unknown): Field {
  const shown = JSON.stringify(typed());
  return {
    name,
    read: () => (given !== undefined && JSON.stringify(typed()) === shown ? given : typed()),
  };
}

/** A line of a row. */
export function line(place: Place): JQuery {
  return $('<div class="lastgood-check-line">').appendTo(place.at);
}

/** A line that begins with what its field is called. */
export function labelled(place: Place, name: string, id: string): JQuery {
  const label = $('<label class="lastgood-check-label">')
    .attr('for', id)
    .text(text(`label.${name}`));
  return line(place).append(label);
}

/** What is typed, or undefined for an empty input that may be empty. */
function read(input: JQuery, look: Look): unknown {
  const typed = String(input.val() ?? '').trim();
  if (typed === '' && look.optional === true) return undefined;
  return look.number === undefined ? typed : Number(typed);
}

/** An input for a text or a number, at the end of a line. */
export function inputIn(at: JQuery, place: Place, name: string, look: Look = {}, id = newId()): Field {
  const given = place.given[name];
  const shown = typeof given === 'string' || (typeof given === 'number' && given > 0) ? String(given) : '';
  const input = $('<input>')
    .attr({
      type: look.number === undefined ? 'text' : 'number',
      id,
      'data-field': name,
      placeholder: text(`placeholder.${look.placeholder ?? name}`),
      'aria-label': text(`label.${name}`),
      ...look.number,
    })
    .toggleClass('lastgood-short', look.short === true)
    .val(shown)
    .appendTo(at);
  return fieldFor(name, given, () => read(input, look));
}

/** An input on a line of its own, after its name. */
export function labelledInput(place: Place, name: string, look: Look = {}): Field {
  const id = newId();
  return inputIn(labelled(place, name, id), place, name, look, id);
}

/** A duration that may be left open. */
export function durationIn(
  place: Place,
  name: 'timeout' | 'hold' | 'upTo' | 'notOlderThan',
  options: { unit: 's' | 'm'; placeholder: string },
): Field {
  const id = newId();
  const given = place.given[name];
  const input = $('<input type="text">')
    .attr({ id, 'data-field': name })
    .val(typeof given === 'string' ? given : '')
    .appendTo(labelled(place, name, id));
  durationField(`#${id}`, options);
  return fieldFor(name, given, () => read(input, { optional: true }));
}

/** A menu; the value `''` leaves the property out. */
export function choiceIn(
  at: JQuery,
  place: Place,
  name: string,
  values: readonly string[],
  id = newId(),
): Field {
  const given = place.given[name];
  const menu = $('<select>').attr({ id, 'data-field': name, 'aria-label': text(`label.${name}`) });
  for (const value of values) {
    $('<option>')
      .val(value)
      .text(text(`${name}.${value || 'unset'}`))
      .appendTo(menu);
  }
  menu.val(typeof given === 'string' && values.includes(given) ? given : (values[0] ?? '')).appendTo(at);
  return fieldFor(name, given, () => {
    const chosen = String(menu.val() ?? '');
    return chosen === '' ? undefined : chosen;
  });
}

/** A yes or no; no leaves the property out. */
export function tickIn(place: Place, name: string): Field {
  const given = place.given[name];
  const input = $('<input type="checkbox">')
    .attr({ 'data-field': name })
    .prop('checked', given === true);
  $('<label class="lastgood-check-tick">')
    .append(input, $('<span>').text(text(`label.${name}`)))
    .appendTo(line(place));
  return fieldFor(name, given, () => (input.prop('checked') === true ? true : undefined));
}
