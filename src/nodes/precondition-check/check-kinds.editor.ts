import type { CheckGroup, CheckKind, CheckSpec } from '../../lib/checks/check.ts';
import { GROUP_KINDS, isGroup } from '../../lib/checks/check.ts';

/** The kinds of check, as the menu of a row groups them. */
export const MENU: readonly { readonly heading: string; readonly kinds: readonly CheckKind[] }[] = [
  {
    heading: 'drive',
    kinds: ['mount', 'marker', 'present', 'writable', 'space', 'health', 'smart'],
  },
  { heading: 'backup', kinds: ['repository', 'answers', 'source'] },
  { heading: 'network', kinds: ['port', 'http', 'wake', 'reload-mount'] },
  { heading: 'house', kinds: ['state', 'time', 'mains', 'load', 'command'] },
  { heading: 'group', kinds: GROUP_KINDS },
];

const KINDS: readonly CheckKind[] = MENU.flatMap(({ kinds }) => kinds);

/** Whether the dialog knows the kind: one of a newer version, or what is no check, is kept as it is. */
export function isEditable(spec: CheckSpec | null): boolean {
  const { kind }: Partial<CheckSpec> = Object(spec);
  return KINDS.some((known) => known === kind);
}

/** The kind of a menu's value. */
export function kindOf(value: unknown): CheckKind {
  return KINDS.find((kind) => kind === value) ?? 'mount';
}

export function isGroupKind(kind: CheckKind): kind is CheckGroup['kind'] {
  return GROUP_KINDS.some((group) => group === kind);
}

/** Whether something in a list, which may be damaged, is a group. */
export function isListedGroup(spec: CheckSpec | null): spec is CheckGroup {
  return spec !== null && isEditable(spec) && isGroup(spec) && Array.isArray(spec.checks);
}
