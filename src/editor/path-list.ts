/// <reference types="jquery" />
/** A list of texts that a person edits: paths, patterns, tags, options. */
export interface PathList {
  /** What is in the list, trimmed, in order, without empty lines. */
  texts(): string[];
  /** Replaces the whole list. */
  replace(texts: readonly string[]): void;
}

interface Row {
  text?: string;
}

/**
 * Makes an `<ol>` into a list of texts that can be added to, sorted and removed from. Give the `<ol>` an id that is
 * not `node-input-<property>` (the editor would try to read it as an input) and store `texts()` in oneditsave.
 *
 * @param list selector of the `<ol>`
 * @param options `placeholder` of each line; `rows`: visible lines before it scrolls (3); `changed`: called after
 *   every edit; `problem`: what is wrong with these texts, shown under the list
 */
export function pathList(
  list: string,
  options: {
    texts: readonly string[];
    placeholder?: string;
    rows?: number;
    changed?: (texts: string[]) => void;
    problem?: (texts: string[]) => string | undefined;
  },
): PathList {
  const element = $(list);
  const texts = (): string[] =>
    element
      .find('input')
      .toArray()
      .map((input) => String($(input).val()).trim())
      .filter((text) => text !== '');
  const complaint = $('<div class="lastgood-problem">');
  const changed = (): void => {
    const present = texts();
    complaint.text(options.problem?.(present) ?? '');
    options.changed?.(present);
  };

  element.addClass('lastgood-list').editableList<Row>({
    addItem(row, _index, data) {
      const input = $('<input type="text">')
        .attr('placeholder', options.placeholder ?? '')
        .val(data.text ?? '')
        .on('input change', changed)
        .on('keydown', (event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          element.editableList('addItem', {});
        })
        .appendTo(row);
      if (data.text === undefined) setTimeout(() => input.trigger('focus'));
    },
    removeItem: changed,
    sortItems: changed,
    removable: true,
    sortable: true,
    height: 'auto',
  });
  element.closest('.red-ui-editableList-container').css({
    minHeight: '38px',
    maxHeight: `${(options.rows ?? 3) * 42}px`,
    overflowY: 'auto',
  });

  complaint.insertAfter(element.closest('.red-ui-editableList'));

  const replace = (next: readonly string[]): void => {
    element.editableList('empty');
    for (const text of next) element.editableList('addItem', { text });
    changed();
  };
  for (const text of options.texts) element.editableList('addItem', { text });
  complaint.text(options.problem?.(texts()) ?? '');
  return { texts, replace };
}
