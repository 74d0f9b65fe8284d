import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../runtime/node-red.ts';

/** The first start compiles Python on a slow machine; a test that waits this long has failed. */
const LIMIT_MS = 120_000;

/** A state as Home Assistant tells it. */
export interface EntityState {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What Home Assistant remembers of an entity. */
export interface RegisteredEntity {
  readonly entity_id: string;
  readonly unique_id: string;
  readonly platform: string;
  readonly device_id: string | null;
  readonly disabled_by: string | null;
}

/** What Home Assistant remembers of a device. */
export interface RegisteredDevice {
  readonly id: string;
  readonly name: string | null;
  readonly manufacturer: string | null;
  readonly identifiers: readonly (readonly [domain: string, id: string])[];
}

interface Answer {
  readonly id?: number;
  readonly type: string;
  readonly success?: boolean;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly event?: { readonly data: { readonly entity_id: string; readonly new_state: EntityState | null } };
}

/**
 * A real Home Assistant core as a process of its own, on 127.0.0.1, with an MQTT integration and nothing else
 * configured; every state is heard over its websocket. `LASTGOOD_HASS` names the binary. Use with `await using`.
 */
export class HomeAssistant implements AsyncDisposable {
  /** Every state now, by entity id. */
  readonly states: Map<string, EntityState> = new Map();
  /** Every state that it told of since the first start. */
  readonly changes: EntityState[] = [];
  /** What it logged since the first start, by line. */
  readonly log: string[] = [];
  readonly #port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'lastgood-home-assistant-'));
  readonly #key = randomBytes(32).toString('hex');
  #child: ChildProcess | undefined;
  #socket: WebSocket | undefined;
  #lastId = 0;
  readonly #waiting = new Map<
    number,
    { resolve: (result: unknown) => void; reject: (error: Error) => void }
  >();
  readonly #watchers = new Set<() => void>();

  private constructor(port: number, brokerPort: number) {
    this.#port = port;
    writeConfiguration(this.#folder, { port, brokerPort, key: this.#key });
  }

  /** Starts it and waits until its states are heard. */
  static async start(options: { readonly brokerPort: number }): Promise<HomeAssistant> {
    const homeAssistant = new HomeAssistant(await freePort(), options.brokerPort);
    await homeAssistant.start();
    return homeAssistant;
  }

  /** Starts it again after `stop`, with what it had stored. */
  async start(): Promise<void> {
    // Only what it needs: nothing of this machine's configuration reaches it.
    const child = spawn(process.env['LASTGOOD_HASS'] ?? 'hass', ['-c', this.#folder, '--skip-pip'], {
      cwd: this.#folder,
      env: { PATH: process.env['PATH'], HOME: this.#folder, LANG: 'C.UTF-8', PYTHONUNBUFFERED: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    // A test that died must not leave its Home Assistant behind.
    process.once('exit', () => child.kill('SIGKILL'));
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        this.log.push(...lines);
        this.#look();
      });
    }
    child.on('error', (error) => this.log.push(error.message));
    child.on('exit', (code, signal) => {
      this.log.push(`Home Assistant ended: ${signal ?? code}`);
      this.#look();
    });
    await this.#connect();
  }

  /** SIGTERM, as the Supervisor does; waits for the end. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#socket?.close();
    this.#socket = undefined;
    this.states.clear();
    for (const { reject } of this.#waiting.values()) reject(new Error('Home Assistant was stopped'));
    this.#waiting.clear();
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    await ended;
    clearTimeout(limit);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Waits until an entity has a state as wanted (the present one counts). */
  async untilState(entity: string, wanted: string | ((state: EntityState) => boolean)): Promise<EntityState> {
    const isWanted = typeof wanted === 'string' ? ({ state }: EntityState) => state === wanted : wanted;
    return await this.until(`${entity} to be ${typeof wanted === 'string' ? wanted : 'as wanted'}`, () => {
      const state = this.states.get(entity);
      return state !== undefined && isWanted(state) ? state : undefined;
    });
  }

  /** Waits until an entity is no more. */
  async untilGone(entity: string): Promise<void> {
    await this.until(`${entity} to be gone`, () => (this.states.has(entity) ? undefined : true));
  }

  /** Calls `find` now and after everything that happens until it finds something. */
  async until<T>(what: string, find: () => T | undefined): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const look = (): void => {
        const value = find();
        if (value !== undefined) finish(() => resolve(value));
      };
      const timer = setTimeout(
        () =>
          finish(() => reject(new Error(`${LIMIT_MS / 1000} s passed waiting for ${what}\n${this.story()}`))),
        LIMIT_MS,
      );
      this.#watchers.add(look);
      look();
    });
  }

  async press(button: string): Promise<void> {
    await this.call('button', 'press', button);
  }

  async turn(entity: string, on: boolean): Promise<void> {
    await this.call('switch', on ? 'turn_on' : 'turn_off', entity);
  }

  /** Calls an action on one entity, as a person's tap does. */
  async call(domain: string, service: string, entity: string): Promise<void> {
    await this.ask({ type: 'call_service', domain, service, target: { entity_id: entity } });
  }

  /** Waits until it knows the entity with this unique id and has a state of it; its entity id. */
  async untilEntity(uniqueId: string): Promise<string> {
    const deadline = performance.now() + LIMIT_MS;
    for (;;) {
      const found = (await this.entities()).find((entity) => entity.unique_id === uniqueId);
      if (found !== undefined && this.states.has(found.entity_id)) return found.entity_id;
      if (performance.now() > deadline) throw new Error(`there is no ${uniqueId}\n${this.story()}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async entities(): Promise<RegisteredEntity[]> {
    return (await this.ask({ type: 'config/entity_registry/list' })) as RegisteredEntity[];
  }

  async devices(): Promise<RegisteredDevice[]> {
    return (await this.ask({ type: 'config/device_registry/list' })) as RegisteredDevice[];
  }

  /** What its MQTT integration, or a template of ours, complained about; not that the broker was away. */
  mqttComplaints(): string[] {
    return this.log.filter(
      (line) =>
        /(WARNING|ERROR) .*\[homeassistant\.(components\.mqtt|helpers\.template)/.test(line) &&
        !/not currently connected|Disconnected from MQTT server|Failed to connect to MQTT server/.test(line),
    );
  }

  /** The last of the log and all states, for a failed test's message. */
  story(): string {
    const states = [...this.states.values()].map(({ entity_id, state }) => `  ${entity_id} = ${state}`);
    return [...states, ...this.log.filter((line) => !line.includes('DEBUG')).slice(-40)].join('\n');
  }

  /** One command over the websocket; its result. */
  async ask(command: Record<string, unknown>): Promise<unknown> {
    const socket = this.#socket;
    if (socket === undefined) throw new Error('Home Assistant does not run');
    this.#lastId += 1;
    const id = this.#lastId;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      socket.send(JSON.stringify({ id, ...command }));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }

  /** Tries until the websocket lets us in: nothing else tells when it listens. */
  async #connect(): Promise<void> {
    const deadline = performance.now() + LIMIT_MS;
    for (;;) {
      const socket = await this.#login();
      if (socket !== undefined) {
        this.#socket = socket;
        break;
      }
      const child = this.#child;
      if (child?.exitCode !== null || child.signalCode !== null || performance.now() > deadline) {
        throw new Error(`Home Assistant does not answer\n${this.story()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await this.ask({ type: 'subscribe_events', event_type: 'state_changed' });
    for (const state of (await this.ask({ type: 'get_states' })) as EntityState[]) {
      this.states.set(state.entity_id, state);
    }
    this.#look();
  }

  async #login(): Promise<WebSocket | undefined> {
    return await new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${this.#port}/api/websocket`);
      socket.addEventListener('error', () => resolve(undefined));
      socket.addEventListener('close', () => resolve(undefined));
      socket.addEventListener('message', ({ data }) => {
        const answer: Answer = JSON.parse(String(data));
        if (answer.type === 'auth_required') {
          socket.send(JSON.stringify({ type: 'auth', access_token: accessToken(this.#key) }));
        } else if (answer.type === 'auth_ok') resolve(socket);
        else if (answer.type === 'auth_invalid') socket.close();
        else this.#receive(answer);
      });
    });
  }

  #receive({ id = 0, type, success, result, error, event }: Answer): void {
    if (type === 'result') {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (success === true) waiting?.resolve(result);
      else waiting?.reject(new Error(`${error?.code}: ${error?.message}`));
    } else if (event !== undefined) {
      const { entity_id, new_state } = event.data;
      if (new_state === null) this.states.delete(entity_id);
      else {
        this.states.set(entity_id, new_state);
        this.changes.push(new_state);
      }
      this.#look();
    }
  }

  #look(): void {
    for (const look of this.#watchers) look();
  }
}

const USER = 'f'.repeat(32);
const REFRESH_TOKEN = 'e'.repeat(32);

/** A long-lived access token as Home Assistant makes it: signed with the key of the stored refresh token. */
function accessToken(key: string): string {
  const now = Math.floor(Date.now() / 1000);
  const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { iss: REFRESH_TOKEN, iat: now - 60, exp: now + 86_400 };
  const text = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

/** Everything of a house that was set up: no onboarding, one owner, one MQTT integration. */
function writeConfiguration(
  folder: string,
  { port, brokerPort, key }: { port: number; brokerPort: number; key: string },
): void {
  writeFileSync(
    join(folder, 'configuration.yaml'),
    `homeassistant: {name: Test, latitude: 0, longitude: 0, elevation: 0, unit_system: metric, time_zone: UTC, country: DE}
http: {server_host: 127.0.0.1, server_port: ${port}}
api:
websocket_api:
config:
logger: {default: warning, logs: {homeassistant.components.mqtt: debug}}
`,
  );
  mkdirSync(join(folder, '.storage'));
  const store = (name: string, data: object): void => {
    const content = { version: 1, minor_version: 1, key: name, data };
    writeFileSync(join(folder, '.storage', name), JSON.stringify(content));
  };
  store('core.config_entries', {
    entries: [
      {
        entry_id: '0123456789abcdef0123456789abcdef',
        version: 1,
        minor_version: 1,
        domain: 'mqtt',
        title: 'mosquitto',
        data: { broker: '127.0.0.1', port: brokerPort, discovery: true },
        options: {},
        pref_disable_new_entities: false,
        pref_disable_polling: false,
        source: 'user',
        unique_id: null,
        disabled_by: null,
      },
    ],
  });
  const group = (id: string, name: string): object => ({ id, name });
  store('auth', {
    users: [
      {
        id: USER,
        group_ids: ['system-admin'],
        is_owner: true,
        is_active: true,
        name: 'test',
        system_generated: false,
        local_only: false,
      },
    ],
    groups: [
      group('system-admin', 'Administrators'),
      group('system-users', 'Users'),
      group('system-read-only', 'Read Only'),
    ],
    credentials: [],
    refresh_tokens: [
      {
        id: REFRESH_TOKEN,
        user_id: USER,
        client_id: null,
        client_name: 'test',
        client_icon: null,
        token_type: 'long_lived_access_token',
        created_at: '2026-01-01T00:00:00+00:00',
        access_token_expiration: 315_360_000,
        token: 'd'.repeat(128),
        jwt_key: key,
        last_used_at: null,
        last_used_ip: null,
        expire_at: null,
        credential_id: null,
        version: null,
      },
    ],
  });
}
