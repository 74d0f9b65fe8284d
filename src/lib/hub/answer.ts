import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { HubError, HubErrorCode } from '../../protocol/protocol.ts';
import { HUB_ERRORS } from '../../protocol/protocol.ts';

/** Why a request is not followed. The message is plain English, written here: it quotes nothing. */
export class Refusal extends Error {
  readonly code: HubErrorCode;
  readonly headers: OutgoingHttpHeaders;

  constructor(code: HubErrorCode, message: string, headers: OutgoingHttpHeaders = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }

  /** The same, with the time after which to come again. */
  static later(code: HubErrorCode, message: string, waitMs: number): Refusal {
    return new Refusal(code, message, { 'Retry-After': Math.ceil(waitMs / 1000) });
  }
}

/** Headers of every answer: nobody in between keeps or changes it, and no page of another origin may read it. */
export function prepare(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    // Node-RED's own, where `httpAdminCors` is set: meant for its editor.
    if (name.startsWith('access-control-')) response.removeHeader(name);
  }
  response.setHeader('Cache-Control', 'no-store, no-transform');
  response.setHeader('X-Content-Type-Options', 'nosniff');
}

/** Answers with JSON, unless an answer has begun: to throw here would end Node-RED. */
export function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: OutgoingHttpHeaders = {},
): void {
  if (response.headersSent) return;
  prepare(response);
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Answers with the error; what is no refusal says nothing of itself. */
export function refuse(response: ServerResponse, error: unknown): void {
  const { code, message, headers } =
    error instanceof Refusal
      ? error
      : new Refusal('internal', 'Something went wrong in Node-RED; its log says what.');
  const body: HubError = { error: { code, message } };
  answer(response, HUB_ERRORS[code], body, headers);
}
