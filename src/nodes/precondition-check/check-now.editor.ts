import type { EditedNode } from '../../editor/red.ts';
import { deployedNode, textsOf } from '../../editor/red.ts';
import { postJson, sentence } from '../../editor/server.ts';
import { showVerdict } from '../../editor/verdict.ts';
import type { CheckSpec } from '../../lib/checks/check.ts';
import type { LookAnswer } from '../../lib/node-red/routes-check.ts';
import type { CheckDefinition } from './definition.ts';
import { clearMarks, markRows } from './result-marks.editor.ts';
import { resultTree } from './result-tree.editor.ts';

const text = textsOf('precondition-check');

/** What is deployed of a node; undefined: nothing. */
function deployedChecks(id: string): readonly CheckSpec[] | undefined {
  const deployed = deployedNode(id);
  if (deployed === undefined) return undefined;
  const checks = deployed['checks'];
  return Array.isArray(checks) ? checks : [];
}

/**
 * "Check now": has the deployed node look, and shows what it saw. Returns a function to be told what the dialog holds
 * whenever that changes, because the deployed node may hold something else.
 */
export function checkNow(node: EditedNode<CheckDefinition>): (specs: readonly CheckSpec[]) => void {
  const button = $('#lastgood-check-now');
  const act = $('#lastgood-check-act').hide();
  const hint = $('#lastgood-check-now-hint');
  const results = $('#lastgood-check-results');
  const question = $('#lastgood-check-question').hide();

  /** Whether the dialog shows what is deployed. */
  let isSame = false;
  const tell = (specs: readonly CheckSpec[]): void => {
    const deployed = deployedChecks(node.id);
    button.prop('disabled', deployed === undefined);
    isSame = node.changed !== true && JSON.stringify(specs) === JSON.stringify(deployed);
    clearMarks();
    hint.text(text(deployed === undefined ? 'now.notDeployed' : isSame ? 'now.hint' : 'now.older'));
  };

  const look = async (mayAct: boolean): Promise<void> => {
    question.hide();
    act.hide();
    clearMarks();
    button.prop('disabled', true);
    showVerdict(results, { kind: 'busy', text: text(mayAct ? 'now.acting' : 'now.looking') });
    try {
      const { report, acts } = await postJson<LookAnswer>(
        `lastgood/checks/${node.id}/look`,
        mayAct ? { act: true } : {},
      );
      showVerdict(results, {
        kind: report.passed ? 'ok' : 'warn',
        text: text(report.passed ? 'now.ready' : 'now.notReady', { reason: report.reason }),
      });
      const specs = deployedChecks(node.id) ?? [];
      results.append(resultTree(specs, report));
      if (isSame) markRows($('#lastgood-checks'), specs, report.results);
      act.toggle(acts && !mayAct);
    } catch (error) {
      showVerdict(results, { kind: 'bad', text: sentence(error) });
    } finally {
      button.prop('disabled', false);
    }
  };

  button.on('click', () => void look(false));
  act.on('click', () => {
    question.show();
    $('#lastgood-check-act-yes').trigger('focus');
  });
  $('#lastgood-check-act-yes').on('click', () => void look(true));
  $('#lastgood-check-act-no').on('click', () => {
    question.hide();
    act.trigger('focus');
  });
  return tell;
}
