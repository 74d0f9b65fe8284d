import { durationField, durationProblem } from '../../editor/duration-field.ts';
import { fillMissingProperties, wasCompleted } from '../../editor/missing-properties.ts';
import { type EditedNode, textsOf } from '../../editor/red.ts';
import { useSharedStyle } from '../../editor/style.ts';
import { type CheckList, checkList } from './check-list.editor.ts';
import { checkNow } from './check-now.editor.ts';
import { listProblem } from './check-problem.editor.ts';
import type { CheckDefinition } from './definition.ts';
import { starters } from './starters.editor.ts';

const text = textsOf('precondition-check');
let list: CheckList | undefined;
/** Id of the check whose dialog is open: its fields count, not what was saved last. */
let edited = '';

/** Whether it waits at all: only then it has to say how often it looks. */
function waits(node: EditedNode<CheckDefinition>): boolean {
  const waitFor = node.id === edited ? $('#node-input-waitFor').val() : node.waitFor;
  return waitFor !== undefined && waitFor !== '';
}

RED.nodes.registerType<CheckDefinition>('precondition-check', {
  category: 'backup',
  color: '#8EBDB5',
  icon: 'lastgood-check.svg',
  defaults: {
    name: { value: '' },
    checks: {
      value: [],
      validate(checks, _options) {
        return listProblem(Array.isArray(checks) ? checks : []) ?? true;
      },
    },
    inOrder: { value: true },
    waitFor: {
      value: '',
      validate(value, _options) {
        return durationProblem(value, text('label.waitFor'), { emptyAllowed: true });
      },
    },
    lookEvery: {
      value: '30s',
      validate(value, _options) {
        return durationProblem(value, text('label.lookEvery'), { emptyAllowed: !waits(this) });
      },
    },
  },
  inputs: 1,
  outputs: 2,
  inputLabels() {
    return text('port.run');
  },
  outputLabels(port) {
    return text(port === 0 ? 'port.ready' : 'port.notReady');
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
    // A node of an earlier version looks at everything at the same time: opening it must not change that.
    this.inOrder ??= false;
    fillMissingProperties(this);
    edited = this.id;
    durationField('#node-input-waitFor', { unit: 'm', placeholder: text('placeholder.waitFor') });
    durationField('#node-input-lookEvery', { unit: 's' });
    const showWait = (): void => {
      const waiting = waits(this);
      $('#lastgood-check-look-every').toggle(waiting);
      $('#lastgood-check-wait-hint').text(text(waiting ? 'hint.waits' : 'hint.looksOnce'));
    };
    $('#node-input-waitFor').on('change', showWait);
    showWait();
    const tellCheckNow = checkNow(this);
    const inOrder = $('#node-input-inOrder');
    let count = 0;
    const showList = (): void => {
      $('#lastgood-checks-none').toggle(count === 0);
      $('#lastgood-checks-some').toggle(count > 0);
      $('#lastgood-checks-order').text(
        text(inOrder.prop('checked') === true ? 'hint.inOrder' : 'hint.together'),
      );
    };
    list = checkList('#lastgood-checks', Array.isArray(this.checks) ? this.checks : [], (specs) => {
      count = specs.length;
      showList();
      tellCheckNow(specs);
    });
    starters('#lastgood-check-starters', list);
    inOrder.on('change', showList);
    showList();
  },
  oneditsave() {
    edited = '';
    this.checks = list?.specs() ?? this.checks;
    return wasCompleted(this);
  },
  oneditcancel() {
    edited = '';
  },
});
