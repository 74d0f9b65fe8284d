import { isFullPath } from '../../editor/full-path.ts';
import { fillMissingProperties, wasCompleted } from '../../editor/missing-properties.ts';
import { type PathList, pathList } from '../../editor/path-list.ts';
import { allPlans } from '../../editor/plans.ts';
import { type EditedNode, isEnvironmentReference, textsOf } from '../../editor/red.ts';
import { useSharedStyle } from '../../editor/style.ts';
import { OPERATIONS, type Operation, type RunDefinition } from './definition.ts';

const text = textsOf('restic-run');

type Field = Exclude<keyof RunDefinition, 'name' | 'operation'>;

/** The operations that use a field; all others hide it. */
const USED_BY: ReadonlyMap<Field, readonly Operation[]> = new Map<Field, readonly Operation[]>([
  ['repository', OPERATIONS.filter((operation) => operation !== 'backup' && operation !== 'forget')],
  ['fromRepository', ['copy']],
  ['plan', ['forget', 'copy', 'restore', 'snapshots', 'find', 'stats']],
  ['snapshot', ['restore', 'copy', 'stats']],
  ['target', ['restore']],
  ['include', ['restore']],
  ['overwriteAllowed', ['restore']],
  ['readDataSubset', ['check']],
  ['pattern', ['find']],
  ['statsMode', ['stats']],
]);

/** Id of the node whose dialog is open: its fields count, not what was saved last. */
let edited = '';
let include: PathList | undefined;

function usedBy(field: Field, operation: Operation): boolean {
  return USED_BY.get(field)?.includes(operation) === true;
}

/** The operation that the open dialog shows. */
function shownOperation(): Operation {
  return OPERATIONS.find((operation) => operation === $('#node-input-operation').val()) ?? 'backup';
}

function operationOf(node: EditedNode<RunDefinition>): Operation {
  return node.id === edited ? shownOperation() : node.operation;
}

function planOf(node: EditedNode<RunDefinition>): string {
  return node.id === edited ? String($('#lastgood-run-plan').val()) : node.plan;
}

/** What a reference to a config node lacks; `none` is said when nothing is chosen. */
function repositoryProblem(id: string | undefined, label: string, none: true | string): true | string {
  if (id === undefined || id === '' || id === '_ADD_') return none;
  if (isEnvironmentReference(id)) return true;
  const repository = RED.nodes.node(id);
  if (!repository) return text('problem.repositoryGone', { label });
  return repository['valid'] === false ? text('problem.repositoryInvalid', { label }) : true;
}

function planProblem(id: string | undefined, operation: Operation): true | string {
  if (!usedBy('plan', operation)) return true;
  if (id === undefined || id === '') return operation === 'forget' ? text('problem.planMissing') : true;
  return RED.nodes.node(id) ? true : text('problem.planGone');
}

/** Fills the menu of plans; it is not `node-input-plan`, because the editor takes such a menu for config nodes. */
function preparePlans(chosen: string): void {
  const menu = $('#lastgood-run-plan');
  $('<option value="">').appendTo(menu);
  for (const plan of allPlans()) $('<option>').val(plan.id).text(`${plan.name} (${plan.tab})`).appendTo(menu);
  if (chosen !== '' && !RED.nodes.node(chosen))
    $('<option>').val(chosen).text(text('planGone')).appendTo(menu);
  menu.val(chosen);
}

function showOperation(): void {
  const operation = shownOperation();
  $('#node-input-name').attr('placeholder', text(`operation.${operation}.label`));
  $('#lastgood-run-explanation').text(text(`operation.${operation}.explanation`));
  $('#lastgood-run-repository-label').text(
    text(operation === 'copy' ? 'label.toRepository' : 'label.repository'),
  );
  for (const [field, operations] of USED_BY) {
    $(`.lastgood-run-${field}`).toggle(operations.includes(operation));
  }
  $('#lastgood-run-plan option[value=""]').text(text(operation === 'forget' ? 'choosePlan' : 'allPlans'));
  const plan = $('#lastgood-run-plan');
  const planBringsIt = usedBy('repository', operation) && usedBy('plan', operation) && plan.val() !== '';
  $('#lastgood-run-repository-hint').toggle(planBringsIt);
  $('#node-input-repository').trigger('change');
  const problem = planProblem(String(plan.val()), operation);
  plan.toggleClass('input-error', problem !== true);
  $('#lastgood-run-plan-problem').text(problem === true ? '' : problem);
  if (usedBy('snapshot', operation)) {
    $('#node-input-snapshot').attr('placeholder', text(`operation.${operation}.snapshot`));
    $('#lastgood-run-snapshot-hint').text(text(`operation.${operation}.snapshotHint`));
  }
}

RED.nodes.registerType<RunDefinition>('restic-run', {
  category: 'backup',
  color: '#8EBDB5',
  icon: 'lastgood-run.svg',
  defaults: {
    name: { value: '' },
    operation: {
      value: 'backup',
      validate(value, _options) {
        return OPERATIONS.includes(value) || text('problem.operation');
      },
    },
    repository: {
      value: '',
      type: 'restic-repository',
      validate(id, _options) {
        const operation = operationOf(this);
        const label = text(operation === 'copy' ? 'label.toRepository' : 'label.repository');
        if (!usedBy('repository', operation)) return true;
        const planBringsIt = usedBy('plan', operation) && Boolean(planOf(this));
        return repositoryProblem(id, label, planBringsIt || text('problem.repositoryMissing', { label }));
      },
    },
    // The brackets make the editor follow the plan's new id on import; without them it expects a config node.
    plan: {
      value: '',
      type: 'backup-plan[]',
      validate(id, _options) {
        return planProblem(id, operationOf(this));
      },
    },
    fromRepository: {
      value: '',
      type: 'restic-repository',
      validate(id, _options) {
        if (operationOf(this) !== 'copy') return true;
        const label = text('label.fromRepository');
        if (id && id === (this.id === edited ? $('#node-input-repository').val() : this.repository)) {
          return text('problem.sameRepository');
        }
        return repositoryProblem(id, label, text('problem.repositoryMissing', { label }));
      },
    },
    readDataSubset: {
      value: '',
      validate(value, _options) {
        if (operationOf(this) !== 'check' || !value) return true;
        return (
          /^(\d+(\.\d+)?%|[1-9]\d*\/[1-9]\d*|\d+[KMGT])$/i.test(value.trim()) ||
          text('problem.readDataSubset')
        );
      },
    },
    snapshot: { value: '' },
    target: {
      value: '',
      validate(value, _options) {
        if (operationOf(this) !== 'restore' || !value) return true;
        return isFullPath(value) || text('problem.target');
      },
    },
    include: { value: [] },
    overwriteAllowed: { value: false },
    pattern: { value: '' },
    statsMode: { value: 'restore-size' },
  },
  inputs: 1,
  outputs: 3,
  inputLabels() {
    return text(this.operation === 'backup' ? 'port.run' : 'port.start');
  },
  outputLabels(port) {
    return text(['port.finished', 'port.notFinished', 'port.progress'][port] ?? '');
  },
  paletteLabel() {
    return text('paletteLabel');
  },
  label() {
    const known = OPERATIONS.includes(this.operation);
    return this.name || text(known ? `operation.${this.operation}.label` : 'paletteLabel');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  oneditprepare() {
    useSharedStyle();
    fillMissingProperties(this);
    edited = this.id;
    const menu = $('#node-input-operation');
    for (const operation of OPERATIONS) {
      $('<option>')
        .val(operation)
        .text(text(`operation.${operation}.option`))
        .appendTo(menu);
    }
    menu.val(this.operation);
    preparePlans(this.plan);
    include = pathList('#lastgood-run-include', {
      texts: this.include,
      placeholder: '/home/anna/photos',
    });
    menu.on('change', showOperation);
    $('#lastgood-run-plan').on('change', showOperation);
    showOperation();
  },
  oneditsave() {
    edited = '';
    const operation = shownOperation();
    this.plan = usedBy('plan', operation) ? String($('#lastgood-run-plan').val()) : '';
    this.include = usedBy('include', operation) ? (include?.texts() ?? []) : [];
    // What the operation does not use goes back to its default: a forgotten tick must not lie in wait.
    for (const field of ['repository', 'fromRepository'] as const) {
      if (!usedBy(field, operation)) $(`#node-input-${field}`).val('_ADD_');
    }
    if (!usedBy('overwriteAllowed', operation)) $('#node-input-overwriteAllowed').prop('checked', false);
    if (!usedBy('statsMode', operation)) $('#node-input-statsMode').val('restore-size');
    for (const field of ['snapshot', 'target', 'readDataSubset', 'pattern'] as const) {
      if (!usedBy(field, operation)) $(`#node-input-${field}`).val('');
    }
    return wasCompleted(this);
  },
  oneditcancel() {
    edited = '';
  },
});
