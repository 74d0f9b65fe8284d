/// <reference types="jquery" />
import { WAIT_DELAY_MS } from '../lib/plan/settings.ts';
import type { PlanDefinition, Situation } from '../nodes/backup-plan/definition.ts';
import { durationField, durationInWords } from './duration-field.ts';
import { textsOf } from './red.ts';
import { getJson, sentence } from './server.ts';
import { isTimeZone } from './time-zone.ts';
import { showVerdict } from './verdict.ts';
import { editorLanguage } from './words.ts';

const text = textsOf('backup-plan');

type Timings = Pick<
  PlanDefinition,
  'scheduleKind' | 'cron' | 'interval' | 'minimumGap' | 'jitter' | 'catchUp' | 'deviceStarts' | 'settle'
>;

/** Timings that suit a household situation; a person may change each of them afterwards. */
const TIMINGS: Readonly<Record<Situation, Timings>> = {
  'always-there': {
    scheduleKind: 'cron',
    cron: '30 2 * * *',
    interval: '24h',
    minimumGap: '1h',
    jitter: '10m',
    catchUp: true,
    deviceStarts: 'when-owed',
    settle: '10s',
  },
  'usb-plug': {
    scheduleKind: 'cron',
    cron: '30 2 * * *',
    interval: '24h',
    minimumGap: '4h',
    jitter: '',
    catchUp: true,
    deviceStarts: 'when-owed',
    settle: '30s',
  },
  'sleeping-nas': {
    scheduleKind: 'cron',
    cron: '0 19 * * *',
    interval: '24h',
    minimumGap: '4h',
    jitter: '15m',
    catchUp: true,
    deviceStarts: 'when-owed',
    settle: '1m',
  },
  'docked-laptop': {
    scheduleKind: 'interval',
    cron: '0 20 * * *',
    interval: '24h',
    minimumGap: '8h',
    jitter: '',
    catchUp: true,
    deviceStarts: 'when-owed',
    settle: '2m',
  },
};

/** What the server answers to `lastgood/plans/preview`. */
interface CronPreview {
  readonly valid: boolean;
  readonly words?: string;
  readonly timeZone?: string;
  readonly next?: readonly string[];
  readonly error?: string;
}

/** Errors of the expressions that the server has judged, by expression and zone. */
const judged = new Map<string, string | undefined>();

function judgedKey(cron: string, timeZone: string): string {
  return `${cron.trim()} ${timeZone.trim()}`;
}

/** What is wrong with a cron expression, as far as is known without asking the server again. */
export function cronComplaint(cron: string, timeZone: string): string | undefined {
  const complaint = judged.get(judgedKey(cron, timeZone));
  if (complaint !== undefined) return complaint;
  const fields = cron.trim().split(/\s+/);
  const shaped =
    (fields.length === 5 || fields.length === 6) && fields.every((field) => /^[\w*,/#?-]+$/.test(field));
  return shaped ? undefined : text('error.cronShape');
}

function relative(at: number, now: number): string {
  const minutes = Math.round((at - now) / 60_000);
  const format = new Intl.RelativeTimeFormat(editorLanguage(), { numeric: 'always' });
  if (minutes < 90) return format.format(minutes, 'minute');
  if (minutes < 36 * 60) return format.format(Math.round(minutes / 60), 'hour');
  return format.format(Math.round(minutes / 1440), 'day');
}

function dates(preview: CronPreview): string[] {
  const format = new Intl.DateTimeFormat(editorLanguage(), {
    dateStyle: 'full',
    timeStyle: 'short',
    hourCycle: 'h23',
    ...(preview.timeZone === undefined ? {} : { timeZone: preview.timeZone }),
  });
  const now = Date.now();
  return (preview.next ?? []).map((time) => {
    const at = Date.parse(time);
    return text('preview.date', { date: format.format(at), relative: relative(at, now) });
  });
}

function livePreview(): void {
  const cron = $('#node-input-cron');
  const zone = $('#node-input-timeZone');
  let asked = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = async (): Promise<void> => {
    const expression = String(cron.val());
    const timeZone = String(zone.val()).trim();
    const question = judgedKey(expression, timeZone);
    asked = question;
    const preview = await getJson<CronPreview>('lastgood/plans/preview', {
      cron: expression,
      timeZone,
    }).catch((error: unknown): CronPreview => ({ valid: true, error: sentence(error) }));
    if (asked !== question) return;
    if (preview.error !== undefined) {
      showVerdict('#backup-plan-cron-preview', { kind: preview.valid ? 'warn' : 'bad', text: preview.error });
    } else {
      const heading = text('preview.heading', { words: preview.words ?? '', zone: preview.timeZone ?? '' });
      showVerdict('#backup-plan-cron-preview', { kind: 'ok', text: heading, details: dates(preview) });
    }
    if (judged.get(question) !== preview.error && !preview.valid && isTimeZone(timeZone)) {
      judged.set(question, preview.error);
      cron.trigger('change');
    }
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), 250);
  };
  cron.on('input', later);
  zone.on('input', later);
  void ask();
}

function whatWasSet(timings: Timings, situation: Situation): string[] {
  const schedule =
    timings.scheduleKind === 'cron'
      ? text('set.cron', { cron: timings.cron })
      : text('set.interval', { interval: durationInWords(timings.interval) });
  return [
    schedule,
    text('set.settle', { settle: durationInWords(timings.settle) }),
    text('set.gap', { gap: durationInWords(timings.minimumGap) }),
    text('set.wait', { wait: durationInWords(`${WAIT_DELAY_MS[situation] / 60_000}m`) }),
  ];
}

function applySituation(situation: Situation): void {
  const timings = TIMINGS[situation];
  for (const name of [
    'scheduleKind',
    'cron',
    'interval',
    'minimumGap',
    'jitter',
    'deviceStarts',
    'settle',
  ] as const) {
    $(`#node-input-${name}`).val(timings[name]).trigger('input').trigger('change');
  }
  $('#node-input-catchUp').prop('checked', timings.catchUp).trigger('change');
  showVerdict('#backup-plan-situation-set', {
    kind: 'ok',
    text: text('set.heading'),
    details: whatWasSet(timings, situation),
  });
}

function isSituation(value: string): value is Situation {
  return value in TIMINGS;
}

/**
 * The fields of the "When" tab.
 */
export function scheduleFields(situation: Situation): void {
  durationField('#node-input-interval', { unit: 'h' });
  durationField('#node-input-settle', { unit: 's', placeholder: text('placeholder.none') });
  durationField('#node-input-minimumGap', { unit: 'h', placeholder: text('placeholder.none') });
  durationField('#node-input-jitter', { unit: 'm', placeholder: text('placeholder.none') });

  const kind = $('#node-input-scheduleKind');
  kind.on('change', () => {
    $('[data-schedule]').each((_index, part) => {
      $(part).toggle($(part).attr('data-schedule') === kind.val());
    });
    $('#node-input-cron, #node-input-interval').trigger('change');
  });

  let applied: string = situation;
  const select = $('#node-input-situation');
  select.on('change', () => {
    const chosen = String(select.val());
    if (chosen === applied || !isSituation(chosen)) return;
    applied = chosen;
    applySituation(chosen);
  });

  const zones = $('#backup-plan-time-zones');
  for (const zone of Intl.supportedValuesOf('timeZone')) $('<option>').val(zone).appendTo(zones);
  $('#node-input-timeZone').attr('autocomplete', 'on');
  livePreview();
}

/** Says which zone an empty time zone field means. */
export function showServerZone(zone: string): void {
  $('#node-input-timeZone').attr('placeholder', text('placeholder.timeZone', { zone }));
}
