import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FlowNode } from './flows.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How Node-RED is started. */
export interface NodeRedOptions {
  /** `memory` is Node-RED's own default. */
  contextStorage?: 'memory' | 'localfilesystem';
  /** Language of the server. */
  language?: 'en-US' | 'zh-CN';
  /** Added to the environment, which is otherwise PATH, HOME (the user directory) and LANG. */
  env?: Record<string, string>;
  /** More of settings.js, as JSON. */
  settings?: Record<string, unknown>;
  /** An existing folder, which is left where it is; another Node-RED may have it too. */
  userDir?: string;
  /** More context stores, by name: a CommonJS module each, and its settings. */
  contextStores?: Record<string, { module: string; config: Record<string, unknown> }>;
}

export interface LogEntry {
  level: string;
  type?: string;
  name?: string;
  id?: string;
  text: string;
}

export interface Status {
  fill?: string;
  shape?: string;
  text?: string;
}

/** A message as it arrived at a probe. */
export type Message = Record<string, unknown>;

type RuntimeEvent =
  | { kind: 'started' }
  | { kind: 'trouble'; text: string }
  | ({ kind: 'log' } & LogEntry)
  | { kind: 'status'; id: string; status: Status }
  | { kind: 'message'; id: string; message: Message };

type DeploymentType = 'full' | 'nodes' | 'flows';

/** Long enough for a slow machine; a test that waits this long has failed. */
const LIMIT_MS = 30_000;

/**
 * A real Node-RED as a process of its own, with a throw-away user directory and this project's nodes from dist/.
 * Environment: `LASTGOOD_NODE_RED` (folder of another node-red package), `LASTGOOD_NODE` (another Node binary).
 * Every wait fails at its limit, or when Node-RED exits, with the log so far. Use with `await using`.
 */
export class NodeRed implements AsyncDisposable {
  readonly userDir: string;
  /** Log since the first start. */
  readonly logs: LogEntry[] = [];
  /** Every message that arrived at a probe, by the probe's id. */
  readonly messages: Map<string, Message[]> = new Map();
  /** Every status that a node showed, by the node's id; the last one is what a person sees. */
  readonly statuses: Map<string, Status[]> = new Map();
  #options: NodeRedOptions;
  #port = 0;
  #child: ChildProcess | undefined;
  #starts = 0;
  #trouble: string | undefined;
  /** Everything that was told, for a failed test's message. */
  #past: RuntimeEvent[] = [];
  #taken: Map<string, number> = new Map();
  #watchers: Set<() => void> = new Set();

  private constructor(options: NodeRedOptions) {
    this.#options = options;
    this.userDir = options.userDir ?? mkdtempSync(join(tmpdir(), 'lastgood-node-red-'));
  }

  /** Starts Node-RED and waits until its (empty) flows are started. */
  static async start(options: NodeRedOptions = {}): Promise<NodeRed> {
    const nodeRed = new NodeRed(options);
    nodeRed.#port = await freePort();
    await nodeRed.start();
    return nodeRed;
  }

  /** Where the editor is, such as `http://127.0.0.1:43210`. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it again after `stop` or `kill9`, with the same user directory and port. */
  async start(): Promise<void> {
    const nodeRedFolder = process.env['LASTGOOD_NODE_RED'] ?? join(root, 'node_modules/node-red');
    const node = process.env['LASTGOOD_NODE'] ?? process.execPath;
    const settings = {
      userDir: this.userDir,
      uiPort: this.#port,
      lang: this.#options.language ?? 'en-US',
      nodesDir: [root],
      contextStorage: this.#options.contextStorage ?? 'memory',
      contextStores: this.#options.contextStores ?? {},
      ...this.#options.settings,
    };
    const before = { starts: this.#starts, logs: this.logs.length };
    this.#trouble = undefined;
    this.statuses.clear();
    const child = spawn(
      node,
      [
        join(nodeRedFolder, 'red.js'),
        '--settings',
        join(root, 'test/runtime/settings.cjs'),
        '--userDir',
        this.userDir,
      ],
      {
        cwd: this.userDir,
        env: {
          PATH: process.env['PATH'],
          HOME: this.userDir,
          LANG: 'C.UTF-8',
          LASTGOOD_TEST_SETTINGS: JSON.stringify(settings),
          ...this.#options.env,
        },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      },
    );
    this.#child = child;
    child.on('message', (event: RuntimeEvent) => this.#receive(event));
    for (const stream of [child.stdout, child.stderr]) {
      stream
        ?.setEncoding('utf8')
        .on('data', (text: string) => this.#receive({ kind: 'log', level: 'console', text }));
    }
    child.on('exit', (code, signal) => {
      this.#receive({ kind: 'log', level: 'exit', text: `Node-RED ended: ${signal ?? code}` });
    });
    const listening = (): true | undefined =>
      this.logs.slice(before.logs).some(({ text }) => text.includes(`:${this.#port}`)) ? true : undefined;
    await this.until('Node-RED to listen', listening);
    await this.#flowsStarted(before.starts);
  }

  /** SIGTERM, as the system does; waits for the end and returns the exit code. */
  async stop(): Promise<number | null> {
    return await this.#end('SIGTERM');
  }

  /** Power cut: no close handler runs, nothing is flushed. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Deploys as the editor does and waits until the flows are started. */
  async deploy(flows: readonly FlowNode[], type: DeploymentType = 'full'): Promise<void> {
    const starts = this.#starts;
    this.#trouble = undefined;
    const headers = { 'Node-RED-API-Version': 'v2', 'Node-RED-Deployment-Type': type };
    await this.request('POST', 'flows', { flows }, headers);
    await this.#flowsStarted(starts);
  }

  /** The flows as they are deployed now. */
  async flows(): Promise<FlowNode[]> {
    const headers = { 'Node-RED-API-Version': 'v2' };
    return (await this.request<{ flows: FlowNode[] }>('GET', 'flows', undefined, headers)).flows;
  }

  /** Presses the button of an inject node; `message` replaces what it would send. */
  async inject(id: string, message?: Message): Promise<void> {
    const props = Object.entries(message ?? {}).map(([p, v]) => ({ p, v: JSON.stringify(v), vt: 'json' }));
    await this.request('POST', `inject/${id}`, message === undefined ? {} : { __user_inject_props__: props });
  }

  /** A value of a flow's context; undefined when there is none. */
  async context<T = unknown>(flow: string, key: string, store?: string): Promise<T | undefined> {
    const query = store === undefined ? '' : `?store=${store}`;
    const path = `context/flow/${flow}/${key}${query}`;
    const { msg, format } = await this.request<{ msg: string; format: string }>('GET', path);
    if (format === 'undefined') return undefined;
    // Node-RED tells texts as they are and everything else as JSON.
    const value: T = JSON.parse(format.startsWith('string') ? JSON.stringify(msg) : msg);
    return value;
  }

  /** Waits until a value of a flow's context is as wanted. Context tells nobody of changes, so it is looked at often. */
  async untilContext<T>(
    flow: string,
    key: string,
    wanted: (value: T) => boolean,
    limitMs: number = LIMIT_MS,
  ): Promise<T> {
    const deadline = performance.now() + limitMs;
    let value = await this.context<T>(flow, key);
    while (value === undefined || !wanted(value)) {
      if (performance.now() > deadline) {
        throw new Error(
          `${key} did not become as wanted: ${JSON.stringify(value, null, 1)}\n${this.story()}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      value = await this.context<T>(flow, key);
    }
    return value;
  }

  /** The next message at a probe that nobody took yet and that is as wanted; earlier ones are passed over. */
  async next(
    probe: string,
    wanted: (message: Message) => boolean = () => true,
    limitMs: number = LIMIT_MS,
  ): Promise<Message> {
    return await this.until(
      `a message at ${probe}`,
      () => {
        const messages = this.messages.get(probe) ?? [];
        const index = messages.findIndex(
          (message, at) => at >= (this.#taken.get(probe) ?? 0) && wanted(message),
        );
        if (index < 0) return undefined;
        this.#taken.set(probe, index + 1);
        return messages[index];
      },
      limitMs,
    );
  }

  /** Calls `hear` with each message at a probe from now on, as it arrives. */
  listen(probe: string, hear: (message: Message) => void): void {
    let heard = this.messages.get(probe)?.length ?? 0;
    this.#watchers.add(() => {
      const messages = this.messages.get(probe) ?? [];
      while (heard < messages.length) {
        const message = messages[heard];
        heard += 1;
        if (message !== undefined) hear(message);
      }
    });
  }

  /** What a node shows now; an empty object is no status. */
  status(id: string): Status {
    return this.statuses.get(id)?.at(-1) ?? {};
  }

  /** Waits until a node shows a status as wanted (the present one counts). */
  async untilStatus(
    id: string,
    wanted: (status: Status) => boolean,
    limitMs: number = LIMIT_MS,
  ): Promise<Status> {
    return await this.until(
      `a status of ${id} (now ${JSON.stringify(this.status(id))})`,
      () => (wanted(this.status(id)) ? this.status(id) : undefined),
      limitMs,
    );
  }

  /** Waits for a log entry, from the first start on. */
  async untilLog(wanted: (entry: LogEntry) => boolean, limitMs: number = LIMIT_MS): Promise<LogEntry> {
    return await this.until('a log entry', () => this.logs.find(wanted), limitMs);
  }

  /** One request to the admin API; the JSON it answers. Throws with the answer's text when refused. */
  async request<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const response = await fetch(`${this.url}/${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}\n${this.story()}`);
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const value: T = JSON.parse(isJson ? text : JSON.stringify(text));
    return value;
  }

  /** Calls `find` now and after everything that happens until it finds something. */
  async until<T>(what: string, find: () => T | undefined, limitMs: number = LIMIT_MS): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const fail = (why: string): void =>
        finish(() => reject(new Error(`${why} while waiting for ${what}\n${this.story()}`)));
      const look = (): void => {
        const value = find();
        if (value !== undefined) finish(() => resolve(value));
        else if (this.#ended()) fail('Node-RED ended');
        else if (this.#trouble !== undefined) fail(this.#trouble);
      };
      const timer = setTimeout(() => fail(`${limitMs / 1000} s passed`), limitMs);
      this.#watchers.add(look);
      look();
    });
  }

  /** What happened from the last `Started flows` but one on, for a failed test's message. */
  story(): string {
    const starts = this.#past.flatMap(({ kind }, index) => (kind === 'started' ? [index] : []));
    return this.#past
      .slice(starts.at(-2) ?? 0)
      .map(lineOf)
      .join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended()) await this.stop();
    if (this.#options.userDir !== undefined) return;
    rmSync(this.userDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  #ended(): boolean {
    const child = this.#child;
    return child === undefined || child.exitCode !== null || child.signalCode !== null;
  }

  async #flowsStarted(before: number): Promise<void> {
    await this.until('the flows to start', () => (this.#starts > before ? true : undefined));
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || this.#ended()) return child?.exitCode ?? null;
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
    });
    child.kill(signal);
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    await ended;
    clearTimeout(limit);
    if (signal !== 'SIGKILL' && child.signalCode === 'SIGKILL') {
      throw new Error(`Node-RED did not stop within ${LIMIT_MS / 1000} s\n${this.story()}`);
    }
    return child.exitCode;
  }

  #receive(event: RuntimeEvent): void {
    if (event.kind === 'started') this.#starts += 1;
    else if (event.kind === 'trouble') this.#trouble = event.text;
    else if (event.kind === 'status') append(this.statuses, event.id, event.status);
    else if (event.kind === 'message') append(this.messages, event.id, event.message);
    else this.logs.push(event);
    this.#past.push(event);
    for (const look of this.#watchers) look();
  }
}

function lineOf(event: RuntimeEvent): string {
  if (event.kind === 'started') return '  flows started';
  if (event.kind === 'trouble') return `  trouble: ${event.text}`;
  if (event.kind === 'log')
    return `  [${event.level}] ${event.type ?? ''}:${event.id ?? ''} ${event.text.trim()}`;
  if (event.kind === 'status')
    return `  ${event.id} shows ${event.status.fill ?? ''} ${event.status.text ?? ''}`;
  return `  message at ${event.id}: ${JSON.stringify(event.message).slice(0, 400)}`;
}

function append<T>(lists: Map<string, T[]>, id: string, item: T): void {
  const list = lists.get(id);
  if (list === undefined) lists.set(id, [item]);
  else list.push(item);
}

/** A TCP port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object'
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}
