import type { Node } from 'node-red';
import type { PlanState } from '../plan/state.ts';

/** The public record of plans in the flow context of a node's tab: key `backup_<plan key>`. */
export interface ContextMirror {
  /** Writes a state; the latest one wins when the store is slow. A store that fails is told once and never in the way. */
  write(state: PlanState): void;
  /** What the store holds for a plan, of unknown shape. Rejects when the store fails. */
  recall(planKey: string): Promise<unknown>;
}

/** Context key of a plan. */
export function contextKey(planKey: string): string {
  return `backup_${planKey}`;
}

/** @param store name of a context store; empty: the default store */
export function flowContextMirror(node: Node, store: string): ContextMirror {
  const flow = node.context().flow;
  const storeName = store === '' ? undefined : store;
  const waiting = new Map<string, PlanState>();
  let busy = false;
  let failed = false;

  const finished = (error?: unknown): void => {
    busy = false;
    if (error && !failed)
      node.warn(`${contextKey('*')}: ${error instanceof Error ? error.message : JSON.stringify(error)}`);
    failed = Boolean(error);
    writeNext();
  };
  const writeNext = (): void => {
    if (busy) return;
    const [next] = waiting;
    if (next === undefined) return;
    const [key, state] = next;
    waiting.delete(key);
    busy = true;
    try {
      // A copy: what a function node does to it must not reach us.
      flow.set(contextKey(key), structuredClone(state), storeName, finished);
    } catch (error) {
      finished(error);
    }
  };
  return {
    write(state) {
      waiting.set(state.plan, state);
      writeNext();
    },
    recall: (planKey) =>
      new Promise((resolve, reject) => {
        flow.get(contextKey(planKey), storeName, (error: Error | null, value: unknown) => {
          if (error) reject(error);
          else resolve(value);
        });
      }),
  };
}
