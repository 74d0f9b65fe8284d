/// <reference types="jquery" />
import type { PlanDefinition } from '../nodes/backup-plan/definition.ts';
import { commandField } from './command-field.ts';
import { hiddenLines } from './hidden-lines.ts';
import type { EditedNode } from './red.ts';
import { textsOf } from './red.ts';

const text = textsOf('backup-plan');

function names(lines: string): string[] {
  return lines.split('\n').flatMap((line) => /^\s*([^\s:]+)\s*:/.exec(line)?.[1] ?? []);
}

/** What is wrong with a list of headers; never quotes a value. */
function complaint(lines: string): string {
  const bad = lines.split('\n').findIndex((line) => line.trim() !== '' && !/^\s*[^\s:]+\s*:/.test(line));
  return bad < 0 ? '' : text('error.header', { line: bad + 1 });
}

/** Shows what belongs to the chosen kind of source; the returned function gives the words of the command. */
export function sourceFields(plan: EditedNode<PlanDefinition>): () => string[] {
  const kind = $('#node-input-source');
  const show = (): void => {
    $('[data-source]').each((_index, part) => {
      $(part).toggle(($(part).attr('data-source') ?? '').split(' ').includes(String(kind.val())));
    });
  };
  kind.on('change', show);
  show();
  const key = $('#node-input-key');
  const name = $('#node-input-sourceName');
  const suggest = (): void => void name.attr('placeholder', String(key.val()));
  key.on('change', suggest);
  suggest();
  hiddenLines({
    input: '#node-input-sourceHeaders',
    stored: '#backup-plan-headers-stored',
    problem: '#backup-plan-headers-problem',
    complaint,
    names,
    askNames: () => Promise.resolve([text('stored')]),
    replaceText: text('button.replaceHeaders'),
    keepText: text('button.keepHeaders'),
  });
  const command = commandField('#backup-plan-command', plan.sourceCommand, text('error.quote'));
  return () => command.words();
}
