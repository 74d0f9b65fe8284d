import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** One request to the hub. */
export interface HubRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** PEM of a certificate authority that is trusted instead of the usual ones. */
  readonly ca?: string;
  readonly signal: AbortSignal;
}

/** What came back. The body can be read once, and ends with an error when the connection breaks. */
export interface HubResponse {
  readonly status: number;
  /** Seconds of `Retry-After`; null without one. */
  readonly retryAfter: number | null;
  readonly body: AsyncIterable<string>;
}

/** Sends a request; rejects when there is no answer. */
export type SendToHub = (request: HubRequest) => Promise<HubResponse>;

/**
 * Over Node's own client rather than `fetch`, because that takes no certificate authority. Redirects are not followed:
 * the token goes nowhere but to the address the user gave. Each request has its own connection, so none fails because an
 * old one was closed by the other side.
 */
export const sendToHub: SendToHub = ({ url, method, headers, ca, signal }) =>
  new Promise((resolve, reject) => {
    const options = { method, headers, signal, agent: false } as const;
    const answered = (response: IncomingMessage): void => {
      // A body that nobody reads may still break; a reader learns of it by its own loop.
      response.on('error', () => undefined);
      const seconds = Number(response.headers['retry-after']);
      resolve({
        status: response.statusCode ?? 0,
        retryAfter: Number.isFinite(seconds) && seconds > 0 ? seconds : null,
        body: response.setEncoding('utf8'),
      });
    };
    const outgoing =
      url.protocol === 'https:'
        ? requestHttps(url, ca === undefined ? options : { ...options, ca }, answered)
        : requestHttp(url, options, answered);
    outgoing.on('error', reject);
    outgoing.end();
  });
