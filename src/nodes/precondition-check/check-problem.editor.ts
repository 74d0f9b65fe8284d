import { durationProblem } from '../../editor/duration-field.ts';
import { isFullPath } from '../../editor/full-path.ts';
import { isEnvironmentReference, textsOf } from '../../editor/red.ts';
import { isTimeZone } from '../../editor/time-zone.ts';
import type { CheckGroup, CheckLeaf, CheckSpec, HouseValue } from '../../lib/checks/check.ts';
import { isGroup } from '../../lib/checks/check.ts';
import { parseSize } from '../../lib/size.ts';
import { isEditable } from './check-kinds.editor.ts';
import { compares } from './state-fields.editor.ts';

/** What is wrong with a check, and which of its fields a person has to look at. */
export interface CheckProblem {
  field: string;
  message: string;
}

type Leaf<K extends CheckLeaf['kind']> = Extract<CheckLeaf, { kind: K }>;

const text = textsOf('precondition-check');

/** The first thing that keeps a check from working, not looking into a group; undefined: nothing. */
export function checkProblem(spec: CheckSpec): CheckProblem | undefined {
  if (!isEditable(spec)) return undefined;
  const own = isGroup(spec) ? groupProblem(spec) : leafProblem(spec);
  return own ?? durationProblemOf(spec);
}

/** The first problem in a list of checks and all their groups, said with where it is; undefined: none. */
export function listProblem(specs: readonly CheckSpec[]): string | undefined {
  for (const [index, spec] of specs.entries()) {
    if (!isEditable(spec)) continue;
    const where = { number: index + 1, kind: text(`kind.${spec.kind}.name`) };
    const own = checkProblem(spec);
    if (own !== undefined) return text('problem.inCheck', { ...where, problem: own.message });
    const inside = isGroup(spec) ? listProblem(spec.checks) : undefined;
    if (inside !== undefined) return text('problem.inGroup', { ...where, problem: inside });
  }
  return undefined;
}

function found(field: string, key: string): CheckProblem {
  return { field, message: text(`problem.${key}`) };
}

function groupProblem(spec: CheckGroup): CheckProblem | undefined {
  if (!Array.isArray(spec.checks) || spec.checks.length === 0) return found('checks', 'groupEmpty');
  if (spec.kind !== 'at-least' || isWhole(spec.count, 1, spec.checks.length)) return undefined;
  return { field: 'count', message: text('problem.count', { count: spec.checks.length }) };
}

function leafProblem(spec: CheckLeaf): CheckProblem | undefined {
  switch (spec.kind) {
    case 'mount':
    case 'marker':
    case 'writable':
    case 'health':
    case 'smart':
      return pathProblem(spec.path);
    case 'space':
      return pathProblem(spec.path) ?? spaceProblem(spec);
    case 'source':
      return spec.path === undefined ? undefined : pathProblem(spec.path);
    case 'present':
      return spec.name ? undefined : found('name', 'nameMissing');
    case 'reload-mount':
      return spec.name ? undefined : found('name', 'storageMissing');
    case 'port':
      return hostProblem(spec);
    case 'http':
      return httpProblem(spec);
    case 'command':
      return spec.command ? undefined : found('command', 'commandMissing');
    case 'state':
      return stateProblem(spec);
    case 'time':
      return timeProblem(spec);
    case 'mains':
      return spec.batteryAtLeast === undefined || isWhole(spec.batteryAtLeast, 1, 100)
        ? undefined
        : found('batteryAtLeast', 'battery');
    case 'load':
      return spec.below > 0 ? undefined : found('below', 'load');
    case 'wake':
      return /^[\da-f]{12}$/i.test(String(spec.mac).replaceAll(/[:.-]/g, '')) ||
        isEnvironmentReference(spec.mac)
        ? hostProblem(spec)
        : found('mac', 'mac');
    case 'repository':
    case 'answers':
      return undefined;
  }
}

function isWhole(value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
}

function pathProblem(path: string): CheckProblem | undefined {
  if (!path) return found('path', 'pathMissing');
  return isFullPath(path) ? undefined : found('path', 'pathRelative');
}

function spaceProblem(spec: Leaf<'space'>): CheckProblem | undefined {
  const { freeBytes, freePercent, freeInodes } = spec;
  if (freeBytes === undefined && freePercent === undefined && freeInodes === undefined) {
    return found('freeBytes', 'limitMissing');
  }
  if (freeBytes !== undefined && !((parseSize(freeBytes) ?? 0) > 0)) return found('freeBytes', 'size');
  if (freePercent !== undefined && !(freePercent > 0 && freePercent <= 100)) {
    return found('freePercent', 'percent');
  }
  return freeInodes === undefined || isWhole(freeInodes, 1) ? undefined : found('freeInodes', 'inodes');
}

function hostProblem(spec: { host: string; port: number }): CheckProblem | undefined {
  if (!spec.host) return found('host', 'hostMissing');
  return isWhole(spec.port, 1, 65_535) ? undefined : found('port', 'port');
}

function isStatus(typed: string): boolean {
  return /^\s*\d{3}(\s*-\s*\d{3})?\s*$/.test(typed);
}

function httpProblem(spec: Leaf<'http'>): CheckProblem | undefined {
  const { url, status } = spec;
  if (!isEnvironmentReference(url) && !(/^https?:\/\//i.test(url) && URL.canParse(url)))
    return found('url', 'url');
  return status === undefined || status.split(',').every(isStatus) ? undefined : found('status', 'status');
}

function isMissing(value: HouseValue | undefined): boolean {
  return value === undefined || (String(value.value).trim() === '' && value.type !== 'str');
}

function stateProblem(spec: Leaf<'state'>): CheckProblem | undefined {
  if (isMissing(spec.of)) return found('of', 'ofMissing');
  if (!compares(spec.operator)) return undefined;
  if (isMissing(spec.than)) return found('than', 'thanMissing');
  if (spec.than?.type === 'num' && !Number.isFinite(Number(spec.than.value))) return found('than', 'number');
  if (spec.operator === 'matches' && spec.than?.type === 'str') {
    try {
      RegExp(spec.than.value);
    } catch {
      return found('than', 'pattern');
    }
  }
  return undefined;
}

function timeProblem(spec: Leaf<'time'>): CheckProblem | undefined {
  for (const field of ['from', 'to'] as const) {
    const time = spec[field];
    if (!/^(([01]?\d|2[0-3]):[0-5]\d|24:00)$/.test(time) && !isEnvironmentReference(time))
      return found(field, 'time');
  }
  if (spec.weekdays?.length === 0) return found('weekdays', 'noDay');
  const { timeZone } = spec;
  if (timeZone === undefined || isEnvironmentReference(timeZone) || isTimeZone(timeZone)) return undefined;
  return found('timeZone', 'timeZone');
}

function durationProblemOf(spec: CheckSpec): CheckProblem | undefined {
  const durations: Readonly<Record<string, unknown>> = { ...spec };
  for (const field of ['timeout', 'hold', 'upTo', 'notOlderThan']) {
    const value = durations[field];
    if (typeof value !== 'string') continue;
    const zeroAllowed = field === 'hold';
    const answer = durationProblem(value, text(`label.${field}`), { emptyAllowed: true, zeroAllowed });
    if (answer !== true) return { field, message: answer };
  }
  return undefined;
}
