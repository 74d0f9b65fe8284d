import type { CheckLeaf, CheckResult, HouseValue } from './check.ts';

/** Longest subject, in characters. */
const LONGEST = 200;

/** What a check looks at, for people. */
export function subjectOf(spec: CheckLeaf): string {
  switch (spec.kind) {
    case 'state':
      return valueName(spec.of);
    case 'time':
      return `${spec.from}–${spec.to}`;
    case 'present':
    case 'reload-mount':
      return spec.name;
    case 'port':
    case 'wake':
      return `${spec.host}:${spec.port}`;
    // An address may hold a password, and arguments a secret.
    case 'http':
      return URL.canParse(spec.url) ? new URL(spec.url).host : '';
    case 'command':
      return spec.command;
    default:
      return 'path' in spec ? (spec.path ?? '') : '';
  }
}

/** What a group looked at. */
export function subjectsOf(parts: readonly CheckResult[]): string {
  return cut(parts.map(({ subject }) => subject).join(', '));
}

/** The name of a value as Node-RED shows it, such as `flow.plug`; of a constant, the constant. */
export function valueName({ type, value }: HouseValue): string {
  const isConstant = type === 'str' || type === 'num' || type === 'bool' || type === 'jsonata';
  return cut(isConstant ? value : `${type}.${value.replace(/^#:\(.*?\)::/, '')}`);
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
