import type { Node } from 'node-red';
import { systemClock } from '../clock.ts';
import type { Language } from '../language.ts';
import { shapeOf } from '../message.ts';
import type { PlanState } from '../plan/state.ts';
import { Problem } from '../problem.ts';

/** A store that says nothing for so long is slow, or dead. */
const ANSWER_WITHIN_MS = 10_000;

/** The public record of plans in the flow context of a node's tab: key `backup_<plan key>`. */
export interface ContextMirror {
  /**
   * Writes a state; the latest one wins when the store is slow. A store that fails, or does not answer, is told once and
   * never in the way.
   */
  write(state: PlanState): void;
  /** What the store holds for a plan, of unknown shape. Rejects when the store fails or does not answer within 10 s. */
  recall(planKey: string): Promise<unknown>;
}

/** Context key of a plan. */
export function contextKey(planKey: string): string {
  return `backup_${planKey}`;
}

/** @param store name of a context store; empty: the default store */
export function flowContextMirror(node: Node, store: string, language: Language): ContextMirror {
  const flow = node.context().flow;
  const storeName = store === '' ? undefined : store;
  const waiting = new Map<string, PlanState>();
  let busy = false;
  let failed = false;

  const fails = (why: string): void => {
    if (!failed) node.warn(why);
    failed = true;
  };
  const silent = (plan: string): string => new Problem('context-silent', { plan }, { language }).message;
  const writeNext = (): void => {
    if (busy) return;
    const [next] = waiting;
    if (next === undefined) return;
    const [key, state] = next;
    waiting.delete(key);
    busy = true;
    const stopWaiting = systemClock.after(ANSWER_WITHIN_MS, () => fails(silent(state.name)));
    let answered = false;
    const finished = (error?: unknown): void => {
      if (answered) return;
      answered = true;
      stopWaiting();
      busy = false;
      if (error) fails(`${contextKey('*')}: ${error instanceof Error ? error.message : shapeOf(error)}`);
      else failed = false;
      writeNext();
    };
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
        systemClock.after(ANSWER_WITHIN_MS, () => reject(new Error(silent(planKey))));
        flow.get(contextKey(planKey), storeName, (error: Error | null, value: unknown) => {
          try {
            if (error) reject(error);
            // A copy of plain values: whatever else a store may return fails here.
            else resolve(structuredClone(value));
          } catch (cause) {
            reject(cause);
          }
        });
      }),
  };
}
