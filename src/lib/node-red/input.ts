import type { Node, NodeMessage } from 'node-red';
import type { Language } from '../language.ts';
import type { Carried } from '../message.ts';
import { Problem } from '../problem.ts';

/**
 * Handles a node's messages so that nothing can throw past the node: a rejection in an input handler would end
 * Node-RED. A Problem reaches Catch nodes with its `code` and `cause` in the server's language.
 */
export function onInput(
  node: Node,
  language: Language,
  handle: (message: Carried, send: (port: number, message: Carried) => void) => Promise<void> | void,
): void {
  node.on('input', (message, send, done) => {
    const sendFrom = (port: number, outgoing: Carried): void => send(atPort(port, outgoing));
    const run = async (): Promise<void> => handle(message, sendFrom);
    // Catch and Complete nodes get a copy of the message, and there are messages at which Node-RED's copying throws.
    const finish = (problem?: Problem): void => {
      try {
        done(problem);
      } catch (error) {
        node.error((problem ?? asProblem(error, language)).message);
      }
    };
    run().then(
      () => finish(),
      (error: unknown) => finish(asProblem(error, language)),
    );
  });
}

/**
 * Sends a message of ours. Where Node-RED fails to copy what the user put on it (too deep, no prototype) it goes without
 * that, as after a restart: a run must not end, nor a timer throw, for a property that is none of ours.
 */
export function sendOut(node: Node, port: number, message: Carried): void {
  try {
    node.send(atPort(port, message));
  } catch (error) {
    node.warn(error instanceof Error ? error.message : String(error));
    const { _msgid, topic, payload, backup } = message;
    const own = typeof topic === 'string' ? { _msgid, topic, payload, backup } : { _msgid, payload, backup };
    if (backup !== undefined) node.send(atPort(port, own));
  }
}

/** Node-RED's array of outputs with a message at one of them. */
export function atPort(port: number, message: Carried): (NodeMessage | null)[] {
  return [...Array.from({ length: port }, () => null), message];
}

/** Anything thrown, as a Problem in a language. */
export function asProblem(error: unknown, language: Language): Problem {
  if (error instanceof Problem) return error.in(language);
  const detail = error instanceof Error ? error.message : String(error);
  return new Problem('internal', { detail }, { language, cause: error });
}
