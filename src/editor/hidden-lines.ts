/// <reference types="jquery" />
/** What the editor holds in place of a credential that is on the server. */
const UNTOUCHED = '__PWRD__';

/** A text area for lines with secrets in them. */
export interface HiddenLines {
  /** Selector of the text area, which Node-RED fills and stores. */
  readonly input: string;
  /** Selector of the place for the names of what is stored. */
  readonly stored: string;
  /** Selector of the place for what is wrong with the lines. */
  readonly problem: string;
  /** What is wrong with the lines; empty: nothing. Never quotes a value. */
  readonly complaint: (lines: string) => string;
  /** Names of lines that were typed and are not deployed yet. */
  readonly names: (lines: string) => string[];
  /** Names of what is on the server. */
  readonly askNames: () => Promise<string[]>;
  readonly replaceText: string;
  readonly keepText: string;
}

/**
 * What is stored is shown by name, with the values hidden (they never come back from the server); "Replace" opens an
 * empty box that replaces the whole list.
 */
export function hiddenLines(field: HiddenLines): void {
  const input = $(field.input);
  const stored = $(field.stored);
  const problem = $(field.problem);
  const kept = String(input.val());
  input.on('input', () => problem.text(field.complaint(String(input.val()))));

  const showNames = (present: readonly string[]): void => {
    stored.empty();
    for (const name of present) {
      $('<div>').append($('<code>').text(name), $('<span>').text(' = ••••••')).appendTo(stored);
    }
  };
  const button = $('<button type="button" class="red-ui-button red-ui-button-small">');
  const hide = (): void => {
    input.val(kept).hide();
    stored.show();
    problem.text('');
    button.text(field.replaceText).off('click').on('click', replace);
  };
  function replace(): void {
    input.val('').show().trigger('focus');
    stored.hide();
    button.text(field.keepText).off('click').on('click', hide);
  }
  if (kept === '') return;
  button.insertAfter(input);
  hide();
  if (kept === UNTOUCHED) field.askNames().then(showNames, () => undefined);
  else showNames(field.names(kept));
}
