import { deployedNode, textsOf } from '../../editor/red.ts';
import { getJson, postJson, sentence } from '../../editor/server.ts';
import { weekdayName } from '../../editor/words.ts';
import type { LearnedPlan } from '../../lib/node-red/routes-learned.ts';

const text = textsOf('retry-gate');

/** In pixels: the more attempts, the bigger. */
const BIGGEST_DOT = 10;

function showHour(
  [looked, seen]: readonly [number, number],
  planned: readonly number[],
  hour: number,
): JQuery {
  const attempts = planned.filter((one) => Math.floor(one) === hour);
  const cell = $('<td>').attr(
    'title',
    `${weekdayName(1 + Math.floor(hour / 24))} ${hour % 24}:00: ${text('learned.hour', { looked, seen })}`,
  );
  if (looked > 0) cell.css('background', `rgba(10, 125, 84, ${0.08 + (0.92 * seen) / looked})`);
  const size = Math.min(2 + 2 * attempts.length, BIGGEST_DOT);
  if (attempts.length > 0) cell.append($('<i>').css({ width: size, height: size }));
  return cell;
}

function showWeek({ name, week }: LearnedPlan): JQuery {
  const table = $('<table class="lastgood-gate-week">');
  const head = $('<tr>').append($('<th>')).appendTo(table);
  for (let hour = 0; hour < 24; hour += 6) $('<th colspan="6">').text(`${hour}:00`).appendTo(head);
  for (let day = 0; day < 7; day += 1) {
    const row = $('<tr>')
      .append($('<th>').text(weekdayName(1 + day)))
      .appendTo(table);
    for (let hour = day * 24; hour < day * 24 + 24; hour += 1) {
      row.append(showHour(week.hours[hour] ?? [0, 0], week.planned, hour));
    }
  }
  return $('<div>').append($('<div>').text(name), table);
}

async function show(gateId: string): Promise<void> {
  const box = $('#lastgood-gate-weeks').empty();
  if (deployedNode(gateId) === undefined) {
    box.text(text('learned.nothing'));
    $('#lastgood-gate-legend, #lastgood-gate-forget').hide();
    return;
  }
  try {
    const plans = await getJson<readonly LearnedPlan[]>(`lastgood/gates/${gateId}/learned`);
    for (const plan of plans) box.append(showWeek(plan));
    if (plans.length === 0) box.text(text('learned.nothing'));
    $('#lastgood-gate-legend, #lastgood-gate-forget').toggle(plans.length > 0);
  } catch (error) {
    box.text(sentence(error));
    $('#lastgood-gate-legend, #lastgood-gate-forget').hide();
  }
}

/** Shows the week as the deployed gate knows it, and lets a person have it forgotten. */
export function prepareLearned(gateId: string): void {
  $('#lastgood-gate-forget').on('click', (event) => {
    event.preventDefault();
    postJson(`lastgood/gates/${gateId}/forget`)
      .then(async () => show(gateId))
      .catch((error: unknown) => $('#lastgood-gate-weeks').text(sentence(error)));
  });
  void show(gateId);
}
