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
    run().then(
      () => done(),
      (error: unknown) => done(asProblem(error, language)),
    );
  });
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
