import { leaveEmptyCredentialAlone } from '../../editor/empty-credential.ts';
import { fillMissingProperties, wasCompleted } from '../../editor/missing-properties.ts';
import { showPlanChoice, tickedPlans } from '../../editor/plan-choice.ts';
import { allPlans } from '../../editor/plans.ts';
import { type EditedNode, isEnvironmentReference, textsOf } from '../../editor/red.ts';
import { sections } from '../../editor/sections.ts';
import { useSharedStyle } from '../../editor/style.ts';
import { showConnections } from './connections.editor.ts';
import type { HubDefinition } from './definition.ts';
import { tokenFields, tokenProblem } from './token.editor.ts';

type Hub = EditedNode<HubDefinition>;

const text = textsOf('backup-hub');

/** Id of the hub whose dialog is open: its fields count, not what was saved last. */
let edited = '';

function typed(field: string): string {
  return String($(`#node-input-${field}`).val() ?? '').trim();
}

/** A topic that can be published to, or a value that Node-RED fills in at deploy. */
function topicProblem(topic: string | undefined, label: string): true | string {
  if (topic === undefined || isEnvironmentReference(topic)) return true;
  return /^[^+#\s/]+(\/[^+#\s/]+)*$/.test(topic) || text('problem.topic', { label });
}

function isHttpOn(hub: Hub): boolean {
  return hub.id === edited ? $('#node-input-http').is(':checked') : hub.http === true;
}

/** The plans ticked in the dialog; none: all plans. */
function chosenPlans(): string[] {
  return $('#lastgood-hub-which').val() === 'all' ? [] : tickedPlans('#lastgood-hub-plans');
}

function preparePlans(hub: Hub): void {
  const plans = allPlans();
  showPlanChoice('#lastgood-hub-plans', hub.plans, plans);
  const show = (): void => {
    const all = $('#lastgood-hub-which').val() === 'all';
    $('#lastgood-hub-plans-row').toggle(!all);
    const names = plans.map(({ name }) => name).join(text('comma'));
    const isEmpty = !all && chosenPlans().length === 0;
    const sentence = plans.length === 0 ? 'plans.none' : isEmpty ? 'plans.empty' : 'plans.now';
    $('#lastgood-hub-shown')
      .text(text(sentence, { names }))
      .toggle(all || isEmpty);
  };
  $('#lastgood-hub-which').val(hub.plans.length === 0 ? 'all' : 'chosen');
  $('#lastgood-hub-which, #lastgood-hub-plans').on('change', show);
  show();
}

function prepareTopics(hub: Hub): void {
  const show = (): void => {
    const base = typed('baseTopic');
    $('#lastgood-hub-topic-hint').text(text('hint.baseTopic', { base }));
    showConnections(hub.id, { base, prefix: typed('discoveryPrefix') });
  };
  $('#node-input-baseTopic, #node-input-discoveryPrefix').on('input change', show);
  show();
}

RED.nodes.registerType<HubDefinition>('backup-hub', {
  category: 'backup',
  color: '#8EBDB5',
  icon: 'lastgood-hub.svg',
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
    baseTopic: {
      value: 'lastgood',
      validate(value, _options) {
        return topicProblem(value, text('label.baseTopic'));
      },
    },
    discoveryPrefix: {
      value: 'homeassistant',
      validate(value, _options) {
        return topicProblem(value, text('label.discoveryPrefix'));
      },
    },
    progress: { value: false },
    http: { value: false },
  },
  credentials: {
    token: {
      type: 'password',
      validate(value, _options) {
        return isHttpOn(this) ? tokenProblem(value ?? '') : true;
      },
    },
  },
  inputs: 1,
  outputs: 2,
  inputLabels() {
    return text('port.input');
  },
  outputLabels(port) {
    return text(['port.events', 'port.mqtt'][port] ?? '');
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
    preparePlans(this);
    prepareTopics(this);
    tokenFields();
    sections('#lastgood-hub-sections', [
      { id: 'lastgood-hub-shows', label: text('section.plans') },
      { id: 'lastgood-hub-mqtt', label: text('section.mqtt') },
      { id: 'lastgood-hub-http', label: text('section.http') },
    ]);
  },
  oneditsave() {
    edited = '';
    this.plans = chosenPlans();
    leaveEmptyCredentialAlone(this, 'token');
    return wasCompleted(this);
  },
  oneditcancel() {
    edited = '';
  },
});
