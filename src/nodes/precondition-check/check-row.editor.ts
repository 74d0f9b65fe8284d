import { splitCommandLine } from '../../editor/command-line.ts';
import { textsOf } from '../../editor/red.ts';
import type { CheckKind, CheckSpec } from '../../lib/checks/check.ts';
import { isGroup } from '../../lib/checks/check.ts';
import type { Field } from './check-field.editor.ts';
import { inputIn } from './check-field.editor.ts';
import { fieldsOf } from './check-fields.editor.ts';
import { isEditable, isGroupKind, kindOf, MENU } from './check-kinds.editor.ts';
import { checkProblem } from './check-problem.editor.ts';
import { checkSentence } from './check-sentence.editor.ts';

const text = textsOf('precondition-check');

/** Groups in groups in the list: deeper ones are shown, but not offered. */
const DEEPEST = 4;

/** What a row of the list is made from, and what it says now. */
export interface Row {
  spec?: CheckSpec;
  /** Just added: says what is missing only once something was typed. */
  fresh?: boolean;
  read?: () => CheckSpec;
}

/** The list of the checks in a group. */
export interface NestedList {
  specs(): CheckSpec[];
  remove(): void;
}

/** Makes the list of a group in a place of its row; `depth`: 1 for the checks of a group of the outermost list. */
export type MakeList = (place: JQuery, specs: readonly CheckSpec[], depth: number) => NestedList;

function iconButton(icon: string, label: string): JQuery {
  const button = $('<button type="button" class="red-ui-button red-ui-button-small">').append(
    $('<i>').addClass(`fa ${icon}`),
  );
  RED.popover.tooltip(button, label);
  return button.attr('aria-label', label);
}

function kindMenu(depth: number): JQuery {
  const menu = $('<select data-field="kind">').attr('aria-label', text('label.kind'));
  for (const { heading, kinds } of MENU) {
    if (heading === 'group' && !groupsFit(depth)) continue;
    const part = $('<optgroup>')
      .attr('label', text(`menu.${heading}`))
      .appendTo(menu);
    for (const kind of kinds)
      $('<option>')
        .val(kind)
        .text(text(`kind.${kind}.name`))
        .appendTo(part);
  }
  return menu;
}

/** Whether a group may stand in a list at this depth. */
export function groupsFit(depth: number): boolean {
  return depth < DEEPEST;
}

/**
 * Fills the row of one check: its kind, the fields of that kind, those that are seldom needed behind a button, one
 * line that explains or complains, and the list of a group.
 */
export function fillRow(row: JQuery, data: Row, depth: number, makeList: MakeList): void {
  const given = data.spec;
  row.addClass('lastgood-check');
  if (given !== undefined && !isEditable(given)) {
    // A kind of a newer version: this dialog cannot show it, and must not lose it.
    data.read = () => given;
    row.append(
      $('<div class="lastgood-check-kept">').text(text('kept', { kind: String(Object(given).kind) })),
    );
    return;
  }
  const fold = iconButton('fa-caret-down', text('fold')).addClass('lastgood-check-fold');
  const menu = kindMenu(given !== undefined && isGroup(given) ? 0 : depth);
  const counter = $('<span class="lastgood-check-count">');
  const moreButton = iconButton('fa-ellipsis-h', text('more'));
  const head = $('<div class="lastgood-check-line">').append(fold, menu, counter, moreButton);
  const main = $('<div>');
  const more = $('<div class="lastgood-check-more">');
  const note = $('<div class="lastgood-check-note">');
  const inside = $('<div class="lastgood-check-inside">');
  const body = $('<div class="lastgood-check-body">').append(main, more, note);
  const sentence = $('<div class="lastgood-check-sentence">').hide();
  row.append(head, sentence, body, inside);

  let kind: CheckKind = given?.kind ?? 'mount';
  let fields: Field[] = [];
  let nested: NestedList | undefined;
  let complains = given !== undefined && data.fresh !== true;
  let isFilled = given !== undefined;
  menu.val(kind);

  const read = (): CheckSpec => {
    const typed: Record<string, unknown> = { kind };
    for (const field of fields) {
      const value = field.read();
      if (value !== undefined) typed[field.name] = value;
    }
    if (isGroupKind(kind)) typed['checks'] = nested?.specs() ?? [];
    // What no field shows stays, in the order in which it was stored.
    const names = new Set([...fields.map(({ name }) => name), 'checks']);
    const stored: Record<string, unknown> = given?.kind === kind ? { ...given } : {};
    const kept = Object.entries(stored).flatMap(([name, value]) => {
      if (names.has(name) || name === 'kind') return name in typed ? [[name, typed[name]]] : [];
      return [[name, value]];
    });
    return Object({ ...Object.fromEntries(kept), ...typed });
  };
  data.read = read;

  const explain = (): void => {
    const spec = read();
    const problem = checkProblem(spec);
    const line = body.find('[data-field="command"]').val();
    const unclosed = line !== undefined && splitCommandLine(String(line)).unclosedQuote;
    const complaint = problem?.message ?? (unclosed ? text('problem.quote') : undefined);
    for (const field of [...head.find('[data-field]'), ...body.find('[data-field]')]) {
      const isWrong = complains && field.dataset['field'] === problem?.field;
      $(field).toggleClass('input-error', isWrong);
      $(field).next('.red-ui-typedInput-container').toggleClass('input-error', isWrong);
    }
    const isComplaint = complains && complaint !== undefined;
    note.toggleClass('lastgood-check-problem', isComplaint);
    note.text(isComplaint ? complaint : text(`kind.${kind}.hint`));
    sentence.text(checkSentence(spec));
    // A single check has no place for several.
    const tooMany = isGroup(spec) && spec.checks.length > 1;
    menu.find('option').each((_index, option) => {
      $(option).prop('disabled', tooMany && !isGroupKind(kindOf(option.value)));
    });
  };

  const showFields = (from: Readonly<Record<string, unknown>>): void => {
    main.empty();
    more.empty();
    counter.empty();
    fields = fieldsOf(kind, { at: main, given: from }, { at: more, given: from });
    const seldom = new Set(
      more
        .find('[data-field]')
        .toArray()
        .map((field) => field.dataset['field']),
    );
    if (kind === 'at-least') {
      const numbers = { number: { min: 1 }, short: true };
      fields.push(inputIn(counter, { at: counter, given: { count: 1, ...from } }, 'count', numbers));
    }
    row.toggleClass('lastgood-check-is-group', isGroupKind(kind));
    openMore(Object.keys(from).some((name) => seldom.has(name)));
  };
  const openMore = (open: boolean): void => {
    more.toggle(open);
    moreButton.attr('aria-expanded', String(open)).toggleClass('selected', open);
  };

  const turnInto = (next: CheckKind): void => {
    const before = read();
    kind = next;
    if (isGroupKind(next)) {
      nested ??= makeList(inside, isFilled ? [before] : [], depth + 1);
      showFields(isGroup(before) ? { ...before } : {});
    } else {
      nested?.remove();
      nested = undefined;
      // A path survives a change of kind.
      const filled = Object.entries(isGroup(before) ? (before.checks[0] ?? {}) : before);
      showFields(Object.fromEntries(filled.filter(([, value]) => value !== '' && value !== 0)));
    }
    complains = false;
    isFilled = true;
    explain();
  };

  if (given !== undefined && isGroup(given)) {
    nested = makeList(inside, Array.isArray(given.checks) ? given.checks : [], depth + 1);
  }
  showFields({ ...given });
  explain();
  menu.on('change', () => turnInto(kindOf(menu.val())));
  moreButton.on('click', () => openMore(more.css('display') === 'none'));
  fold.on('click', () => {
    const open = body.css('display') === 'none';
    body.toggle(open);
    inside.toggle(open);
    sentence.toggle(!open);
    fold.attr('aria-expanded', String(open));
    fold.find('i').toggleClass('fa-caret-down', open).toggleClass('fa-caret-right', !open);
  });
  row.on('change lastgood-list', (event) => {
    const isOwn = $(event.target).closest('.lastgood-check').is(row);
    if (isOwn && event.type === 'change' && !$(event.target).is(menu)) {
      complains = true;
      isFilled = true;
    }
    // A group is complained about once it has something in it that can be wrong.
    if (!isOwn && event.type === 'change') complains = true;
    explain();
  });
}
