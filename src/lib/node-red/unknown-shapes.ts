import type { Node } from 'node-red';
import type { Language } from '../language.ts';
import { Problem } from '../problem.ts';

/** Shapes that are remembered; what has more is a stream of anything, and was warned of often enough. */
const MOST_SHAPES = 20;

/** Warns of messages that are not understood: once for each shape, however many messages have it. */
export function warnOfShapes(node: Node, language: Language): (shape: string) => void {
  const warned = new Set<string>();
  return (shape) => {
    if (warned.has(shape) || warned.size >= MOST_SHAPES) return;
    warned.add(shape);
    node.warn(new Problem('unknown-message', { shape }, { language }).message);
  };
}
