import { joinCommandLine } from '../../editor/command-line.ts';
import { textsOf } from '../../editor/red.ts';
import { weekdayName } from '../../editor/words.ts';
import type { CheckLeaf, CheckSpec, HouseValue } from '../../lib/checks/check.ts';
import { isGroup } from '../../lib/checks/check.ts';
import { isEditable, isListedGroup } from './check-kinds.editor.ts';
import { compares } from './state-fields.editor.ts';

const text = textsOf('precondition-check');

/** A check in a few words: "drive mounted at /mnt/a"; of a group, with those in it: "any of: …; …". */
export function checkSentence(spec: CheckSpec): string {
  if (!isEditable(spec)) return String(Object(spec).kind);
  if (!isGroup(spec)) return text(`sentence.${spec.kind}`, valuesOf(spec));
  const parts = spec.checks.map((part) =>
    isListedGroup(part) ? `(${checkSentence(part)})` : checkSentence(part),
  );
  const list = parts.join(text('separator')) || '…';
  return text(`sentence.${spec.kind}`, { count: spec.count ?? '…', list });
}

/** A value as people name it: `flow.busy`, `"on"`, `5`. */
function houseValue(value: HouseValue | undefined): string {
  if (value === undefined || value.value === '') return value?.type === 'str' ? '""' : '…';
  if (value.type === 'str') return `"${value.value}"`;
  if (value.type === 'msg' || value.type === 'flow' || value.type === 'global') {
    return `${value.type}.${value.value.replace(/^#:\(.*?\)::/, '')}`;
  }
  return value.value;
}

function valuesOf(spec: CheckLeaf): Record<string, string | number> {
  const typed = Object.entries(spec).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number',
  );
  const values: Record<string, string | number> = {
    path: '…',
    name: '…',
    host: '…',
    port: '…',
    url: '…',
    from: '…',
    to: '…',
    below: '…',
    ...Object.fromEntries(typed.filter(([, value]) => value !== '' && value !== 0)),
  };
  if (spec.kind === 'source') values['path'] = spec.path ?? text('placeholder.allSources');
  if (spec.kind === 'command') values['line'] = joinCommandLine([spec.command || '…', ...spec.arguments]);
  if (spec.kind === 'space') {
    const { freeBytes, freePercent, freeInodes } = spec;
    const limits = [freeBytes, freePercent && `${freePercent} %`, freeInodes && `${freeInodes} inodes`];
    values['limits'] = limits.filter(Boolean).join(', ') || '…';
  }
  if (spec.kind === 'state') {
    const comparison = [houseValue(spec.of), text(`operator.${spec.operator}`)];
    if (compares(spec.operator)) comparison.push(houseValue(spec.than));
    values['comparison'] = comparison.join(' ');
  }
  if (spec.kind === 'time') {
    const days = spec.weekdays?.map(weekdayName) ?? [];
    values['days'] = days.length === 0 ? '' : text('onDays', { days: days.join(' ') });
  }
  if (spec.kind === 'mains') {
    const percent = spec.batteryAtLeast;
    values['battery'] = percent === undefined ? '' : text('orBattery', { percent });
  }
  return values;
}
