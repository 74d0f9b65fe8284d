import { textsOf } from '../../editor/red.ts';
import type { HouseValue, Operator } from '../../lib/checks/check.ts';
import { OPERATORS } from '../../lib/checks/check.ts';
import type { Field, Place } from './check-field.editor.ts';
import { choiceIn, durationIn, fieldFor, labelled, line } from './check-field.editor.ts';

const text = textsOf('precondition-check');

const HELD: readonly HouseValue['type'][] = ['msg', 'flow', 'global', 'env', 'jsonata'];
const ANY: readonly HouseValue['type'][] = ['str', 'num', 'bool', ...HELD];

/** Operators that need nothing to compare with. */
const ALONE: readonly unknown[] = ['true', 'false', 'empty', 'not-empty'];

/** Whether an operator compares with a second value. */
export function compares(operator: Operator): boolean {
  return !ALONE.includes(operator);
}

/** Node-RED's own input for a value that may come from anywhere. `first`: what an empty one holds. */
function typedValue(
  at: JQuery,
  place: Place,
  name: string,
  types: readonly HouseValue['type'][],
  first: HouseValue,
): { input: JQuery; read: () => HouseValue } {
  const stored: Partial<HouseValue> = Object(place.given[name] ?? first);
  const type = types.find((known) => known === stored.type) ?? first.type;
  const input = $('<input type="text">')
    .attr('data-field', name)
    .val(String(stored.value ?? ''))
    .appendTo(at);
  input.typedInput({ types: [...types], default: type });
  input.typedInput('type', type);
  input.typedInput('width', '100%');
  const shown = input.next('.red-ui-typedInput-container').find('.red-ui-typedInput-input');
  shown.attr('aria-label', text(`label.${name}`));
  return {
    input,
    read: () => ({
      type: types.find((known) => known === input.typedInput('type')) ?? type,
      value: String(input.typedInput('value')),
    }),
  };
}

/** What is compared, how, and with what. */
export function stateFields(main: Place, more: Place): Field[] {
  const of = typedValue(line(main), main, 'of', HELD, { type: 'flow', value: '' });
  const comparison = line(main);
  const operator = choiceIn(comparison, main, 'operator', OPERATORS);
  const menu = comparison.find('select').addClass('lastgood-short');
  const side = $('<div class="lastgood-check-side">').appendTo(comparison);
  const than = typedValue(side, main, 'than', ANY, { type: 'str', value: '' });
  const showSide = (): void => void side.toggle(!ALONE.includes(menu.val()));
  menu.on('change', showSide);
  showSide();

  const notOlderThan = durationIn(more, 'notOlderThan', {
    unit: 'm',
    placeholder: text('placeholder.anyAge'),
  });
  const sinceLine = labelled(more, 'since', '');
  const since = typedValue($('<div class="lastgood-check-side">').appendTo(sinceLine), more, 'since', HELD, {
    type: 'msg',
    value: '',
  });
  const second = fieldFor('than', main.given['than'], than.read);
  return [
    fieldFor('of', main.given['of'], of.read),
    operator,
    // A second value that does not show is no part of the check.
    { name: 'than', read: () => (ALONE.includes(menu.val()) ? undefined : second.read()) },
    notOlderThan,
    fieldFor('since', more.given['since'], () => {
      const value = since.read();
      return value.value.trim() === '' ? undefined : value;
    }),
  ];
}
