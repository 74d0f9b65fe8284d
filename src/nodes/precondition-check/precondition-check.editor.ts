import { durationField, durationProblem } from '../../editor/duration-field.ts';
import { fillMissingProperties } from '../../editor/missing-properties.ts';
import { textsOf } from '../../editor/red.ts';
import { useSharedStyle } from '../../editor/style.ts';
import { type CheckList, checkList } from './check-list.editor.ts';
import { checkProblem } from './check-spec.editor.ts';
import type { CheckDefinition } from './definition.ts';

const text = textsOf('precondition-check');
let list: CheckList | undefined;

RED.nodes.registerType<CheckDefinition>('precondition-check', {
  category: 'backup',
  color: '#8EBDB5',
  icon: 'lastgood-check.svg',
  defaults: {
    name: { value: '' },
    checks: {
      value: [],
      validate(checks, _options) {
        for (const [index, spec] of (checks ?? []).entries()) {
          const problem = checkProblem(spec);
          if (problem === undefined) continue;
          const kind = text(`kind.${spec.kind}.name`);
          return text('problem.inCheck', { number: index + 1, kind, problem: problem.message });
        }
        return true;
      },
    },
    waitFor: {
      value: '',
      validate(value, _options) {
        return durationProblem(value, text('label.waitFor'), { emptyAllowed: true });
      },
    },
    lookEvery: {
      value: '30s',
      validate(value, _options) {
        return durationProblem(value, text('label.lookEvery'));
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
    fillMissingProperties(this);
    durationField('#node-input-waitFor', { unit: 'm', placeholder: text('placeholder.waitFor') });
    durationField('#node-input-lookEvery', { unit: 's' });
    const waits = (): void => {
      const waiting = $('#node-input-waitFor').val() !== '';
      $('#lastgood-check-look-every').toggle(waiting);
      $('#lastgood-check-wait-hint').text(text(waiting ? 'hint.waits' : 'hint.looksOnce'));
    };
    $('#node-input-waitFor').on('change', waits);
    waits();
    list = checkList('#lastgood-checks', this.checks, (count) => {
      $('#lastgood-checks-none').toggle(count === 0);
      $('#lastgood-checks-some').toggle(count > 0);
    });
  },
  oneditsave() {
    this.checks = list?.specs() ?? this.checks;
  },
});
