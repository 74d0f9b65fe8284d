/// <reference types="jquery" />
// What the dialogs use of the editor's globals, typed. The published types know validators with one parameter
// only, which cannot return a message; Node-RED 3 and newer take two.

/** A node as the editor holds it: its stored properties plus what the editor keeps about it. */
export type EditedNode<P> = P & {
  readonly id: string;
  readonly type: string;
  /** Id of the tab; empty for a config node that belongs to all. */
  readonly z: string;
  /** The text of a key of the node type's own catalogue. */
  _(key: string): string;
  /** Not deployed since the last change. */
  readonly changed?: boolean;
  /** Disabled. */
  readonly d?: boolean;
  readonly users?: readonly { readonly id: string }[];
  /** Values typed and not yet deployed; `has_<name>` tells of those on the server. */
  readonly credentials?: Readonly<Record<string, string | boolean | undefined>>;
};

/** One entry of `defaults`. A text returned by `validate` is shown to the person; it must name the field. */
export interface PropertyDefinition<P, V> {
  value: V;
  /** Type of the config node whose id is stored here. */
  type?: string;
  required?: boolean;
  label?: string;
  /** Declare both parameters: only then may a text be returned (the editor looks at `length`). */
  validate?: (this: EditedNode<P>, value: V, options: { readonly label?: string }) => boolean | string;
}

/** One entry of `credentials`. The editor asks `validate` in the open dialog only. */
export interface CredentialDefinition<P> {
  type: 'text' | 'password';
  validate?: (this: EditedNode<P>, value: string, options: { readonly label?: string }) => boolean | string;
}

/** The second argument of `registerType`. Keep it one literal: the flow library reads it without running it. */
export interface TypeDefinition<P> {
  category: string;
  color?: string;
  icon?: string;
  defaults: { [K in keyof P]-?: PropertyDefinition<P, P[K]> };
  credentials?: Record<string, CredentialDefinition<P>>;
  inputs?: 0 | 1;
  outputs?: number;
  align?: 'left' | 'right';
  inputLabels?: (this: EditedNode<P>) => string;
  outputLabels?: (this: EditedNode<P>, port: number) => string;
  paletteLabel?: () => string;
  label?: (this: EditedNode<P>) => string;
  labelStyle?: (this: EditedNode<P>) => string;
  button?: {
    enabled?: (this: EditedNode<P>) => boolean;
    onclick: (this: EditedNode<P>) => void;
  };
  onadd?: (this: EditedNode<P>) => void;
  oneditprepare?: (this: EditedNode<P>) => void;
  /** Returning true marks the node as changed. */
  oneditsave?: (this: EditedNode<P>) => boolean | void;
  oneditcancel?: (this: EditedNode<P>) => void;
  oneditresize?: (this: EditedNode<P>, size: { width: number; height: number }) => void;
}

/** A tab of `RED.tabs`. */
export interface Tab {
  id: string;
  label: string;
}

/** A wire. */
export interface Link {
  readonly source: EditedNode<Record<string, unknown>>;
  readonly target: EditedNode<Record<string, unknown>>;
  readonly sourcePort: number;
}

interface EditorRed {
  _(key: string, values?: Readonly<Record<string, string | number>>): string;
  nodes: {
    registerType<P>(type: string, definition: TypeDefinition<P>): void;
    node(id: string): EditedNode<Record<string, unknown>> | null | undefined;
    eachNode(visit: (node: EditedNode<Record<string, unknown>>) => boolean | void): void;
    eachConfig(visit: (node: EditedNode<Record<string, unknown>>) => boolean | void): void;
    /** Wires whose properties are those given. */
    filterLinks(filter: {
      source?: { id: string };
      target?: { id: string };
      sourcePort?: number;
    }): readonly Link[];
    /** Whether something is not deployed; with an argument: says so. */
    dirty(isDirty?: boolean): boolean;
    workspace(id: string): { readonly label: string } | undefined;
    subflow(id: string): { readonly name: string } | undefined;
    originalFlow(): readonly Readonly<Record<string, unknown>>[] | undefined;
  };
  editor: { validateNode(node: EditedNode<Record<string, unknown>>): boolean };
  view: { redraw(): void };
  history: {
    push(event: {
      t: 'edit';
      node: EditedNode<Record<string, unknown>>;
      changes: Readonly<Record<string, unknown>>;
      changed: boolean;
      dirty: boolean;
    }): void;
  };
  clipboard: { copyText(text: string, element: JQuery, message: string): boolean };
  notify(
    message: string | JQuery,
    options?: string | { type?: 'success' | 'warning' | 'error'; timeout?: number; fixed?: boolean },
  ): { close(): void };
  popover: {
    tooltip(target: JQuery, content: string): { setContent(content: string): void; delete(): void };
  };
  tabs: {
    create(options: { element: JQuery; onchange: (tab: Tab) => void }): {
      addTab(tab: Tab): void;
      activateTab(id: string): void;
      resize(): void;
    };
  };
  i18n: { lang(): string };
  settings: { readonly context?: { readonly default: string; readonly stores: readonly string[] } };
  user: { hasPermission(permission: string): boolean };
}

declare global {
  const RED: EditorRed;
}

/** The texts of one node type: `textsOf('backup-plan')('label.paths')`; works in validators too. */
export function textsOf(
  type: string,
): (key: string, values?: Readonly<Record<string, string | number>>) => string {
  return (key, values) => RED._(`@lastgood/node-red-restic/${type}:${key}`, values ?? {});
}

/** What is deployed of a node, as far as this browser knows; undefined: nothing. */
export function deployedNode(id: string): Readonly<Record<string, unknown>> | undefined {
  return RED.nodes.originalFlow()?.find((node) => node['id'] === id);
}

/** `${NAME}` or `$(NAME)`: filled in by Node-RED at deploy, so nothing can be said about it in the dialog. */
export function isEnvironmentReference(value: string): boolean {
  return /^\$(\{[A-Za-z_]\w*\}|\([A-Za-z_]\w*\))$/.test(value);
}
