import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HubEvent } from '../../../src/protocol/protocol.ts';
import { HubClient } from '../../src/hub-client.ts';
import { HubProblem, type ProblemKind } from '../../src/hub-problem.ts';
import type { HubRequest, HubResponse } from '../../src/hub-request.ts';
import { FakeClock } from '../fake-clock.ts';
import { TOKEN } from '../fake-hub.ts';
import { plan } from '../plan.ts';
import { until } from '../until.ts';

/** A stream that a test writes to. */
class Pipe {
  readonly #pieces: string[] = [];
  #wake: () => void = () => undefined;
  #end: 'open' | 'ended' | Error = 'open';

  write(text: string): void {
    this.#pieces.push(text);
    this.#wake();
  }

  say(event: string, data: unknown): void {
    this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  end(how: 'ended' | Error = 'ended'): void {
    this.#end = how;
    this.#wake();
  }

  async *read(signal: AbortSignal): AsyncGenerator<string> {
    signal.addEventListener('abort', () => this.end(new Error('aborted')));
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) yield piece;
      else if (this.#end instanceof Error) throw this.#end;
      else if (this.#end === 'ended') return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

const SNAPSHOT = { protocol: 1, hubId: 'hub-1', plans: [plan()] };

function hubError(code: string): string {
  return JSON.stringify({ error: { code, message: `The hub says ${code}.` } });
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

describe('the client', () => {
  let clock: FakeClock;
  let requests: HubRequest[];
  /** What the next requests come to; nothing: they wait until they are aborted. */
  let answers: ((request: HubRequest) => HubResponse | Error)[];
  let heard: HubEvent[];
  let lost: HubProblem[];
  let threw: unknown[];
  let client: HubClient;
  let running: Promise<void>;

  const stream = (pipe: Pipe) =>
    answers.push(({ signal }) => ({ status: 200, retryAfter: null, body: pipe.read(signal) }));
  const answer = (status: number, body: string, retryAfter: number | null = null) =>
    answers.push(() => ({ status, retryAfter, body: once(body) }));
  const refuse = (code = 'ECONNREFUSED') => answers.push(() => Object.assign(new Error(code), { code }));

  beforeEach(() => {
    clock = new FakeClock();
    requests = [];
    answers = [];
    heard = [];
    lost = [];
    threw = [];
    const parts = {
      base: new URL('http://nodered:1880/red/'),
      access: () => Promise.resolve({ token: TOKEN, authorization: 'Basic x' }),
      clock,
      random: () => 0,
      send: (request: HubRequest) => {
        requests.push(request);
        const next = answers.shift();
        const result = next?.(request);
        if (result instanceof Error) return Promise.reject(result);
        if (result !== undefined) return Promise.resolve(result);
        return new Promise<HubResponse>((_resolve, reject) => {
          request.signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      },
    };
    client = new HubClient(parts, {
      heard: (event) => heard.push(event),
      lost: (problem) => lost.push(problem),
      threw: (error) => threw.push(error),
    });
    running = Promise.resolve();
  });

  afterEach(async () => {
    client.stop();
    await running;
    expect(clock.waiting).toEqual([]);
  });

  /** The kinds of problems, when there are so many. */
  async function problems(count: number): Promise<ProblemKind[]> {
    await until(() => expect(lost).toHaveLength(count));
    return lost.map(({ kind }) => kind);
  }

  /** The delay before the next attempt, once it has begun. */
  async function delay(): Promise<number | undefined> {
    await until(() => expect(clock.waiting).toHaveLength(1));
    return clock.waiting[0];
  }

  test('asks for the stream under the given address, with the token in its own header', async () => {
    running = client.run();
    await until(() => expect(requests).toHaveLength(1));
    expect(requests[0]?.url.href).toBe('http://nodered:1880/red/lastgood/v1/events');
    expect(requests[0]?.headers).toEqual({
      Accept: 'text/event-stream',
      'Lastgood-Token': TOKEN,
      Authorization: 'Basic x',
    });
  });

  test('tells what the stream says, in its order, and skips what it does not know', async () => {
    const pipe = new Pipe();
    stream(pipe);
    running = client.run();
    pipe.say('snapshot', SNAPSHOT);
    pipe.say('weather', { rain: true });
    pipe.say('plan', { ...plan(), name: 7 });
    pipe.say('plan', plan({ running: true, state: 'running' }));
    pipe.say('removed', { id: 'photos' });
    await until(() => expect(heard).toHaveLength(3));
    expect(heard.map(({ event }) => event)).toEqual(['snapshot', 'plan', 'removed']);
  });

  test('comes again after 0.2 s, then later and later up to 30 s', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) refuse();
    running = client.run();
    const delays: (number | undefined)[] = [];
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      await problems(attempt);
      delays.push(await delay());
      clock.move(30_000);
    }
    expect(delays).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    expect(lost[0]).toMatchObject({ kind: 'unreachable', message: 'ECONNREFUSED' });
  });

  test('comes again after 0.2 s when a good connection ended', async () => {
    for (let attempt = 0; attempt < 6; attempt += 1) refuse();
    const pipe = new Pipe();
    stream(pipe);
    running = client.run();
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      await problems(attempt);
      await delay();
      clock.move(30_000);
    }
    pipe.say('snapshot', SNAPSHOT);
    await until(() => expect(heard).toHaveLength(1));
    clock.move(5_000);
    pipe.end();
    await problems(7);
    expect(await delay()).toBe(200);
  });

  test('comes again soon when Node-RED is deployed just after it came back from a long absence', async () => {
    for (let attempt = 0; attempt < 10; attempt += 1) refuse();
    const pipe = new Pipe();
    stream(pipe);
    running = client.run();
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      await problems(attempt);
      await delay();
      clock.move(30_000);
    }
    pipe.say('snapshot', SNAPSHOT);
    pipe.end();
    await problems(11);
    expect(await delay()).toBe(400);
  });

  test('does not hammer a hub that ends each connection after its snapshot', async () => {
    const delays: (number | undefined)[] = [];
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const pipe = new Pipe();
      pipe.say('snapshot', SNAPSHOT);
      pipe.end();
      stream(pipe);
    }
    running = client.run();
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await problems(attempt);
      delays.push(await delay());
      clock.move(30_000);
    }
    expect(delays).toEqual([400, 800, 1600, 3200, 6400]);
  });

  test('gives a silent connection up after 45 s; any sign of life counts', async () => {
    const pipe = new Pipe();
    stream(pipe);
    running = client.run();
    pipe.say('snapshot', SNAPSHOT);
    await until(() => expect(heard).toHaveLength(1));
    clock.move(44_000);
    pipe.write(':\n\n');
    // The comment has been read when its watchdog runs.
    await until(() => expect(clock.waiting).toEqual([45_000]));
    clock.move(44_000);
    expect(lost).toEqual([]);
    clock.move(1_000);
    expect(await problems(1)).toEqual(['silent']);
  });

  test('gives an address up that takes the request and never answers', async () => {
    running = client.run();
    await until(() => expect(requests).toHaveLength(1));
    clock.move(10_000);
    expect(await problems(1)).toEqual(['silent']);
  });

  test.each([
    [401, hubError('wrong-token'), 'wrong-token'],
    [401, '<h1>Unauthorized</h1>', 'not-let-in'],
    [403, '', 'not-let-in'],
    [406, hubError('wrong-version'), 'wrong-version'],
  ] as const)('tries slowly after %d %s', async (status, body, kind) => {
    answer(status, body);
    running = client.run();
    expect(await problems(1)).toEqual([kind]);
    expect(await delay()).toBe(60_000);
  });

  test.each([
    [404, 'Cannot GET /lastgood/v1/events', 'no-hub'],
    [200, '<html>', 'unreachable'],
    [200, 'event: snapshot\ndata: {"hello":1}\n\n', 'no-hub'],
    [200, 'event: plan\ndata: {}\n\n', 'no-hub'],
    [302, '', 'no-hub'],
    [500, hubError('internal'), 'broken'],
    [502, 'Bad gateway', 'broken'],
  ] as const)('comes again soon after %d %s', async (status, body, kind) => {
    answer(status, body);
    running = client.run();
    expect(await problems(1)).toEqual([kind]);
    expect(await delay()).toBe(200);
  });

  test('says so when the hub speaks another version', async () => {
    answer(200, `event: snapshot\ndata: ${JSON.stringify({ ...SNAPSHOT, protocol: 2 })}\n\n`);
    running = client.run();
    expect(await problems(1)).toEqual(['wrong-version']);
    expect(lost[0]?.message).toContain('version 2');
  });

  test('waits as long as a busy hub asks', async () => {
    answer(503, hubError('too-many-streams'), 90);
    running = client.run();
    expect(await problems(1)).toEqual(['busy']);
    expect(await delay()).toBe(90_000);
  });

  test('goes on when a listener throws', async () => {
    const pipe = new Pipe();
    stream(pipe);
    const failing = new HubClient(
      {
        base: new URL('http://nodered/'),
        access: () => Promise.resolve({ token: TOKEN }),
        clock,
        random: () => 0,
        send: ({ signal }) => Promise.resolve({ status: 200, retryAfter: null, body: pipe.read(signal) }),
      },
      {
        heard: (event) => {
          if (event.event === 'plan') throw new Error('a mistake');
          heard.push(event);
        },
        lost: () => undefined,
        threw: (error) => threw.push(error),
      },
    );
    const other = failing.run();
    pipe.say('snapshot', SNAPSHOT);
    pipe.say('plan', plan());
    pipe.say('removed', { id: 'photos' });
    await until(() => expect(heard).toHaveLength(2));
    expect(threw).toEqual([new Error('a mistake')]);
    failing.stop();
    await other;
  });

  test('ends when it is stopped, whatever it was doing', async () => {
    refuse();
    running = client.run();
    await problems(1);
    client.stop();
    await running;
    expect(requests).toHaveLength(1);
  });

  describe('asked for a command', () => {
    const yes = JSON.stringify({ id: 'photos', command: 'run', result: 'accepted', message: 'Yes.' });

    test('posts it to the plan and gives the reply', async () => {
      answer(202, yes);
      expect(await client.command('photos', 'run')).toMatchObject({
        ok: true,
        reply: { result: 'accepted' },
      });
      expect(requests[0]).toMatchObject({ method: 'POST' });
      expect(requests[0]?.url.pathname).toBe('/red/lastgood/v1/plans/photos/run');
    });

    test.each([
      [409, 'not-now'],
      [404, 'unknown-plan'],
    ])('gives the refusal of that plan: %d %s', async (status, code) => {
      answer(status, hubError(code));
      expect(await client.command('photos', 'run')).toMatchObject({ ok: false, error: { code } });
    });

    test.each([
      [401, hubError('wrong-token'), 'wrong-token'],
      [404, 'Cannot POST', 'no-hub'],
      [429, hubError('too-many-requests'), 'busy'],
      [500, hubError('internal'), 'broken'],
      [202, 'accepted', 'no-hub'],
    ])('says that there was no answer: %d %s', async (status, body, kind) => {
      answer(status, body);
      await expect(client.command('photos', 'run')).rejects.toMatchObject({ kind });
    });

    test('gives up after 2 s, before HomeKit does', async () => {
      const asked = client.command('photos', 'run');
      const failed = expect(asked).rejects.toMatchObject({
        kind: 'unreachable',
        message: 'no answer within 2 s',
      });
      await until(() => expect(requests).toHaveLength(1));
      clock.move(2_000);
      await failed;
    });

    test('says that nothing listens there', async () => {
      refuse();
      await expect(client.command('photos', 'run')).rejects.toMatchObject({ kind: 'unreachable' });
    });
  });
});
