import type { Request, RequestHandler } from 'express';
import type { NodeAPI } from 'node-red';
import type { Language } from '../language.ts';
import { nearestLanguage } from '../language.ts';
import { Problem } from '../problem.ts';

/** The part of Node-RED that admin routes need. */
export type AdminRuntime = Pick<NodeAPI, 'httpAdmin' | 'auth' | 'log'>;

/** An error with a status of its own; the text is already in the person's language. */
export class RouteError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The language that a request asks for by `language` in its query or body. */
export function requestLanguage(request: Request): Language {
  const asked: unknown = request.query['language'] ?? bodyOf(request)['language'];
  return nearestLanguage(typeof asked === 'string' ? asked : undefined);
}

/** The JSON object that a request carries; anything else counts as empty. */
export function bodyOf(request: Request): Record<string, unknown> {
  const body: unknown = request.body;
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body } : {};
}

/**
 * Answers with what `handle` returns, as JSON; never throws. A Problem becomes 400 with `{code, message}`, a
 * RouteError its own status, all else a logged 500. A request that changes something must be declared as JSON: pages
 * of other origins cannot send that without asking.
 */
export function jsonRoute(
  runtime: AdminRuntime,
  handle: (request: Request, language: Language) => unknown,
): RequestHandler {
  return (request, response) => {
    const language = requestLanguage(request);
    const run = async (): Promise<unknown> => {
      if (request.method !== 'GET' && !request.is('application/json')) {
        throw new RouteError(415, 'Content-Type: application/json');
      }
      return handle(request, language);
    };
    run().then(
      (answer) => response.json(answer),
      (error: unknown) => {
        if (error instanceof Problem) {
          response.status(400).json({ code: error.code, message: error.in(language).message });
        } else if (error instanceof RouteError) {
          response.status(error.status).json({ code: 'refused', message: error.message });
        } else {
          const message = error instanceof Error ? error.message : String(error);
          runtime.log.error(`lastgood: ${request.method} ${request.path}: ${message}`);
          response.status(500).json({ code: 'internal', message });
        }
      },
    );
  };
}
