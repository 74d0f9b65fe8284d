import { joinCommandLine, splitCommandLine } from '../../editor/command-line.ts';
import { textsOf } from '../../editor/red.ts';
import type { CheckKind } from '../../lib/checks/check.ts';
import type { Field, Place } from './check-field.editor.ts';
import {
  choiceIn,
  durationIn,
  fieldFor,
  inputIn,
  labelled,
  labelledInput,
  line,
  newId,
  tickIn,
} from './check-field.editor.ts';
import { isGroupKind } from './check-kinds.editor.ts';
import { stateFields } from './state-fields.editor.ts';
import { timeFields } from './time-fields.editor.ts';

const text = textsOf('precondition-check');

/** The fields of one kind: those that everyone fills in go to `main`, the others to `more`. */
export function fieldsOf(kind: CheckKind, main: Place, more: Place): Field[] {
  return [...ownFields(kind, main, more), ...limits(kind, more)];
}

function ownFields(kind: CheckKind, main: Place, more: Place): Field[] {
  switch (kind) {
    case 'mount':
      return [
        path(main),
        ...(['label', 'uuid', 'fsType'] as const).map((name) =>
          labelledInput(more, name, { optional: true }),
        ),
      ];
    case 'marker':
      return [path(main, 'marker'), labelledInput(more, 'id', { optional: true })];
    case 'present': {
      const at = line(main);
      return [choiceIn(at, main, 'by', ['label', 'uuid', 'id']), inputIn(at, main, 'name')];
    }
    case 'writable':
      return [path(main)];
    case 'space':
      return [
        path(main),
        labelledInput(main, 'freeBytes', { optional: true }),
        labelledInput(main, 'freePercent', { optional: true, number: { min: 0, max: 100, step: 'any' } }),
        labelledInput(more, 'freeInodes', { optional: true, number: { min: 1 } }),
      ];
    case 'health':
      return [path(main), unknownIs(more)];
    case 'smart':
      return [path(main, 'smart'), unknownIs(more)];
    case 'source':
      return [
        inputIn(line(main), main, 'path', { placeholder: 'allSources', optional: true }),
        tickIn(main, 'mounted'),
      ];
    case 'port':
      return hostAndPort(line(main), main);
    case 'http':
      return [inputIn(line(main), main, 'url'), labelledInput(more, 'status', { optional: true })];
    case 'command':
      return commandLine(main);
    case 'state':
      return stateFields(main, more);
    case 'time':
      return [...timeFields(main), labelledInput(more, 'timeZone', { optional: true })];
    case 'mains':
      return [
        labelledInput(main, 'batteryAtLeast', { optional: true, number: { min: 1, max: 100 } }),
        unknownIs(more),
      ];
    case 'load':
      return [labelledInput(main, 'below', { number: { min: 0, step: 'any' } })];
    case 'wake': {
      const id = newId();
      return [
        labelledInput(main, 'mac'),
        ...hostAndPort(labelled(main, 'hostAndPort', id), main, id),
        durationIn(more, 'upTo', { unit: 'm', placeholder: '3' }),
        labelledInput(more, 'broadcast', { optional: true }),
      ];
    }
    case 'reload-mount':
      return [
        inputIn(line(main), main, 'name', { placeholder: 'storage' }),
        durationIn(more, 'upTo', { unit: 'm', placeholder: '3' }),
      ];
    case 'all':
    case 'any':
    case 'none':
    case 'at-least':
      return [tickIn(more, 'inOrder')];
    case 'repository':
    case 'answers':
      return [];
  }
}

/** What any check may have. */
function limits(kind: CheckKind, more: Place): Field[] {
  const seconds = isGroupKind(kind) ? text('placeholder.noLimit') : '10';
  return [
    durationIn(more, 'timeout', { unit: 's', placeholder: seconds }),
    durationIn(more, 'hold', { unit: 's', placeholder: '0' }),
  ];
}

function path(place: Place, placeholder = 'path'): Field {
  return inputIn(line(place), place, 'path', { placeholder });
}

function hostAndPort(at: JQuery, place: Place, id = newId()): Field[] {
  const host = inputIn(at, place, 'host', {}, id);
  $('<span>').text(':').appendTo(at);
  return [host, inputIn(at, place, 'port', { number: { min: 1, max: 65_535 }, short: true })];
}

/** Only of checks that a system may not know the answer to. */
function unknownIs(place: Place): Field {
  const id = newId();
  return choiceIn(labelled(place, 'unknownIs', id), place, 'unknownIs', ['', 'yes', 'no'], id);
}

/** A program and its arguments, typed as one line. */
function commandLine(place: Place): Field[] {
  const { command, arguments: words } = place.given;
  const stored = [command, ...(Array.isArray(words) ? words : [])].filter((word) => typeof word === 'string');
  const typed = joinCommandLine(stored);
  const at = line(place);
  inputIn(at, { ...place, given: { command: typed === "''" ? '' : typed } }, 'command');
  const split = (): string[] => splitCommandLine(String(at.find('input').val())).words;
  return [
    fieldFor('command', command, () => split()[0] ?? ''),
    fieldFor('arguments', words, () => split().slice(1)),
  ];
}
