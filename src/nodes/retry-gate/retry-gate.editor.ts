import { durationField, durationProblem } from '../../editor/duration-field.ts';
import { fillMissingProperties, wasCompleted } from '../../editor/missing-properties.ts';
import { showPlanChoice, tickedPlans } from '../../editor/plan-choice.ts';
import { allPlans, type PlanChoice } from '../../editor/plans.ts';
import { type EditedNode, textsOf } from '../../editor/red.ts';
import { sections } from '../../editor/sections.ts';
import { storeNumbers } from '../../editor/stored-numbers.ts';
import { useSharedStyle } from '../../editor/style.ts';
import { parseDuration } from '../../lib/duration.ts';
import { FAILURE_CLASSES, type FailureClass, PERMANENT_CLASSES } from '../../lib/failure.ts';
import { WAIT_DELAY_MS } from '../../lib/plan/settings.ts';
import { prepareAlerts, quietProblem, thresholdProblem } from './alerts.editor.ts';
import { claimedPlans, conflicts } from './claims.editor.ts';
import { type GateDefinition, RETRY_POLICIES, type RetryPolicyName } from './definition.ts';
import { prepareLearned } from './learned.editor.ts';
import { inWords, preview } from './preview.editor.ts';

type Gate = EditedNode<GateDefinition>;

const text = textsOf('retry-gate');

/** Id of the gate whose dialog is open: its fields count, not what was saved last. */
let edited = '';

function typed(field: string): string {
  return String($(`#node-input-${field}`).val() ?? '').trim();
}

/** The policy that the open dialog shows. */
function shownPolicy(): RetryPolicyName {
  return RETRY_POLICIES.find((policy) => policy === typed('policy')) ?? 'exponential';
}

function policyOf(gate: Gate): RetryPolicyName {
  return gate.id === edited ? shownPolicy() : gate.policy;
}

// A flow written by hand may lack properties: the validators take undefined for the default.

function wholeNumberProblem(value: number | '' | undefined, label: string): true | string {
  return value === undefined || /^\d*$/.test(String(value).trim()) || text('problem.wholeNumber', { label });
}

/** Failures are tried again after growing delays. */
function growing(policy: RetryPolicyName | undefined): boolean {
  return policy === 'exponential' || policy === 'adaptive' || policy === undefined;
}

function adaptiveProblem(gate: Gate, value: number | '' | undefined, label: string): true | string {
  if (policyOf(gate) !== 'adaptive' || value === undefined) return true;
  return Number(value) >= 1 || text('problem.atLeastOne', { label });
}

function capProblem(gate: Gate, cap: string | undefined): true | string {
  if (!growing(policyOf(gate))) return true;
  const problem = durationProblem(cap, text('label.delayCap'));
  if (problem !== true) return problem;
  const first = parseDuration((gate.id === edited ? typed('delay') : gate.delay) ?? '');
  return (parseDuration(cap ?? '') ?? Infinity) >= (first ?? 0) || text('problem.cap');
}

function numberOrEmpty(field: string): number | '' {
  return typed(field) === '' ? '' : Number(typed(field));
}

/** The plans ticked in the dialog; none: all plans of the tab. */
function chosenPlans(): string[] {
  if ($('#lastgood-gate-which').val() === 'all') return [];
  return tickedPlans('#lastgood-gate-plans');
}

function showClaims(gate: Gate, plans: readonly PlanChoice[]): void {
  const all = $('#lastgood-gate-which').val() === 'all';
  const chosen = chosenPlans();
  $('#lastgood-gate-plans-row').toggle(!all);
  const owned = plans.filter((plan) => claimedPlans(chosen, gate.z, plans).includes(plan.id));
  const names = owned.map((plan) => plan.name).join(text('preview.comma'));
  const sentence = owned.length === 0 ? 'plans.none' : all ? 'plans.now' : 'plans.empty';
  $('#lastgood-gate-owned')
    .text(text(sentence, { names }))
    .toggle(all || chosen.length === 0);
  const warnings = conflicts(gate.id, chosen, gate.z, plans).map((conflict) =>
    text(conflict.plans.length === 0 ? 'plans.twoGates' : 'plans.conflict', {
      gate: conflict.gate,
      tab: conflict.tab,
      plans: conflict.plans.join(text('preview.comma')),
    }),
  );
  $('#lastgood-gate-conflict')
    .toggle(warnings.length > 0)
    .find('div')
    .text(warnings.join(' '));
}

function preparePlans(gate: Gate, plans: readonly PlanChoice[]): void {
  showPlanChoice('#lastgood-gate-plans', gate.plans, plans);
  $('#lastgood-gate-which').val(gate.plans.length === 0 ? 'all' : 'chosen');
  $('#lastgood-gate-which, #lastgood-gate-plans').on('change', () => showClaims(gate, plans));
  showClaims(gate, plans);
}

function showPolicy(): void {
  const policy = shownPolicy();
  const own = growing(policy) || policy === 'fixed';
  $('#lastgood-gate-policy-hint').text(text(`policy.${policy}.explanation`));
  $('#lastgood-gate-delay-label').text(text(policy === 'fixed' ? 'label.delayFixed' : 'label.delay'));
  $('.lastgood-gate-delay').toggle(own);
  $('.lastgood-gate-cap').toggle(growing(policy));
  $('.lastgood-gate-adaptive').toggle(policy === 'adaptive');
  const sentences = preview({
    policy,
    delay: typed('delay'),
    delayCap: typed('delayCap'),
    jitterPercent: Number(typed('jitterPercent')),
    failureBudget: numberOrEmpty('failureBudget'),
    timeLimit: typed('timeLimit'),
  });
  const box = $('#lastgood-gate-preview')
    .toggle(sentences.length > 0)
    .find('div')
    .empty();
  for (const sentence of sentences) $('<p>').text(sentence).appendTo(box);
}

function prepareClasses(retried: readonly FailureClass[]): void {
  for (const failure of FAILURE_CLASSES) {
    const permanent = PERMANENT_CLASSES.has(failure);
    const box = $('<input type="checkbox">')
      .val(failure)
      .prop({ checked: !permanent && retried.includes(failure), disabled: permanent });
    const words = $('<span>')
      .text(text(`class.${failure}`))
      .append(' ', $('<code>').text(failure));
    $('<label class="lastgood-choice">')
      .append(box, words)
      .appendTo(permanent ? '#lastgood-gate-permanent' : '#lastgood-gate-temporary');
  }
}

function prepareStores(chosen: string): void {
  const menu = $('#node-input-contextStore');
  const context = RED.settings.context;
  const stores = context?.stores ?? [];
  $('<option value="">')
    .text(text('store.default', { name: context?.default ?? 'memory' }))
    .appendTo(menu);
  for (const store of stores) $('<option>').val(store).text(store).appendTo(menu);
  if (chosen !== '' && !stores.includes(chosen)) {
    $('<option>')
      .val(chosen)
      .text(text('store.gone', { name: chosen }))
      .appendTo(menu);
  }
  menu.val(chosen);
}

RED.nodes.registerType<GateDefinition>('retry-gate', {
  category: 'backup',
  color: '#8EBDB5',
  icon: 'lastgood-gate.svg',
  align: 'right',
  defaults: {
    name: { value: '' },
    // The brackets make the editor follow the plans' new ids on import.
    plans: {
      value: [],
      type: 'backup-plan[]',
      validate(plans, _options) {
        return (plans ?? []).every((id) => RED.nodes.node(id)) || text('problem.planGone');
      },
    },
    policy: { value: 'exponential' },
    delay: {
      value: '5m',
      validate(value, _options) {
        const policy = policyOf(this);
        if (policy === 'fixed') return durationProblem(value, text('label.delayFixed'));
        return growing(policy) ? durationProblem(value, text('label.delay')) : true;
      },
    },
    delayCap: {
      value: '1h',
      validate(value, _options) {
        return capProblem(this, value);
      },
    },
    jitterPercent: {
      value: 10,
      validate(value, _options) {
        const percent = String(value ?? 0).trim();
        return (percent !== '' && Number(percent) >= 0 && Number(percent) <= 50) || text('problem.jitter');
      },
    },
    failureBudget: {
      value: 8,
      validate(value, _options) {
        return wholeNumberProblem(value, text('label.failureBudget'));
      },
    },
    waitBudget: {
      value: '',
      validate(value, _options) {
        return wholeNumberProblem(value, text('label.waitBudget'));
      },
    },
    waitDelay: {
      value: '',
      validate(value, _options) {
        return durationProblem(value, text('label.waitDelay'), { emptyAllowed: true });
      },
    },
    looksPerDay: {
      value: 24,
      validate(value, _options) {
        return adaptiveProblem(this, value, text('label.looksPerDay'));
      },
    },
    waitFactor: {
      value: 4,
      validate(value, _options) {
        return adaptiveProblem(this, value, text('label.waitFactor'));
      },
    },
    lookAtLeastEvery: {
      value: '1h',
      validate(value, _options) {
        return policyOf(this) !== 'adaptive' || durationProblem(value, text('label.lookAtLeastEvery'));
      },
    },
    timeLimit: {
      value: '',
      validate(value, _options) {
        return durationProblem(value, text('label.timeLimit'), { emptyAllowed: true });
      },
    },
    giveUpAtNextSlot: { value: false },
    retryClasses: {
      value: [
        'device-unavailable',
        'interrupted',
        'locked',
        'lost',
        'network',
        'repo-missing',
        'source-missing',
        'stalled',
        'unknown',
        'unverified',
      ],
    },
    alertInfo: {
      value: '',
      validate(value, _options) {
        return thresholdProblem(value, text('label.alertInfo'));
      },
    },
    alertWarning: {
      value: '',
      validate(value, _options) {
        return thresholdProblem(value, text('label.alertWarning'));
      },
    },
    alertCritical: {
      value: '',
      validate(value, _options) {
        return thresholdProblem(value, text('label.alertCritical'));
      },
    },
    quietFrom: {
      value: '',
      validate(value, _options) {
        const other = this.id === edited ? typed('quietTo') : this.quietTo;
        return quietProblem(value, other, text('label.quietFrom'));
      },
    },
    quietTo: {
      value: '',
      validate(value, _options) {
        const other = this.id === edited ? typed('quietFrom') : this.quietFrom;
        return quietProblem(value, other, text('label.quietTo'));
      },
    },
    gatherAlerts: { value: true },
    contextStore: { value: '' },
  },
  inputs: 1,
  outputs: 4,
  inputLabels() {
    return text('port.outcomes');
  },
  outputLabels(port) {
    return text(['port.tryAgain', 'port.goodBackup', 'port.ended', 'port.alert'][port] ?? '');
  },
  paletteLabel() {
    return text('paletteLabel');
  },
  label() {
    return this.name || text('paletteLabel');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  oneditprepare() {
    useSharedStyle();
    fillMissingProperties(this);
    edited = this.id;
    for (const policy of RETRY_POLICIES) {
      $('<option>')
        .val(policy)
        .text(text(`policy.${policy}.name`))
        .appendTo('#node-input-policy');
    }
    $('#node-input-policy').val(this.policy);
    durationField('#node-input-delay', { unit: 'm' });
    durationField('#node-input-delayCap', { unit: 'h', problem: (value) => capProblem(this, value) });
    durationField('#node-input-waitDelay', { unit: 'm', placeholder: text('placeholder.waitDelay') });
    durationField('#node-input-lookAtLeastEvery', { unit: 'h' });
    durationField('#node-input-timeLimit', { unit: 'h', placeholder: text('placeholder.noLimit') });
    const delays = Object.entries(WAIT_DELAY_MS).map(([situation, ms]) => [situation, inWords(ms)]);
    $('#lastgood-gate-wait-hint').text(text('hint.waitDelay', Object.fromEntries(delays)));
    prepareLearned(this.id);
    const plans = allPlans();
    preparePlans(this, plans);
    const showAlerts = prepareAlerts(() => {
      const owned = claimedPlans(chosenPlans(), this.z, plans);
      return plans.filter(({ id }) => owned.includes(id));
    });
    $('#lastgood-gate-which, #lastgood-gate-plans').on('change', showAlerts);
    prepareClasses(this.retryClasses);
    prepareStores(this.contextStore);
    for (const field of ['policy', 'delay', 'delayCap', 'jitterPercent', 'failureBudget', 'timeLimit']) {
      $(`#node-input-${field}`).on('input change', showPolicy);
    }
    showPolicy();
    sections('#lastgood-gate-sections', [
      { id: 'lastgood-gate-retries', label: text('section.retries') },
      { id: 'lastgood-gate-waiting', label: text('section.waiting') },
      { id: 'lastgood-gate-failures', label: text('section.failures') },
      { id: 'lastgood-gate-alerts', label: text('section.alerts') },
      { id: 'lastgood-gate-state', label: text('section.state') },
    ]);
  },
  oneditsave() {
    edited = '';
    this.plans = chosenPlans();
    // Backrest's delays are exact, so its presets are too.
    if (shownPolicy().startsWith('backrest')) $('#node-input-jitterPercent').val(0);
    storeNumbers(this, ['jitterPercent', 'failureBudget', 'waitBudget', 'looksPerDay', 'waitFactor']);
    const ticked = FAILURE_CLASSES.filter((failure) =>
      $(`#lastgood-gate-temporary input[value="${failure}"]`).is(':checked'),
    );
    // The same classes in another order are no change.
    if (ticked.length !== this.retryClasses.length || ticked.some((one) => !this.retryClasses.includes(one)))
      this.retryClasses = ticked;
    return wasCompleted(this);
  },
  oneditcancel() {
    edited = '';
  },
});
