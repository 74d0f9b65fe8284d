import type { PlanChoice } from '../../editor/plans.ts';
import { isEnvironmentReference, textsOf } from '../../editor/red.ts';
import { getJson, sentence } from '../../editor/server.ts';
import { editorLanguage } from '../../editor/words.ts';
import { SEVERITIES, type Severity } from '../../lib/alerts/alert.ts';
import { DEFAULT_TIERS, parseThreshold, type Tiers, thresholdMs } from '../../lib/alerts/tiers.ts';
import type { PlanTimes } from '../../lib/node-red/plan-settings.ts';
import type { Cadence } from '../../lib/node-red/routes-plan.ts';
import { asTimeOfDay, minutesOfDay } from '../../lib/time-of-day.ts';

const text = textsOf('retry-gate');

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

/** What the alerts depend on, as typed. */
export interface AlertInput {
  readonly info: string;
  readonly warning: string;
  readonly critical: string;
  readonly quietFrom: string;
  readonly quietTo: string;
}

// A flow written by hand may lack properties: the validators take undefined for the default.

/** For `validate` of a threshold; an empty one is the default. */
export function thresholdProblem(value: string | undefined, label: string): true | string {
  if (value === undefined || value.trim() === '' || isEnvironmentReference(value)) return true;
  return parseThreshold(value) !== undefined || text('problem.threshold', { label });
}

/** For `validate` of one end of the quiet hours. */
export function quietProblem(
  value: string | undefined,
  other: string | undefined,
  label: string,
): true | string {
  const [mine, theirs] = [(value ?? '').trim(), (other ?? '').trim()];
  if (isEnvironmentReference(mine)) return true;
  if (mine === '') return theirs === '' || text('problem.quietBoth', { label });
  if (minutesOfDay(mine) === undefined) return text('problem.timeOfDay', { label });
  return minutesOfDay(mine) !== minutesOfDay(theirs) || text('problem.quietSame', { label });
}

/** `3 days`, `1 day 12 hours`: the two largest units of a duration in ms. */
function spelt(ms: number): string {
  const parts: string[] = [];
  let rest = Math.round(ms / 60_000);
  for (const [unit, minutes] of [
    ['day', 1440],
    ['hour', 60],
    ['minute', 1],
  ] as const) {
    const amount = Math.floor(rest / minutes);
    rest -= amount * minutes;
    if (amount === 0 || parts.length === 2) continue;
    const format = new Intl.NumberFormat(editorLanguage(), { style: 'unit', unit, unitDisplay: 'long' });
    // Chinese texts set digits apart from characters.
    parts.push(format.format(amount).replace(/(\d)(\p{Script=Han})/u, '$1 $2'));
  }
  return parts.join(' ') || text('alerts.lessThanMinute');
}

function rhythm(cadenceMs: number): string {
  if (cadenceMs === HOUR_MS) return text('alerts.everyHour');
  if (cadenceMs === DAY_MS) return text('alerts.everyDay');
  if (cadenceMs === WEEK_MS) return text('alerts.everyWeek');
  return text('alerts.every', { duration: spelt(cadenceMs) });
}

/** The thresholds as typed; undefined while something typed makes no sense yet. */
function tiersOf(input: AlertInput): Tiers | undefined {
  const [info, warning, critical] = SEVERITIES.map((tier) =>
    parseThreshold(input[tier].trim() === '' ? DEFAULT_TIERS[tier] : input[tier]),
  );
  if (info === undefined || warning === undefined || critical === undefined) return undefined;
  return { info, warning, critical };
}

/** What one plan is told of, in words. `cadenceMs`: null for a plan that only an event starts. */
function planWords(name: string, cadenceMs: number | null, tiers: Tiers): string {
  if (cadenceMs === null) return text('alerts.eventOnly', { name });
  const from = SEVERITIES.map((tier): [Severity, number | null] => [
    tier,
    thresholdMs(tiers, tier, cadenceMs),
  ]);
  // A tier that a higher one overtakes never speaks.
  const speaking = from.filter(
    ([, ms], at) => ms !== null && from.slice(at + 1).every(([, higher]) => higher === null || higher > ms),
  );
  const values = { name, rhythm: rhythm(cadenceMs) };
  if (speaking.length === 0) return text('alerts.neverLate', values);
  const when = speaking.map(([tier, ms]) => text(`alerts.tier.${tier}`, { after: spelt(ms ?? 0) }));
  return text('alerts.plan', { ...values, when: when.join(text('preview.comma')) });
}

/** The sentences that say when people will hear of which plan; empty while something typed makes no sense yet. */
export function alertPreview(
  input: AlertInput,
  plans: readonly { readonly name: string; readonly cadence: Cadence }[],
): string[] {
  const tiers = tiersOf(input);
  if (tiers === undefined) return [];
  const sentences = plans.map(({ name, cadence }) =>
    cadence.valid
      ? planWords(name, cadence.cadenceMs, tiers)
      : text('alerts.unknown', { name, error: cadence.error }),
  );
  const [from, to] = [input.quietFrom.trim(), input.quietTo.trim()];
  const isQuiet = minutesOfDay(from) !== undefined && quietProblem(to, from, '') === true && to !== '';
  return isQuiet && sentences.length > 0 ? [...sentences, text('alerts.quiet', { from, to })] : sentences;
}

/** What the server has answered, by its question. */
const known = new Map<string, Cadence>();

/** The rhythm of a plan as it stands in the editor, deployed or not. */
async function cadenceOf({ id, name }: PlanChoice): Promise<Cadence> {
  const { scheduleKind, cron, timeZone, interval, minimumGap }: PlanTimes = Object(RED.nodes.node(id));
  const question = {
    name,
    scheduleKind: scheduleKind ?? '',
    cron: cron ?? '',
    timeZone: timeZone ?? '',
    interval: interval ?? '',
    minimumGap: minimumGap ?? '',
  };
  const key = JSON.stringify(question);
  const answer =
    known.get(key) ??
    (await getJson<Cadence>('lastgood/plans/cadence', question).catch(
      (error: unknown): Cadence => ({ valid: false, error: sentence(error) }),
    ));
  if (answer.valid) known.set(key, answer);
  return answer;
}

function typed(field: string): string {
  return String($(`#node-input-${field}`).val() ?? '').trim();
}

/**
 * The section "Alerts" of the open dialog.
 *
 * @param claimed the plans that the gate would own now
 * @returns shows the preview anew, as after other plans were ticked
 */
export function prepareAlerts(claimed: () => readonly PlanChoice[]): () => void {
  for (const [tier, field] of [
    ['info', 'alertInfo'],
    ['warning', 'alertWarning'],
    ['critical', 'alertCritical'],
  ] as const) {
    $(`#node-input-${field}`).attr('placeholder', DEFAULT_TIERS[tier]);
  }
  let asked = 0;
  const show = async (): Promise<void> => {
    asked += 1;
    const question = asked;
    const plans = await Promise.all(
      claimed().map(async (plan) => ({ name: plan.name, cadence: await cadenceOf(plan) })),
    );
    if (asked !== question) return;
    const input = {
      info: typed('alertInfo'),
      warning: typed('alertWarning'),
      critical: typed('alertCritical'),
      quietFrom: typed('quietFrom'),
      quietTo: typed('quietTo'),
    };
    const sentences = alertPreview(input, plans);
    const box = $('#lastgood-gate-alert-preview')
      .toggle(sentences.length > 0)
      .find('div')
      .empty();
    for (const line of sentences) $('<p>').text(line).appendTo(box);
  };
  const times = $('#node-input-quietFrom, #node-input-quietTo');
  times.on('change', (event) => {
    const input = $(event.target);
    const time = asTimeOfDay(String(input.val()));
    if (time !== input.val()) input.val(time).trigger('change');
  });
  $('#node-input-alertInfo, #node-input-alertWarning, #node-input-alertCritical')
    .add(times)
    .on('input change', () => void show());
  void show();
  return () => void show();
}
