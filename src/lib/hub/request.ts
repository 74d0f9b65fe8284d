import type { IncomingMessage } from 'node:http';
import type { HubCommand } from '../../protocol/protocol.ts';
import { HUB_COMMANDS, LARGEST_BODY, PROTOCOL_VERSION } from '../../protocol/protocol.ts';
import { parseDuration } from '../duration.ts';
import { Refusal } from './answer.ts';

/** A request as Node gives it; `body` where somebody has read it before, as Node-RED does. */
export type HubRequest = IncomingMessage & { readonly body?: unknown };

/** What a client wants. */
export type Wish =
  | { readonly kind: 'events' }
  | { readonly kind: 'command'; readonly id: string; readonly command: HubCommand };

/** What the request's path and method ask for; throws a Refusal where that is nothing we know. */
export function wishOf({ url = '', method }: IncomingMessage): Wish {
  const path = url.split('?', 1)[0] ?? '';
  const [, version, rest = ''] = /^\/lastgood\/v(\d+)(\/.*)?$/.exec(path) ?? [];
  if (version !== undefined && version !== String(PROTOCOL_VERSION)) {
    throw new Refusal(
      'wrong-version',
      `This hub speaks version ${PROTOCOL_VERSION} of the protocol. Update the older side.`,
    );
  }
  if (rest === '/events') {
    if (method === 'GET') return { kind: 'events' };
    throw new Refusal('wrong-method', 'Events are read with GET.', { Allow: 'GET' });
  }
  const [, id = '', name] = /^\/plans\/([^/]+)\/([^/]+)$/.exec(rest) ?? [];
  const command = HUB_COMMANDS.find((known) => known === name);
  if (version === undefined || command === undefined) {
    throw new Refusal(
      'unknown-path',
      'There is GET /lastgood/v1/events, and POST /lastgood/v1/plans/<id>/ with run, cancel, pause or resume.',
    );
  }
  if (method !== 'POST') throw new Refusal('wrong-method', 'Commands are sent with POST.', { Allow: 'POST' });
  return { kind: 'command', id, command };
}

/**
 * How long a command's body asks it to last, ms; undefined: it does not say.
 *
 * @throws Refusal for a body that is too large, of another type, or says what the command does not know
 */
export async function readPauseMs(request: HubRequest, command: HubCommand): Promise<number | undefined> {
  const body = await readObject(request);
  const { for: length, ...others } = body;
  const [unknown] = [...Object.keys(others), ...(command === 'pause' || length === undefined ? [] : ['for'])];
  if (unknown !== undefined) {
    throw new Refusal('bad-body', `The body of ${command} has a field that is not known.`);
  }
  if (length === undefined) return undefined;
  const pauseMs = typeof length === 'string' ? parseDuration(length) : undefined;
  if (pauseMs === undefined || pauseMs === 0) {
    throw new Refusal('bad-body', '"for" is a duration, such as "12h" or "7d".');
  }
  return pauseMs;
}

async function readObject(request: HubRequest): Promise<Record<string, unknown>> {
  const { headers } = request;
  const length = Number(headers['content-length'] ?? 0);
  const hasBody = length > 0 || headers['transfer-encoding'] !== undefined;
  if (!hasBody) return {};
  if (length > LARGEST_BODY) throw tooLarge();
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    throw new Refusal('wrong-content-type', 'Send a body as JSON, with Content-Type: application/json.');
  }
  const value = request.readableEnded ? alreadyRead(request) : parsed(await readText(request));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badJson();
  return { ...value };
}

/** Somebody has read it within a limit of his own. */
function alreadyRead({ body }: HubRequest): unknown {
  if (Buffer.byteLength(JSON.stringify(body ?? {})) > LARGEST_BODY) throw tooLarge();
  return body ?? {};
}

/** By events: an iterator that is left early would cut the connection, and with it the answer. */
function readText(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LARGEST_BODY) reject(tooLarge());
      else chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}

function parsed(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw badJson();
  }
}

/** Also for who has found out before we were asked. */
export function tooLarge(): Refusal {
  return new Refusal('body-too-large', `A body has at most ${LARGEST_BODY} bytes.`);
}

/** Likewise. */
export function badJson(): Refusal {
  return new Refusal('bad-body', 'The body is no JSON object.');
}
