import type { Node } from 'node-red';
import type { NodeStatus } from './status.ts';

/**
 * Shows a node's status, and only when it changed: every status goes to every open editor, and a flood of them has
 * crashed browsers (node-red #1473).
 */
export function statusLight(node: Node): (status: NodeStatus) => void {
  let shown = '';
  return (status) => {
    const now = JSON.stringify(status);
    if (now === shown) return;
    shown = now;
    node.status(status);
  };
}
