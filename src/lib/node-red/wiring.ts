import type { Node, NodeAPI } from 'node-red';

/** Wires of a running node, one list of node ids an output; Node-RED has them on every node and its types do not. */
interface Wired extends Node {
  readonly wires?: readonly (readonly string[])[];
}

/** Whether an output of a running node has a wire. */
export function hasWire(node: Node, port: number): boolean {
  return ((node as Wired).wires?.[port]?.length ?? 0) > 0;
}

/** Whether a precondition-check can be reached from an output of a node, by wires, link nodes and subflows. */
export function leadsToCheck(red: NodeAPI, from: Node, port: number): boolean {
  return leadsTo(red, from, port, (node) => {
    if (node.type === 'precondition-check') return true;
    const isSubflow = node.type.startsWith('subflow:');
    return isSubflow && subflowHasCheck(red, node.type.slice('subflow:'.length));
  });
}

/** Whether a node can be reached from an output of another. */
export function leadsToNode(red: NodeAPI, from: Node, port: number, to: Node): boolean {
  // A node in a subflow stands on its instance, which is where the wires end.
  return leadsTo(red, from, port, ({ id }) => id === to.id || id === to.z);
}

function leadsTo(red: NodeAPI, from: Node, port: number, isIt: (node: Node) => boolean): boolean {
  return nodesBehind(red, from, port).some(isIt);
}

/** Every node that can be reached from an output of a node, by wires, link nodes and subflows. */
export function nodesBehind(red: NodeAPI, from: Node, port: number): Node[] {
  const seen = new Set<string>();
  const found: Node[] = [];
  const open = [...((from as Wired).wires?.[port] ?? [])];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const node = red.nodes.getNode(id) as Wired | null;
    if (node === null) continue;
    found.push(node);
    for (const wires of node.wires ?? []) open.push(...wires);
  }
  return found;
}

/** A subflow with a check in it counts as one that checks. */
function subflowHasCheck(red: NodeAPI, subflowId: string): boolean {
  let found = false;
  red.nodes.eachNode((definition) => {
    const { type, z } = definition as { type: string; z?: string };
    if (type === 'precondition-check' && z === subflowId) found = true;
  });
  return found;
}
