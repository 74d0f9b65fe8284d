import { shownAddress } from '../http-address.ts';
import type { CheckLeaf, CheckResult, HouseValue } from './check.ts';
import type { CheckContext } from './context.ts';
import { endpointSubject, repositoryEndpoint } from './repository-endpoint.ts';

/** Longest subject, in characters. */
const LONGEST = 200;

/** What a check looks at, for people; nothing that may hold a secret. */
export function subjectOf(spec: CheckLeaf, context: CheckContext): string {
  return cut(String(whole(spec, context)));
}

function whole(spec: CheckLeaf, context: CheckContext): string {
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
    case 'http':
      return shownAddress(spec.url);
    case 'repository':
    case 'answers':
      return context.repository === undefined
        ? ''
        : endpointSubject(repositoryEndpoint(context.repository.url));
    case 'source':
      return sourcesOf(spec, context).join(', ');
    case 'command':
      // Without its arguments.
      return spec.command;
    default:
      return 'path' in spec ? (spec.path ?? '') : '';
  }
}

/** The paths that a `source` check looks at. */
export function sourcesOf(
  spec: Extract<CheckLeaf, { kind: 'source' }>,
  context: CheckContext,
): readonly string[] {
  return spec.path === undefined || spec.path.trim() === '' ? context.sources : [spec.path];
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
