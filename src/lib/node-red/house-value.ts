import type { Node, NodeAPI, NodeMessage } from 'node-red';
import type { HouseValue } from '../checks/check.ts';
import type { FoundValue } from '../checks/context.ts';
import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import type { Carried } from '../message.ts';

/** A message with the time of its arrival, ms since the epoch. */
export interface Arrival {
  readonly message: Carried;
  readonly atMs: number;
}

/**
 * Reads a value as the node would: a property of the message (undefined: a look without one), of flow or global context
 * in any store, a variable of the environment, an expression, a constant. Rejects when it cannot be evaluated; a store
 * that never answers never resolves it.
 */
export async function readHouseValue(
  red: Pick<NodeAPI, 'util'>,
  node: Node,
  { type, value }: HouseValue,
  arrival: Arrival | undefined,
  language: Language,
): Promise<FoundValue> {
  // Node-RED takes the name of a property for its value when there is no message.
  if (type === 'msg' && arrival === undefined)
    throw new Error(translate(language, 'checks:state.no-message'));
  // Node-RED makes 0 of an empty number.
  if (type === 'num' && value.trim() === '') return { value: undefined };
  const message: NodeMessage = arrival?.message ?? {};
  const found = await new Promise<unknown>((resolve, reject) => {
    red.util.evaluateNodeProperty(value, type, node, message, (error, result: unknown) => {
      // A part of something that is not there is not there either, as a context store has it.
      if (type === 'msg' && error instanceof TypeError) resolve(undefined);
      else if (error) reject(error);
      else resolve(result);
    });
  });
  // A variable that is not there is an empty text to Node-RED.
  if (type === 'env' && found === '') return { value: undefined };
  return type === 'msg' && arrival !== undefined ? { value: found, sinceMs: arrival.atMs } : { value: found };
}
