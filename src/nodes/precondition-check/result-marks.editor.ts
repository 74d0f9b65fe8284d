import { textsOf } from '../../editor/red.ts';
import type { CheckResult, CheckSpec } from '../../lib/checks/check.ts';
import { isListedGroup } from './check-kinds.editor.ts';
import { ANSWER_ICONS, together } from './result-tree.editor.ts';

const text = textsOf('precondition-check');

/** Takes the answers off the rows: they were of other checks than those that stand there now. */
export function clearMarks(): void {
  $('.lastgood-check-mark').remove();
}

/** Puts the answer to each check into its row; the rows of `list` are those of `specs`. */
export function markRows(list: JQuery, specs: readonly CheckSpec[], results: readonly CheckResult[]): void {
  const items = list.children('li');
  for (const [index, { spec, result }] of together(specs, results).entries()) {
    if (spec === undefined) return;
    const row = items.eq(index).children('.lastgood-check');
    const answer = result?.answer ?? 'unneeded';
    const words = [text(`answer.${answer}`), result?.reason ?? ''].filter((said) => said !== '').join(': ');
    $('<i role="img">')
      .addClass(`fa ${ANSWER_ICONS[answer]} lastgood-check-mark lastgood-answer-${answer}`)
      .attr({ 'aria-label': words, title: words })
      .insertBefore(row.children('.lastgood-check-line').children('button').last());
    const inside = row.find('> .lastgood-check-inside > .red-ui-editableList .lastgood-checks').first();
    if (isListedGroup(spec)) markRows(inside, spec.checks, result?.parts ?? []);
  }
}
