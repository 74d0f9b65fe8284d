import { readFileSync } from 'node:fs';
import { beforeEach, expect, test, vi } from 'vitest';
import type { PlanChoice } from '../../src/editor/plans.ts';
import type { Cadence } from '../../src/lib/node-red/routes-plan.ts';
import {
  type AlertInput,
  alertPreview,
  quietProblem,
  thresholdProblem,
} from '../../src/nodes/retry-gate/alerts.editor.ts';
import { conflicts } from '../../src/nodes/retry-gate/claims.editor.ts';
import { type PreviewInput, preview } from '../../src/nodes/retry-gate/preview.editor.ts';

type Texts = { readonly [key: string]: string | Texts };
const texts: Texts = JSON.parse(
  readFileSync(new URL('../../src/nodes/retry-gate/locales/en-US/retry-gate.json', import.meta.url), 'utf8'),
);

/** The editor's `RED._`, with the real English texts. */
function say(key: string, values: Record<string, string | number> = {}): string {
  let found: string | Texts | undefined = texts;
  for (const part of key.slice(key.lastIndexOf(':') + 1).split('.')) {
    found = typeof found === 'object' ? found[part] : undefined;
  }
  if (typeof found !== 'string') return key;
  return found.replace(/__(\w+)__/g, (whole, name: string) => String(values[name] ?? whole));
}

const gates: Record<string, unknown>[] = [];

beforeEach(() => {
  gates.length = 0;
  vi.stubGlobal('RED', {
    _: say,
    i18n: { lang: () => 'en-US' },
    nodes: {
      eachNode: (visit: (node: unknown) => void) => gates.forEach(visit),
      workspace: (id: string) => ({ label: `tab ${id}` }),
      subflow: () => undefined,
    },
  });
});

const usual: PreviewInput = {
  policy: 'exponential',
  delay: '5m',
  delayCap: '1h',
  jitterPercent: 0,
  failureBudget: 8,
  timeLimit: '',
};

test.each<[string, Partial<PreviewInput>, string]>([
  [
    'the default',
    {},
    'Tries again after 5 min, 10 min, 20 min, 40 min, then every 1 h. ' +
      'Gives up after retry 8, about 5 h 15 min after the first failure.',
  ],
  [
    'fewer retries than it takes to reach the longest delay',
    { failureBudget: 2 },
    'Tries again after 5 min, 10 min, 20 min, 40 min, then every 1 h. ' +
      'Gives up after retry 2, about 15 min after the first failure.',
  ],
  [
    'a fixed delay without a limit but with an end',
    { policy: 'fixed', delay: '90s', failureBudget: '', timeLimit: '6h' },
    'Tries again every 1 min 30 s. Goes on until there is a good backup. Ends the run after 6 h in any case.',
  ],
  [
    'a preset of Backrest, whatever the hidden fields hold',
    { policy: 'backrest-exponential', delay: '', failureBudget: '' },
    'Tries again after 10 s, 20 s, 40 s, 1 min 20 s, 2 min 40 s and so on, in the end every 1 h. ' +
      'Goes on until there is a good backup.',
  ],
  ['no retry', { failureBudget: 0 }, 'A failure is never tried again: the run ends with the first one.'],
  ['half a number', { failureBudget: Number.NaN }, ''],
  ['half a duration', { delay: 'm' }, ''],
  ['a longest delay below the first', { delayCap: '1m' }, ''],
])('the dialog foretells %s', (_case, typed, sentences) => {
  expect(preview({ ...usual, ...typed }).join(' ')).toBe(sentences);
});

const asPlaced: AlertInput = { info: '', warning: '', critical: '', quietFrom: '', quietTo: '' };
const every = (hours: number | null): Cadence => ({
  valid: true,
  cadenceMs: hours === null ? null : hours * 3_600_000,
});

test.each<[string, Partial<AlertInput>, Cadence, string]>([
  [
    'a daily plan as placed',
    {},
    every(24),
    'Photos (every day): tells you after 1 day, warns after 3 days, alarms after 7 days.',
  ],
  [
    'a plan of every hour: alarms are no more often than that',
    {},
    every(1),
    'Photos (every hour): tells you after 1 hour, warns after 12 hours, alarms after 1 day.',
  ],
  [
    'a duration: no least time',
    { info: '90m', warning: 'never', critical: '1.5x' },
    every(168),
    'Photos (every week): tells you after 1 hour 30 minutes, alarms after 10 days 12 hours.',
  ],
  [
    'a tier that a higher one overtakes: it is never heard',
    { info: '5d', warning: '5d', critical: '2d' },
    every(36),
    'Photos (every 1 day 12 hours): alarms after 2 days.',
  ],
  [
    'no tier',
    { info: 'never', warning: 'never', critical: 'never' },
    every(24),
    'Photos (every day): says nothing of being late.',
  ],
  [
    'a plan without a schedule',
    {},
    every(null),
    'Photos (only when asked): never late, because nothing is owed by the clock.',
  ],
  [
    'a schedule that is not finished',
    {},
    { valid: false, error: 'No such hour.' },
    'Photos: its rhythm is not known. No such hour.',
  ],
  [
    'quiet hours',
    { info: 'never', warning: 'never', quietFrom: '22:00', quietTo: '07:00' },
    every(24),
    'Photos (every day): alarms after 7 days. ' +
      'From 22:00 to 07:00 only what is critical is sent; the rest waits until 07:00.',
  ],
  ['something that is no lateness', { warning: '3' }, every(24), ''],
])('the dialog foretells the alerts of %s', (_case, typed, cadence, sentences) => {
  const told = alertPreview({ ...asPlaced, ...typed }, [{ name: 'Photos', cadence }]);
  expect(told.join(' ')).toBe(sentences);
});

test.each(['', ' ', '3x', '1.5 X', '2d', '1h30m', 'Never', '${LATE}', undefined])(
  '%j is a lateness',
  (value) => expect(thresholdProblem(value, 'Warning')).toBe(true),
);
test.each(['3', '0x', '0', '-1d', 'soon', '2000x', 'x'])('%j is no lateness', (value) =>
  expect(thresholdProblem(value, 'Warning')).toMatch(/^Warning: enter/),
);

test.each<[string, string | undefined, string | undefined, true | RegExp]>([
  ['no quiet hours', '', '', true],
  ['quiet hours of an earlier version', undefined, undefined, true],
  ['a night', '22:00', '07:00', true],
  ['a time without the other', '', '07:00', /both/],
  ['a time that is none', '25:00', '07:00', /time of day/],
  ['all day', '07:00', '7:00', /different/],
  ['a time from the environment', '${FROM}', '07:00', true],
])('quiet hours: %s', (_case, mine, other, wanted) => {
  const answer = quietProblem(mine, other, 'Quiet from');
  if (wanted === true) expect(answer).toBe(true);
  else expect(answer).toMatch(wanted);
});

const photos: PlanChoice = { id: 'p1', name: 'Photos', tabId: 'home', tab: 'tab home' };
const accounts: PlanChoice = { id: 'p2', name: 'Accounts', tabId: 'office', tab: 'tab office' };
const plans = [photos, accounts];

function gate(id: string, tab: string, chosen: string[], more: object = {}): void {
  gates.push({ id, type: 'retry-gate', z: tab, name: id, plans: chosen, ...more });
}

test('a gate that picked a plan is in the way of the gate for all plans of its tab', () => {
  gate('mine', 'home', []);
  gate('night', 'office', ['p1']);
  expect(conflicts('mine', [], 'home', plans)).toEqual([
    { gate: 'night', tab: 'tab office', plans: ['Photos'] },
  ]);
});

test('two gates for a whole tab are in each other’s way before the tab has a plan', () => {
  gate('other', 'cellar', []);
  expect(conflicts('mine', [], 'cellar', plans)).toEqual([{ gate: 'other', tab: 'tab cellar', plans: [] }]);
});

test('gates of other plans and disabled gates are in nobody’s way', () => {
  gate('office', 'office', []);
  gate('asleep', 'home', [], { d: true });
  expect(conflicts('mine', [], 'home', plans)).toEqual([]);
});

test('the fields of the adaptive policy are complained about only where they show', async () => {
  type Validate = (this: unknown, value: unknown, options: unknown) => true | string;
  let defaults: Record<string, { validate?: Validate }> = {};
  Object.assign(RED.nodes, {
    registerType: (_type: string, definition: { defaults: typeof defaults }) => ({ defaults } = definition),
  });
  await import('../../src/nodes/retry-gate/retry-gate.editor.ts');
  for (const field of ['looksPerDay', 'waitFactor', 'lookAtLeastEvery']) {
    const complaint = (policy: string): unknown =>
      defaults[field]?.validate?.call({ id: 'g1', policy }, '', {});
    expect(complaint('adaptive'), field).toContain(':');
    expect(complaint('fixed'), field).toBe(true);
  }
});
