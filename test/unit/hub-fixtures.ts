import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HubDoor } from '../../src/lib/hub/hub-door.ts';
import { HubServer, type PlansView } from '../../src/lib/hub/hub-server.ts';
import type { CommandAnswer } from '../../src/lib/hub/plan-command.ts';
import {
  commandPath,
  EVENTS_PATH,
  type HubCommand,
  type HubEvent,
  type PlanStatus,
  readHubEvent,
  TOKEN_HEADER,
} from '../../src/protocol/protocol.ts';
import { FakeClock, settled } from './fake-clock.ts';

export const TOKEN = 'e2b1f09c7d5a4c3e8f6071829a0b1c2d';

/** Status of a plan that is well, changed as told. */
export function planStatus(changes: Partial<PlanStatus> = {}): PlanStatus {
  return {
    id: 'photos',
    name: 'Photos',
    state: 'idle',
    running: false,
    failed: false,
    failure: null,
    overdue: false,
    overdueAt: '2026-05-06T02:30:00.000Z',
    paused: false,
    pausedUntil: null,
    dueAt: '2026-05-05T02:30:00.000Z',
    nextAttemptAt: '2026-05-05T02:30:00.000Z',
    lastSuccessAt: '2026-05-04T02:31:00.000Z',
    lastAttemptAt: '2026-05-04T02:30:00.000Z',
    attempt: 0,
    progress: null,
    reason: 'Last good backup 02:31. Next backup Tue 02:30.',
    ...changes,
  };
}

/** Plans that do nothing but note what they are told. */
export class FakePlans implements PlansView {
  /** Undefined: not known yet. */
  statuses: PlanStatus[] | undefined = [planStatus()];
  readonly asked: [id: string, command: HubCommand, pauseMs: number | undefined][] = [];
  answer: () => Promise<CommandAnswer | undefined> = () =>
    Promise.resolve({ result: 'accepted', message: 'A backup starts now.' });

  list(): PlanStatus[] | undefined {
    return this.statuses;
  }

  command(id: string, command: HubCommand, pauseMs?: number): Promise<CommandAnswer | undefined> {
    this.asked.push([id, command, pauseMs]);
    return this.answer();
  }
}

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly json: unknown;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly token?: string | null;
  readonly body?: string;
}

/** A hub behind a real server on a port of its own; its clock is moved by hand. */
export class HubRig implements AsyncDisposable {
  readonly clock: FakeClock = new FakeClock('2026-05-04T12:00:00Z');
  readonly plans: FakePlans = new FakePlans();
  readonly reported: unknown[] = [];
  readonly door: HubDoor;
  hub: HubServer;
  private readonly server: Server;
  private readonly readers: EventReader[] = [];

  private constructor() {
    this.door = new HubDoor({ clock: this.clock, report: (error) => this.reported.push(error) });
    this.hub = this.newHub();
    this.door.add(this.hub);
    this.server = createServer((incoming, response) => {
      if (!this.door.handle(incoming, response)) response.writeHead(404).end('<html>');
    });
  }

  static async open(options: { begun?: boolean } = {}): Promise<HubRig> {
    const rig = new HubRig();
    if (options.begun !== false) rig.door.begin();
    rig.server.listen(0, '127.0.0.1');
    await once(rig.server, 'listening');
    return rig;
  }

  newHub(hubId = 'hub', token: string = TOKEN): HubServer {
    return new HubServer({ hubId, token, plans: this.plans, clock: this.clock });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** One request; the token is sent unless told otherwise. */
  ask(path: string, asking: Asking = {}): Promise<Reply> {
    return ask(this.port, path, asking);
  }

  command(command: HubCommand, asking: Asking & { id?: string } = {}): Promise<Reply> {
    return this.ask(commandPath(asking.id ?? 'photos', command), { method: 'POST', ...asking });
  }

  /** Connections that the server still has. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
    });
  }

  async listen(): Promise<EventReader> {
    const reader = await EventReader.open(this.port);
    this.readers.push(reader);
    return reader;
  }

  /** Waits, by turns of the event loop, until it is so. */
  async until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const reader of this.readers) reader.cut();
    this.hub.close();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

/** One request to a port of this machine. */
export async function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, token = TOKEN, body }: Asking = {},
): Promise<Reply> {
  const outgoing = request({
    host: '127.0.0.1',
    port,
    path,
    method,
    headers: {
      ...(token === null ? {} : { [TOKEN_HEADER]: token }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
  });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A client of the event stream that takes what comes, as a browser's EventSource does. */
export class EventReader {
  readonly response: IncomingMessage;
  /** Everything so far, as text. */
  text = '';
  ended = false;
  private rest = '';
  private readonly events: HubEvent[] = [];
  private wake: () => void = () => undefined;

  private constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8').on('data', (chunk: string) => this.take(chunk));
    response.on('error', () => undefined);
    response.on('close', () => {
      this.ended = true;
      this.wake();
    });
  }

  static async open(port: number, token: string = TOKEN): Promise<EventReader> {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path: EVENTS_PATH,
      headers: { [TOKEN_HEADER]: token },
    });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`the stream was refused: ${response.statusCode}`);
    return new EventReader(response);
  }

  /** The next event that nobody took; waits for it. */
  async next(): Promise<HubEvent> {
    await this.until(() => this.events.length > 0);
    const [event] = this.events.splice(0, 1);
    if (event === undefined) throw new Error('the stream has ended');
    return event;
  }

  /** Waits for comments: heartbeats. */
  async heartbeats(count: number): Promise<void> {
    await this.until(() => this.text.split('\n').filter((line) => line === ':').length >= count);
  }

  async end(): Promise<void> {
    await this.until(() => this.ended);
  }

  cut(): void {
    this.response.destroy();
  }

  private async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.ended) throw new Error(`the stream has ended: ${this.text}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private take(chunk: string): void {
    this.text += chunk;
    const messages = (this.rest + chunk).split('\n\n');
    this.rest = messages.pop() ?? '';
    for (const message of messages) {
      const [, name = '', data = ''] = /^event: ([^\n]*)\ndata: ([^\n]*)$/.exec(message) ?? [];
      const event = readHubEvent(name, data);
      if (event !== undefined) this.events.push(event);
      else if (message !== ':') throw new Error(`not of the protocol: ${message}`);
    }
    this.wake();
  }
}
