import type { EditedNode } from '../../editor/red.ts';

type AnyNode = EditedNode<Record<string, unknown>>;

/** Ids of the link nodes that a link node names. */
function linksOf(node: AnyNode): readonly string[] {
  return Array.isArray(node['links']) ? node['links'].filter((id) => typeof id === 'string') : [];
}

function all(first: readonly AnyNode[], next: (node: AnyNode) => readonly AnyNode[]): AnyNode[] {
  const found = new Map<string, AnyNode>();
  const open = [...first];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (found.has(node.id)) continue;
    found.set(node.id, node);
    open.push(...next(node));
  }
  return [...found.values()];
}

function nodes(ids: readonly string[]): AnyNode[] {
  return ids.flatMap((id) => RED.nodes.node(id) ?? []);
}

/** Every node that can be reached from an output of a node, by wires and link nodes. */
export function nodesAfter(id: string, port: number): AnyNode[] {
  const first = RED.nodes.filterLinks({ source: { id }, sourcePort: port }).map(({ target }) => target);
  return all(first, (node) =>
    node.type === 'link out'
      ? nodes(linksOf(node))
      : RED.nodes.filterLinks({ source: { id: node.id } }).map(({ target }) => target),
  );
}

/** Every node from which the input of a node can be reached, by wires and link nodes. */
export function nodesBefore(id: string): AnyNode[] {
  const sources = (target: string): AnyNode[] =>
    RED.nodes.filterLinks({ target: { id: target } }).map(({ source }) => source);
  return all(sources(id), (node) => (node.type === 'link in' ? nodes(linksOf(node)) : sources(node.id)));
}

/** Whether a subscription has all that is published to a topic; `+` in the topic stands for any plan. */
export function subscribes(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const wanted = filter.split('/');
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (levels[index] === undefined || (level !== '+' && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}
