import { textsOf } from '../../editor/red.ts';
import type { CheckSpec } from '../../lib/checks/check.ts';
import type { NestedList, Row } from './check-row.editor.ts';
import { fillRow, groupsFit } from './check-row.editor.ts';

const text = textsOf('precondition-check');

/** The list of checks in the open dialog. */
export interface CheckList {
  /** What the rows say now, in order. */
  specs(): CheckSpec[];
  /** Adds checks that a person has to fill in. */
  add(specs: readonly CheckSpec[]): void;
}

/** Moves a row by the arrow keys, for those who do not drag. */
function makeMovable(row: JQuery): void {
  const item = row.parent();
  const handle = item.children('.red-ui-editableList-item-handle');
  handle.attr({ tabindex: 0, role: 'button', 'aria-label': text('move'), title: text('move') });
  handle.on('keydown', (event) => {
    if (event.key === 'ArrowUp') item.insertBefore(item.prev());
    else if (event.key === 'ArrowDown') item.insertAfter(item.next());
    else return;
    event.preventDefault();
    handle.trigger('focus');
    item.parent().trigger('lastgood-list');
  });
}

function makeList(element: JQuery, specs: readonly CheckSpec[], depth: number): CheckList {
  // Rows and their lists tell the groups around them.
  const changed = (): void => void element.trigger('lastgood-list');
  const addGroup = {
    label: text('addGroup'),
    icon: 'fa fa-plus-square-o',
    click: () => element.editableList('addItem', { spec: { kind: 'any', checks: [] }, fresh: true }),
  };
  const options = {
    addItem(row: JQuery, _index: number, data: Row) {
      fillRow(row, data, depth, nestedList);
      makeMovable(row);
      row.siblings('.red-ui-editableList-item-remove').attr('aria-label', text('remove'));
      if (data.spec === undefined) setTimeout(() => row.find('select').first().trigger('focus'));
      changed();
    },
    removeItem: changed,
    sortItems: changed,
    addButton: text('add'),
    buttons: groupsFit(depth) ? [addGroup] : [],
    connectWith: '.lastgood-checks',
    scrollOnAdd: false,
    removable: true,
    sortable: true,
    height: 'auto' as const,
  };
  element.addClass('lastgood-list').editableList<Row>(options);
  // Only now: the widget takes a height that it finds for one that it has to keep.
  element.addClass('lastgood-checks');
  for (const spec of specs) element.editableList('addItem', { spec });
  return {
    specs: () =>
      element
        .children('li:not(.red-ui-editableList-item-deleting)')
        .children('.red-ui-editableList-item-content')
        .toArray()
        .map((item) => {
          const row: Row = $(item).data('data');
          return row.read?.();
        })
        .filter((spec) => spec !== undefined),
    add: (added) => {
      for (const spec of added) element.editableList('addItem', { spec, fresh: true });
    },
  };
}

function nestedList(place: JQuery, specs: readonly CheckSpec[], depth: number): NestedList {
  const list = makeList($('<ol>').appendTo(place), specs, depth);
  return { specs: () => list.specs(), remove: () => void place.empty() };
}

/**
 * Makes an `<ol>` into the list of checks.
 *
 * @param changed called whenever a check was added, removed, moved or edited
 */
export function checkList(
  selector: string,
  specs: readonly CheckSpec[],
  changed: (specs: readonly CheckSpec[]) => void,
): CheckList {
  const element = $(selector);
  const list = makeList(element, specs, 0);
  const tell = (): void => {
    const now = list.specs();
    element.closest('.red-ui-editableList-container').toggle(now.length > 0);
    changed(now);
  };
  element.on('change lastgood-list', tell);
  tell();
  return list;
}
