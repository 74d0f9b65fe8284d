/// <reference types="jquery" />
/** One section of a long dialog. */
export interface Section {
  /** Id of the element that holds the section. */
  id: string;
  label: string;
}

/**
 * Splits a long dialog into tabs. A tab whose fields do not validate carries a warning sign, because the person
 * may be looking at another one.
 *
 * @param list selector of an empty `<ul>` where the tabs go
 * @returns a function that shows a section by its id
 */
export function sections(list: string, parts: readonly Section[]): (id: string) => void {
  const tabs = RED.tabs.create({
    element: $(list),
    onchange(tab) {
      for (const part of parts) $(`#${part.id}`).toggle(part.id === tab.id);
    },
  });
  for (const part of parts) {
    tabs.addTab({ id: part.id, label: part.label });
    const element = document.getElementById(part.id);
    if (element === null) continue;
    const link = $(list).find(`a[href="#${part.id}"]`);
    const sign = $('<i class="fa fa-exclamation-triangle lastgood-tab-sign">').hide().prependTo(link);
    const mark = (): void => {
      sign.toggle(element.querySelector('.input-error, .lastgood-problem:not(:empty)') !== null);
    };
    new MutationObserver(mark).observe(element, {
      subtree: true,
      attributes: true,
      attributeFilter: ['class'],
    });
    mark();
  }
  const first = parts[0];
  if (first !== undefined) tabs.activateTab(first.id);
  return (id) => tabs.activateTab(id);
}
