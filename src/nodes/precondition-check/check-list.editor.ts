import { joinCommandLine, splitCommandLine } from '../../editor/command-line.ts';
import { durationField } from '../../editor/duration-field.ts';
import { textsOf } from '../../editor/red.ts';
import type { CheckSpec } from '../../lib/checks/check.ts';
import { CHECK_KINDS, type CheckKind, checkProblem, isEditable } from './check-spec.editor.ts';

const text = textsOf('precondition-check');

/** The list of checks in the open dialog. */
export interface CheckList {
  /** What the rows say now, in order. */
  specs(): CheckSpec[];
}

interface Row {
  spec?: CheckSpec;
  read?: () => CheckSpec;
}

let rowsMade = 0;

function input(field: string, options: { value?: string | number; type?: 'number' } = {}): JQuery {
  return $('<input>')
    .attr({
      type: options.type ?? 'text',
      'data-field': field,
      placeholder: text(`placeholder.${field}`),
      'aria-label': text(`label.${field}`),
      ...(options.type === 'number' ? { min: '1' } : {}),
    })
    .val(options.value ?? '');
}

function labelled(field: string, options: { value?: string | number; type?: 'number' }): JQuery {
  return $('<label class="lastgood-check-limit">').append(
    $('<span>').text(text(`label.${field}`)),
    input(field, options),
  );
}

/** The fields of one kind, filled from `spec` as far as it has them: a path survives a change of kind. */
function fieldsOf(kind: CheckKind, spec: Partial<Record<string, unknown>>): JQuery[] {
  const stored = (name: string): string => {
    const value = spec[name];
    return typeof value === 'string' || (typeof value === 'number' && value > 0) ? String(value) : '';
  };
  if (kind === 'port') {
    return [
      $('<div class="lastgood-check-line">').append(
        input('host', { value: stored('host') }),
        $('<span>').text(':'),
        input('port', { value: stored('port'), type: 'number' })
          .attr('max', '65535')
          .addClass('lastgood-short'),
      ),
    ];
  }
  if (kind === 'command') {
    const rest = spec['arguments'];
    const words = [spec['command'], ...(Array.isArray(rest) ? rest : [])];
    const line = joinCommandLine(words.filter((word) => typeof word === 'string'));
    return [
      $('<div class="lastgood-check-line">').append(input('command', { value: line === "''" ? '' : line })),
    ];
  }
  const path = $('<div class="lastgood-check-line">').append(input('path', { value: stored('path') }));
  if (kind === 'marker') path.find('input').attr('placeholder', text('placeholder.marker'));
  if (kind !== 'space') return [path];
  const limits = $('<div class="lastgood-check-line">').append(
    labelled('freeBytes', { value: stored('freeBytes') }),
    labelled('freePercent', { value: stored('freePercent'), type: 'number' }),
    labelled('freeInodes', { value: stored('freeInodes'), type: 'number' }),
  );
  return [path, limits];
}

/** What the fields of a row say. */
function specOf(kind: CheckKind, row: JQuery): CheckSpec {
  const typed = (field: string): string => String(row.find(`[data-field="${field}"]`).val() ?? '').trim();
  const limit = (field: 'freePercent' | 'freeInodes'): Partial<Record<typeof field, number>> =>
    typed(field) === '' ? {} : { [field]: Number(typed(field)) };
  const timeout = typed('timeout') === '' ? {} : { timeout: typed('timeout') };
  if (kind === 'port') return { kind, host: typed('host'), port: Number(typed('port')), ...timeout };
  if (kind === 'command') {
    const [command = '', ...rest] = splitCommandLine(typed('command')).words;
    return { kind, command, arguments: rest, ...timeout };
  }
  const path = typed('path');
  if (kind !== 'space') return { kind, path, ...timeout };
  const freeBytes = typed('freeBytes');
  return {
    kind,
    path,
    ...(freeBytes === '' ? {} : { freeBytes }),
    ...limit('freePercent'),
    ...limit('freeInodes'),
    ...timeout,
  };
}

/** A row for one check: its kind, the fields of that kind, one line that explains or complains. */
function fillRow(row: JQuery, data: Row): void {
  const given = data.spec;
  row.addClass('lastgood-check');
  if (given !== undefined && !isEditable(given)) {
    // A group, or a kind of a newer version: this dialog cannot show it, and must not lose it.
    data.read = () => given;
    row.append($('<div class="lastgood-check-group">').text(text('kept', { kind: given.kind })));
    return;
  }
  const kindMenu = $('<select data-field="kind">').attr('aria-label', text('label.kind'));
  for (const kind of CHECK_KINDS)
    $('<option>')
      .val(kind)
      .text(text(`kind.${kind}.name`))
      .appendTo(kindMenu);
  kindMenu.val(given?.kind ?? 'mount');
  const clock = $(
    '<button type="button" class="red-ui-button red-ui-button-small"><i class="fa fa-clock-o"></i></button>',
  );
  const fields = $('<div>');
  const note = $('<div class="lastgood-check-note">');
  const timeoutId = `lastgood-check-timeout-${++rowsMade}`;
  const timeout = $('<div class="lastgood-check-line">').append(
    $('<label class="lastgood-inline">').attr('for', timeoutId).text(text('label.timeout')),
    $('<input type="text" data-field="timeout">')
      .attr('id', timeoutId)
      .val(given?.timeout ?? ''),
  );
  row.append($('<div class="lastgood-check-line">').append(kindMenu, clock), fields, timeout, note);
  durationField(`#${timeoutId}`, { unit: 's', placeholder: '10' });
  timeout.toggle(given?.timeout !== undefined);
  clock.on('click', () => timeout.toggle());
  RED.popover.tooltip(clock, text('timeoutHint'));

  const kind = (): CheckKind => CHECK_KINDS.find((each) => each === kindMenu.val()) ?? 'mount';
  data.read = () => specOf(kind(), row);
  const explain = (complain: boolean): void => {
    const problem = complain ? checkProblem(specOf(kind(), row)) : undefined;
    const unclosed =
      kind() === 'command' &&
      splitCommandLine(String(row.find('[data-field="command"]').val())).unclosedQuote;
    row.find('[data-field]').each((_index, field) => {
      $(field).toggleClass('input-error', field.dataset['field'] === problem?.field);
    });
    const complaint = problem?.message ?? (complain && unclosed ? text('problem.quote') : undefined);
    note.toggleClass('lastgood-check-problem', complaint !== undefined);
    note.text(complaint ?? text(`kind.${kind()}.hint`));
  };
  const showKind = (from: Partial<Record<string, unknown>>): void => {
    fields.empty().append(...fieldsOf(kind(), from));
  };
  showKind({ ...given });
  explain(given !== undefined);
  let last: CheckSpec = data.read();
  kindMenu.on('change', () => {
    showKind({ ...last });
    explain(false);
  });
  row.on('change', 'input', () => {
    last = specOf(kind(), row);
    explain(true);
  });
}

/**
 * Makes an `<ol>` into the list of checks.
 *
 * @param changed called with the number of rows whenever it changes
 */
export function checkList(
  list: string,
  specs: readonly CheckSpec[],
  changed: (count: number) => void,
): CheckList {
  const element = $(list);
  const count = (): void => {
    const rows = element.editableList('items').length;
    element.closest('.red-ui-editableList-container').toggle(rows > 0);
    changed(rows);
  };
  element.addClass('lastgood-list').editableList<Row>({
    addItem(row, _index, data) {
      fillRow(row, data);
      count();
    },
    removeItem: count,
    addButton: text('add'),
    removable: true,
    sortable: true,
    height: 'auto',
  });
  for (const spec of specs) element.editableList('addItem', { spec });
  count();
  return {
    specs: () =>
      element
        .editableList('items')
        .toArray()
        .map((item) => {
          const row: Row = $(item).data('data');
          return row.read?.();
        })
        .filter((spec) => spec !== undefined),
  };
}
