import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { errorsTo, type FlowNode, inject, node, probe, TAB } from './flows.ts';
import { untilReady, untilState, untilWaiting } from './main-flow.ts';
import { type Message, NodeRed } from './node-red.ts';
import { Home, PASSWORD } from './restic.ts';

// The examples that bring alerts to people, as they are after somebody filled them in, in a real Node-RED with restic.

const LONG = { timeout: 180_000 };
const WAIT = { timeout: 60_000, interval: 50 };

/** What a server was asked. */
interface Call {
  path: string;
  type: string;
  body: string;
}

/** A server that remembers what it was sent. */
class Listener implements AsyncDisposable {
  readonly calls: Call[] = [];
  readonly url: string;
  #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    const address = server.address();
    this.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        this.calls.push({ path: request.url ?? '', type: request.headers['content-type'] ?? '', body });
        response.end('OK');
      });
    });
  }

  static async listen(): Promise<Listener> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return new Listener(server);
  }

  /** Takes as many calls as were made at least, once they were made. */
  async take(count: number): Promise<Call[]> {
    await vi.waitFor(() => expect(this.calls.length).toBeGreaterThanOrEqual(count), WAIT);
    return this.calls.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

/** Ids that tests can read, by the type of the example's nodes. */
const IDS: Readonly<Record<string, string>> = {
  tab: TAB,
  'restic-repository': 'repository',
  inject: 'ask',
  'backup-plan': 'plan',
  'precondition-check': 'check',
  'restic-run': 'run',
  'retry-gate': 'gate',
};

/**
 * An example as a person has filled it in for this home. Probes: `not-now`, `good`, `ended`, `errors`; the gate has no
 * quiet hours, whatever time it is now.
 *
 * @param nodes what else is filled in, by the type of the node
 */
function filledIn(example: string, home: Home, nodes: Record<string, Record<string, unknown>>): FlowNode[] {
  const file = fileURLToPath(new URL(`../../examples/${example}.json`, import.meta.url));
  let text = readFileSync(file, 'utf8');
  const original: FlowNode[] = JSON.parse(text);
  for (const { id, type } of original) text = text.replaceAll(id, IDS[type] ?? id);
  const flow: FlowNode[] = JSON.parse(text);
  const settings: Record<string, Record<string, unknown>> = {
    'restic-repository': {
      url: home.repository,
      passwordSource: 'file',
      passwordFile: home.passwordFile,
      pruneEvery: '',
      checkEvery: '',
    },
    'backup-plan': {
      key: 'documents',
      paths: [home.documents],
      scheduleKind: 'event',
      minimumGap: '0',
      retention: {},
    },
    'precondition-check': { checks: [{ kind: 'marker', path: home.marker }] },
    'retry-gate': { quietFrom: '', quietTo: '', waitDelay: '1h' },
  };
  const probes: Record<string, readonly string[]> = {
    'backup-plan': ['', 'not-now'],
    'retry-gate': ['', 'good', 'ended'],
  };
  const filled = flow.map((one): FlowNode => ({ ...one, ...settings[one.type], ...nodes[one.type] }));
  for (const { type, wires } of filled)
    for (const [port, id] of (probes[type] ?? []).entries()) if (id !== '') wires?.[port]?.push(id);
  return [...filled, ...['not-now', 'good', 'ended', 'errors'].map(probe), errorsTo('errors')];
}

const forgetPassword = (home: Home): void => writeFileSync(home.passwordFile, 'another password\n');
const rememberPassword = (home: Home): void => writeFileSync(home.passwordFile, `${PASSWORD}\n`);

test.each([
  ['en-US', /^Every night: the backup failed$/, /no new backup of Every night/],
  ['zh-CN', /^Every night：备份失败$/, /没有新的备份/],
] as const)(
  'alerts-to-phone in %s: title, text and priority arrive, once, and once more when it is over',
  LONG,
  async (language, title, text) => {
    using home = await Home.make();
    await using phone = await Listener.listen();
    await using nodeRed = await NodeRed.start({ language });
    await nodeRed.deploy(filledIn('alerts-to-phone', home, { 'http request': { url: phone.url } }));
    await untilReady(nodeRed);

    forgetPassword(home);
    await nodeRed.inject('ask');
    const [alert, ...more] = await phone.take(1);
    expect(more).toEqual([]);
    expect(alert).toMatchObject({ path: '/', type: expect.stringContaining('application/json') });
    expect(JSON.parse(alert?.body ?? '')).toEqual({
      topic: 'my-backups',
      title: expect.stringMatching(title),
      message: expect.stringMatching(text),
      priority: 5,
      tags: ['warning'],
    });

    // The same trouble again is nothing new.
    await nodeRed.next('ended');
    await nodeRed.inject('ask');
    await nodeRed.next('ended');
    rememberPassword(home);
    await nodeRed.inject('ask');
    await nodeRed.next('good');
    const [recovered, ...others] = await phone.take(1);
    expect(others).toEqual([]);
    expect(JSON.parse(recovered?.body ?? '')).toMatchObject({ priority: 2, tags: ['white_check_mark'] });
    expect(nodeRed.messages.get('errors')).toBeUndefined();
  },
);

test(
  'alerts-and-answers: the notification has buttons, and what is pressed on the phone is done',
  LONG,
  async () => {
    using home = await Home.make();
    await using nodeRed = await NodeRed.start();
    const flow = filledIn('home-assistant/alerts-and-answers', home, {});
    const idOf = (type: string): string => flow.find((one) => one.type === type)?.id ?? '';
    // Home Assistant's nodes are not here: a change node makes the same data by the same JSONata, and an inject node
    // sends what "events: all" does.
    const action = flow.find(({ type }) => type === 'api-call-service');
    expect(action).toMatchObject({ dataType: 'jsonata', blockInputOverrides: true, queue: 'all' });
    const rule = { t: 'set', p: 'payload', pt: 'msg', to: action?.['data'], tot: 'jsonata' };
    const event = flow.find(({ type }) => type === 'server-events');
    expect(event).toMatchObject({ eventType: 'mobile_app_notification_action' });
    await nodeRed.deploy([
      ...flow.filter(({ type }) => type !== 'api-call-service' && type !== 'server-events'),
      node('change', { id: idOf('api-call-service'), wires: [['phone']] }, { rules: [rule] }),
      probe('phone'),
      inject(idOf('server-events'), ...(event?.wires?.flat() ?? [])),
    ]);
    await untilReady(nodeRed);
    const press = async (button: unknown): Promise<void> => {
      await nodeRed.inject(idOf('server-events'), {
        topic: 'mobile_app_notification_action',
        payload: {
          event_type: 'mobile_app_notification_action',
          event: { action: button, device_id: 'a phone' },
          origin: 'REMOTE',
          time_fired: new Date().toISOString(),
        },
      });
    };

    forgetPassword(home);
    await nodeRed.inject('ask');
    const alert = await nodeRed.next('phone');
    expect(alert['payload']).toEqual({
      title: 'Every night: the backup failed',
      message: expect.stringContaining('password'),
      data: {
        actions: [
          { action: 'lastgood/run/documents', title: 'Back up now' },
          { action: 'lastgood/pause=1d/documents', title: 'Remind me tomorrow' },
        ],
        channel: 'Backups',
        importance: 'high',
        push: { 'interruption-level': 'time-sensitive' },
      },
    });

    await press('lastgood/pause=1d/documents');
    const { paused } = await untilState(nodeRed, (state) => state.paused !== null);
    expect(Date.parse(paused?.until ?? '') - Date.parse(paused?.since ?? '')).toBe(86_400_000);
    await press('lastgood/resume/documents');
    await untilState(nodeRed, (state) => state.paused === null);

    await press('SOMETHING_OF_ANOTHER_APP');
    await press('lastgood/run/another-plan');
    rememberPassword(home);
    await press('lastgood/run/documents');
    await nodeRed.next('good');
    const { history } = await untilState(nodeRed, ({ lastSuccessAt }) => lastSuccessAt !== null);
    expect(new Set(history.map(({ run: id }) => id)).size).toBe(2);
    const recovered: Message = await nodeRed.next('phone');
    expect(recovered['payload']).toMatchObject({ data: { actions: [], importance: 'low' } });
    expect(nodeRed.messages.get('phone')).toHaveLength(2);
    expect(nodeRed.messages.get('errors')).toBeUndefined();
  },
);

test(
  'dead-mans-switch-healthchecks: start, success and fail are pinged, and what waits or is skipped is a log',
  LONG,
  async () => {
    using home = await Home.make();
    await using healthchecks = await Listener.listen();
    await using nodeRed = await NodeRed.start();
    const env = [{ name: 'PING_URL', value: `${healthchecks.url}/ping/a-check`, type: 'str' }];
    await nodeRed.deploy(filledIn('dead-mans-switch-healthchecks', home, { tab: { env } }));
    await untilReady(nodeRed);
    /** Takes so many pings: the last part of their addresses, with what Healthchecks shows beside them. */
    const pings = async (count: number): Promise<Record<string, string>> => {
      const calls = await healthchecks.take(count);
      expect(calls).toHaveLength(count);
      return Object.fromEntries(calls.map(({ path, body }) => [path.replace('/ping/a-check', ''), body]));
    };

    // The drive is there.
    await nodeRed.inject('ask');
    await nodeRed.next('good');
    expect(await pings(2)).toEqual({ '/start': expect.any(String), '': expect.stringContaining('snapshot') });

    // It is away: said once a run, however often it is looked for, and again when the run is given up.
    home.unplug();
    await nodeRed.inject('ask');
    await untilWaiting(nodeRed);
    expect(await pings(1)).toEqual({ '/log': expect.stringContaining('this-is-the-backup-drive') });
    await nodeRed.inject('ask');
    await untilState(nodeRed, ({ pending }) => pending?.attempt === 3);
    await nodeRed.inject('ask', { payload: 'skip' });
    await nodeRed.next('ended');
    expect(Object.keys(await pings(1))).toEqual(['/log']);

    // Skipped while nothing is going on.
    await nodeRed.inject('ask', { payload: 'skip' });
    await nodeRed.next('not-now');
    expect(Object.keys(await pings(1))).toEqual(['/log']);

    // A run that fails.
    home.plug();
    forgetPassword(home);
    await nodeRed.inject('ask');
    await nodeRed.next('ended');
    expect(await pings(2)).toEqual({
      '/start': expect.any(String),
      '/fail': expect.stringContaining('password'),
    });

    rememberPassword(home);
    await nodeRed.inject('ask');
    await nodeRed.next('good');
    expect(Object.keys(await pings(2)).toSorted()).toEqual(['', '/start']);
    expect(nodeRed.messages.get('errors')).toBeUndefined();
  },
);
