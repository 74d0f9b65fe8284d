import { durationProblem } from '../../editor/duration-field.ts';
import { isFullPath } from '../../editor/full-path.ts';
import { textsOf } from '../../editor/red.ts';
import type { CheckSpec } from '../../lib/checks/check.ts';
import { parseSize } from '../../lib/size.ts';

/** The checks a person can pick in the dialog, in the order of the menu. */
export const CHECK_KINDS = ['mount', 'marker', 'writable', 'space', 'port', 'command'] as const;
export type CheckKind = (typeof CHECK_KINDS)[number];

/** Whether the dialog knows the kind: not a group, nor a kind of a newer version. */
export function isEditable(spec: CheckSpec): spec is CheckSpec & { kind: CheckKind } {
  return CHECK_KINDS.some((kind) => kind === spec.kind);
}

/** What is wrong with a check, and which of its fields a person has to look at. */
export interface CheckProblem {
  field: string;
  message: string;
}

const text = textsOf('precondition-check');

function found(field: string, key: string): CheckProblem {
  return { field, message: text(`problem.${key}`) };
}

function spaceProblem(spec: CheckSpec & { kind: 'space' }): CheckProblem | undefined {
  if (spec.freeBytes === undefined && spec.freePercent === undefined && spec.freeInodes === undefined) {
    return found('freeBytes', 'limitMissing');
  }
  if (spec.freeBytes !== undefined && !((parseSize(spec.freeBytes) ?? 0) > 0))
    return found('freeBytes', 'size');
  if (spec.freePercent !== undefined && !(spec.freePercent > 0 && spec.freePercent <= 100)) {
    return found('freePercent', 'percent');
  }
  if (spec.freeInodes !== undefined && !(Number.isSafeInteger(spec.freeInodes) && spec.freeInodes > 0)) {
    return found('freeInodes', 'inodes');
  }
  return undefined;
}

function kindProblem(spec: CheckSpec & { kind: CheckKind }): CheckProblem | undefined {
  if (spec.kind === 'port') {
    if (!spec.host) return found('host', 'hostMissing');
    const valid = Number.isInteger(spec.port) && spec.port > 0 && spec.port <= 65_535;
    return valid ? undefined : found('port', 'port');
  }
  if (spec.kind === 'command') return !spec.command ? found('command', 'commandMissing') : undefined;
  if (!spec.path) return found('path', 'pathMissing');
  if (!isFullPath(spec.path)) return found('path', 'pathRelative');
  return spec.kind === 'space' ? spaceProblem(spec) : undefined;
}

/** The first thing that keeps a check from working; undefined: nothing. */
export function checkProblem(spec: CheckSpec): CheckProblem | undefined {
  if (spec.kind === 'all') return spec.checks.map(checkProblem).find((problem) => problem !== undefined);
  if (!isEditable(spec)) return undefined;
  const problem = kindProblem(spec);
  if (problem !== undefined) return problem;
  const timeout = durationProblem(spec.timeout ?? '', text('label.timeout'), { emptyAllowed: true });
  return timeout === true ? undefined : { field: 'timeout', message: timeout };
}
