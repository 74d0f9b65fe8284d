import { textsOf } from '../../editor/red.ts';
import { weekdayName } from '../../editor/words.ts';
import { asTimeOfDay } from '../../lib/time-of-day.ts';
import type { Field, Place } from './check-field.editor.ts';
import { fieldFor, inputIn, line } from './check-field.editor.ts';

const text = textsOf('precondition-check');

const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;

/** Two times of day and the days of the week. */
export function timeFields(main: Place): Field[] {
  const times = line(main).addClass('lastgood-check-times');
  const from = inputIn(times, main, 'from', { short: true });
  $('<span>').text(text('until')).appendTo(times);
  const to = inputIn(times, main, 'to', { short: true });
  times.find('input').on('change', (event) => {
    const input = $(event.target);
    input.val(asTimeOfDay(String(input.val())));
  });

  const given = main.given['weekdays'];
  const chosen = (day: number): boolean => !Array.isArray(given) || given.includes(day);
  const days = line(main)
    .addClass('lastgood-check-days')
    .attr({
      role: 'group',
      'data-field': 'weekdays',
      'aria-label': text('label.weekdays'),
    });
  const buttons = WEEKDAYS.map((day) =>
    $('<button type="button" class="red-ui-button red-ui-button-small toggle">')
      .attr({ 'data-day': day, 'aria-pressed': String(chosen(day)) })
      .toggleClass('selected', chosen(day))
      .text(weekdayName(day))
      .on('click', (event) => {
        const button = $(event.currentTarget).toggleClass('selected');
        button.attr('aria-pressed', String(button.hasClass('selected'))).trigger('change');
      })
      .appendTo(days),
  );
  const weekdays = fieldFor('weekdays', given, () => {
    const pressed = WEEKDAYS.filter((_day, index) => buttons[index]?.hasClass('selected'));
    return pressed.length === WEEKDAYS.length ? undefined : pressed;
  });
  return [from, to, weekdays];
}
