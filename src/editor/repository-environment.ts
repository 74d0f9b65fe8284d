/// <reference types="jquery" />
import { textsOf } from './red.ts';
import { getJson } from './server.ts';

const text = textsOf('restic-repository');
const UNTOUCHED = '__PWRD__';

function names(lines: string): string[] {
  return lines.split('\n').flatMap((line) => /^\s*([A-Za-z_]\w*)=/.exec(line)?.[1] ?? []);
}

/** What is wrong with a `NAME=value` list; never quotes a value. */
function complaint(lines: string): string {
  const bad = lines
    .split('\n')
    .findIndex((line) => line.trim() !== '' && !/^\s*(export\s+)?[A-Za-z_]\w*=/.test(line));
  return bad < 0 ? '' : text('error.environment', { line: bad + 1 });
}

/**
 * The list of variables. What is stored is shown by name, with the values hidden (they never come back from the
 * server); "Replace" opens an empty box that replaces the whole list.
 */
export function environmentField(nodeId: string): void {
  const input = $('#node-config-input-environment');
  const stored = $('#restic-repository-environment-stored');
  const problem = $('#restic-repository-environment-problem');
  const kept = String(input.val());
  input.on('input', () => problem.text(complaint(String(input.val()))));

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
    button.text(text('button.replaceEnvironment')).off('click').on('click', replace);
  };
  function replace(): void {
    input.val('').show().trigger('focus');
    stored.hide();
    button.text(text('button.keepEnvironment')).off('click').on('click', hide);
  }
  if (kept === '') return;
  button.insertAfter(input);
  hide();
  if (kept === UNTOUCHED) {
    getJson<{ names: string[] }>(`lastgood/repositories/${nodeId}/environment`).then(
      (answer) => showNames(answer.names),
      () => showNames([text('stored')]),
    );
  } else {
    showNames(names(kept));
  }
}
