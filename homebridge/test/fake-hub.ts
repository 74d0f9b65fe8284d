import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  EVENTS_PATH,
  HUB_ERRORS,
  type HubErrorCode,
  type PlanStatus,
  PROTOCOL_VERSION,
  TOKEN_HEADER,
} from '../../src/protocol/protocol.ts';
import { RUNNING } from './plan.ts';

export const TOKEN = 'a-token-of-thirty-two-characters';

/** How the hub answers; `hang`: takes the request and says nothing. */
export type Behaviour = 'well' | 'hang' | HubErrorCode;

/** A backup-hub that follows the protocol, or fails as told. Commands change its plans as a real one would. */
export class FakeHub {
  readonly plans = new Map<string, PlanStatus>();
  hubId = 'hub-1';
  token = TOKEN;
  events: Behaviour = 'well';
  commands: Behaviour = 'well';
  /** A cancelled run goes on until a test ends it, as restic does that cleans up. */
  slowCancel = false;
  /** A run is accepted and does not begin. */
  startsNothing = false;
  /** Commands that came, such as `photos/run`. */
  readonly asked: string[] = [];
  /** Connections to the stream that were tried. */
  connections = 0;
  readonly #streams = new Set<ServerResponse>();
  #server: Server | null = null;
  #port = 0;

  constructor(...plans: readonly PlanStatus[]) {
    for (const plan of plans) this.plans.set(plan.id, plan);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Listens; after {@link stop} on the same port again. */
  async start(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Breaks every connection, as a Node-RED that dies. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    this.#streams.clear();
  }

  /** A plan changes, and everybody is told. */
  change(id: string, differing: Partial<PlanStatus>): void {
    const before = this.plans.get(id);
    if (before === undefined) throw new Error(`no plan ${id}`);
    this.set({ ...before, ...differing });
  }

  /** A plan appears or changes. */
  set(plan: PlanStatus): void {
    this.plans.set(plan.id, plan);
    this.say('plan', plan);
  }

  /** A plan is deleted. */
  remove(id: string): void {
    this.plans.delete(id);
    this.say('removed', { id });
  }

  /** Sends an event, whatever it says. */
  say(event: string, data: unknown): void {
    for (const stream of this.#streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Sends whatever text. */
  raw(text: string): void {
    for (const stream of this.#streams) stream.write(text);
  }

  /** Ends every stream; the hub goes on. */
  break(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? '/', 'http://hub').pathname;
    const isEvents = path === EVENTS_PATH;
    if (isEvents) this.connections += 1;
    const behaviour = isEvents ? this.events : this.commands;
    if (behaviour === 'hang') return;
    if (behaviour !== 'well') return refuse(response, behaviour);
    if (request.headers[TOKEN_HEADER.toLowerCase()] !== this.token) return refuse(response, 'wrong-token');
    if (isEvents) return this.#open(response);
    const [, id = '', command = ''] = /\/plans\/([^/]+)\/(\w+)$/.exec(path) ?? [];
    this.asked.push(`${id}/${command}`);
    return this.#command(response, id, command);
  }

  #open(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const snapshot = { protocol: PROTOCOL_VERSION, hubId: this.hubId, plans: [...this.plans.values()] };
    response.write(`event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`);
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }

  #command(response: ServerResponse, id: string, command: string): void {
    const before = this.plans.get(id);
    if (before === undefined) return refuse(response, 'unknown-plan');
    const isChange = command === 'run' ? !before.running : before.running;
    const isDone = command === 'run' ? !this.startsNothing : !this.slowCancel;
    if (isChange && isDone) {
      this.change(id, command === 'run' ? RUNNING : { state: 'idle', running: false, reason: 'Cancelled.' });
    }
    response.writeHead(202, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ id, command, result: isChange ? 'accepted' : 'already', message: 'Yes.' }));
  }
}

function refuse(response: ServerResponse, code: HubErrorCode): void {
  response.writeHead(HUB_ERRORS[code], { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ error: { code, message: `The hub says ${code}.` } }));
}
