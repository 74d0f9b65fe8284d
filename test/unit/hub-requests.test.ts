import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  EVENTS_PATH,
  HUB_COMMANDS,
  HUB_ERRORS,
  type HubErrorCode,
  isCommandReply,
  isHubError,
  LARGEST_BODY,
  TOKEN_HEADER,
} from '../../src/protocol/protocol.ts';
import { type Asking, HubRig, planStatus, TOKEN } from './hub-fixtures.ts';

const RUN = '/lastgood/v1/plans/photos/run';
const PAUSE = '/lastgood/v1/plans/photos/pause';
const json = (body: string, headers: Record<string, string> = {}): Asking => ({
  method: 'POST',
  body,
  headers,
});

describe('what is wrong gets the right status and a JSON error', () => {
  const WRONG: [what: string, path: string, asking: Asking, code: HubErrorCode][] = [
    ['no token', EVENTS_PATH, { token: null }, 'wrong-token'],
    ['another token', EVENTS_PATH, { token: 'x'.repeat(32) }, 'wrong-token'],
    ['a part of the token', EVENTS_PATH, { token: TOKEN.slice(1) }, 'wrong-token'],
    ['the token with more', EVENTS_PATH, { token: `${TOKEN}0` }, 'wrong-token'],
    ['an empty token', EVENTS_PATH, { token: '' }, 'wrong-token'],
    ['the token twice', EVENTS_PATH, { token: `${TOKEN}, ${TOKEN}` }, 'wrong-token'],
    [
      'the token as a bearer',
      EVENTS_PATH,
      { token: null, headers: { Authorization: `Bearer ${TOKEN}` } },
      'wrong-token',
    ],
    ['the token in the address', `${EVENTS_PATH}?token=${TOKEN}`, { token: null }, 'wrong-token'],
    ['an unknown path without a token', '/lastgood/v1/secrets', { token: null }, 'wrong-token'],
    ['an unknown path', '/lastgood/v1/secrets', {}, 'unknown-path'],
    ['no path', '/lastgood/v1', {}, 'unknown-path'],
    ['another name of a path', '/lastgood/v1/events/', {}, 'unknown-path'],
    ['no number of a version', '/lastgood/v1x/events', {}, 'unknown-path'],
    [
      'a command that only the editor has',
      '/lastgood/v1/plans/photos/accept',
      { method: 'POST' },
      'unknown-path',
    ],
    ['a path into something', '/lastgood/v1/plans/../../flows/run', { method: 'POST' }, 'unknown-path'],
    ['a newer version', '/lastgood/v2/events', {}, 'wrong-version'],
    ['a version before the first', '/lastgood/v0/plans/photos/run', { method: 'POST' }, 'wrong-version'],
    ['an unknown plan', '/lastgood/v1/plans/nobody/run', { method: 'POST' }, 'unknown-plan'],
    ['an id of another shape', '/lastgood/v1/plans/%00%zz/run', { method: 'POST' }, 'unknown-plan'],
    ['a name of every object', '/lastgood/v1/plans/__proto__/run', { method: 'POST' }, 'unknown-plan'],
    ['events by POST', EVENTS_PATH, { method: 'POST' }, 'wrong-method'],
    ['events by DELETE', EVENTS_PATH, { method: 'DELETE' }, 'wrong-method'],
    ['what a page of another origin asks first', EVENTS_PATH, { method: 'OPTIONS' }, 'wrong-method'],
    ['a command by GET', RUN, {}, 'wrong-method'],
    ['a command by PUT', RUN, { method: 'PUT' }, 'wrong-method'],
    ['a body that is no JSON', PAUSE, json('{"for"'), 'bad-body'],
    ['a body that is a list', PAUSE, json('[]'), 'bad-body'],
    ['a body that is null', PAUSE, json('null'), 'bad-body'],
    ['a body that is a text', PAUSE, json('"7d"'), 'bad-body'],
    ['a length of time that is none', PAUSE, json('{"for":"soon"}'), 'bad-body'],
    ['a length of time as a number', PAUSE, json('{"for":7}'), 'bad-body'],
    ['no time at all', PAUSE, json('{"for":"0"}'), 'bad-body'],
    ['a length of time for what has none', RUN, json('{"for":"7d"}'), 'bad-body'],
    ['an unknown field', PAUSE, json('{"for":"7d","until":"Monday"}'), 'bad-body'],
    [
      'a body of another type',
      PAUSE,
      json('for=7d', { 'Content-Type': 'application/x-www-form-urlencoded' }),
      'wrong-content-type',
    ],
    [
      'a body that pages of other origins can send',
      RUN,
      json('{}', { 'Content-Type': 'text/plain' }),
      'wrong-content-type',
    ],
    [
      'a type that only begins like JSON',
      RUN,
      json('{}', { 'Content-Type': 'application/jsonp' }),
      'wrong-content-type',
    ],
    ['a large body', PAUSE, json(`{"for":"7d"${' '.repeat(LARGEST_BODY)}}`), 'body-too-large'],
    [
      'a large body that does not say so',
      PAUSE,
      json(`{"for":"7d"${' '.repeat(LARGEST_BODY)}}`, { 'Transfer-Encoding': 'chunked' }),
      'body-too-large',
    ],
  ];
  test.each(WRONG)('%s', async (_what, path, asking, code) => {
    await using rig = await HubRig.open();
    const reply = await rig.ask(path, asking);
    expect(reply.json).toMatchObject({ error: { code } });
    expect(reply.status).toBe(HUB_ERRORS[code]);
    expect(isHubError(reply.json)).toBe(true);
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store, no-transform',
    });
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(reply.text).not.toContain(TOKEN);
    expect(rig.plans.asked).toEqual([]);
    expect(rig.reported).toEqual([]);
    // The connection is as good as before: nothing of the body is left in it.
    expect((await rig.command('run')).status).toBe(202);
  });

  test('a wrong method is told the right one, and a wrong token where it belongs', async () => {
    await using rig = await HubRig.open();
    expect((await rig.ask(RUN)).headers.allow).toBe('POST');
    expect((await rig.ask(EVENTS_PATH, { method: 'POST' })).headers.allow).toBe('GET');
    const refused = await rig.ask(EVENTS_PATH, { token: null });
    // A browser asks for no password where it does not know the kind.
    expect(refused.headers['www-authenticate']).toBe(TOKEN_HEADER);
    expect(refused.text).toContain(TOKEN_HEADER);
  });

  test('HEAD is refused without a body', async () => {
    await using rig = await HubRig.open();
    expect(await rig.ask(EVENTS_PATH, { method: 'HEAD' })).toMatchObject({ status: 405, text: '' });
  });
});

describe('a command', () => {
  test.each(HUB_COMMANDS)('%s reaches its plan, and the answer says what became of it', async (command) => {
    await using rig = await HubRig.open();
    const reply = await rig.command(command);
    expect(reply.status).toBe(202);
    expect(reply.json).toEqual({
      id: 'photos',
      command,
      result: 'accepted',
      message: 'A backup starts now.',
    });
    expect(isCommandReply(reply.json)).toBe(true);
    expect(rig.plans.asked).toEqual([['photos', command, undefined]]);
  });

  test.each(['', '{}', ' \n'])('needs no body, and takes the empty one %j', async (body) => {
    await using rig = await HubRig.open();
    expect((await rig.command('run', { body })).status).toBe(202);
  });

  test('pause takes how long it lasts', async () => {
    await using rig = await HubRig.open();
    const headers = { 'Content-Type': 'Application/JSON; charset=utf-8' };
    expect((await rig.command('pause', { body: '{"for":"1h30m"}', headers })).status).toBe(202);
    expect(rig.plans.asked).toEqual([['photos', 'pause', 90 * 60_000]]);
  });

  test('that is refused is no success, and the sentence says why', async () => {
    await using rig = await HubRig.open();
    rig.plans.answer = () => Promise.resolve({ result: 'refused', message: 'Not now: too often.' });
    const reply = await rig.command('run');
    expect(reply.status).toBe(409);
    expect(reply.json).toEqual({ error: { code: 'not-now', message: 'Not now: too often.' } });
  });

  test('for what is so already is a success', async () => {
    await using rig = await HubRig.open();
    rig.plans.answer = () => Promise.resolve({ result: 'already', message: 'It runs already.' });
    expect(await rig.command('run')).toMatchObject({ status: 202, json: { result: 'already' } });
  });

  test('for a plan that cannot be run is refused: there is such a plan', async () => {
    await using rig = await HubRig.open();
    rig.plans.answer = () => Promise.resolve(undefined);
    expect(await rig.command('run')).toMatchObject({ status: 409, json: { error: { code: 'not-now' } } });
  });

  test('that fails in us is told of in the log, and to nobody else', async () => {
    await using rig = await HubRig.open();
    const failure = new Error('cannot write /home/me/.node-red/secret');
    rig.plans.answer = () => Promise.reject(failure);
    const reply = await rig.command('run');
    expect(reply).toMatchObject({ status: 500, json: { error: { code: 'internal' } } });
    expect(reply.text).not.toContain('secret');
    expect(rig.reported).toEqual([failure]);
  });

  test('whose client has gone is carried out all the same, and nothing goes wrong', async () => {
    await using rig = await HubRig.open();
    let finish = (): void => undefined;
    rig.plans.answer = () =>
      new Promise((resolve) => {
        finish = () => resolve({ result: 'accepted', message: '' });
      });
    const client = connect(rig.port, '127.0.0.1');
    client.write(`POST ${RUN} HTTP/1.1\r\nHost: hub\r\n${TOKEN_HEADER}: ${TOKEN}\r\n\r\n`);
    await rig.until(() => rig.plans.asked.length === 1);
    client.destroy();
    await rig.until(async () => (await rig.connections()) === 0);
    finish();
    expect((await rig.ask('/lastgood/v1/nothing')).status).toBe(404);
    expect(rig.reported).toEqual([]);
  });

  test('comes 20 times a minute for each plan and no more often', async () => {
    await using rig = await HubRig.open();
    rig.plans.statuses = [planStatus(), planStatus({ id: 'music' })];
    for (let at = 0; at < 20; at += 1) expect((await rig.command('run')).status).toBe(202);
    const refused = await rig.command('cancel');
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'too-many-requests' } } });
    expect(refused.headers['retry-after']).toBe('60');
    expect(rig.plans.asked).toHaveLength(20);
    expect((await rig.command('run', { id: 'music' })).status).toBe(202);
    await rig.clock.pass(60_000);
    expect((await rig.command('cancel')).status).toBe(202);
  });

  test('is not locked out by a clock that is put back', async () => {
    await using rig = await HubRig.open();
    for (let at = 0; at < 20; at += 1) await rig.command('run');
    rig.clock.jump(-86_400_000);
    expect((await rig.command('run')).status).toBe(202);
  });
});

describe('a wrong token', () => {
  test('is looked at ten times a minute from one address; then the right one waits as well', async () => {
    await using rig = await HubRig.open();
    for (let at = 0; at < 10; at += 1)
      expect((await rig.ask(EVENTS_PATH, { token: `guess ${at}` })).status).toBe(401);
    const refused = await rig.ask(EVENTS_PATH, { token: 'guess 11' });
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'too-many-requests' } } });
    expect(refused.headers['retry-after']).toBe('60');
    // Else a guess would be tried all the same.
    expect((await rig.command('run')).status).toBe(429);
    await rig.clock.pass(60_000);
    expect((await rig.command('run')).status).toBe(202);
  });

  test('does not end the streams of who has the right one', async () => {
    await using rig = await HubRig.open();
    const reader = await rig.listen();
    await reader.next();
    for (let at = 0; at < 12; at += 1) await rig.ask(EVENTS_PATH, { token: null });
    rig.hub.publish(planStatus({ attempt: 3 }));
    expect((await reader.next()).event).toBe('plan');
  });
});

describe('the door', () => {
  test('leads each token to the plans of its own hub', async () => {
    await using rig = await HubRig.open();
    const other = 'another token of thirty-two chars';
    rig.door.add(rig.newHub('upstairs', other));
    rig.hub.publish(planStatus({ attempt: 1 }));
    expect((await rig.command('run', { token: other })).status).toBe(202);
    rig.door.close(rig.hub, { forGood: true });
    expect((await rig.command('run')).status).toBe(401);
    expect((await rig.command('run', { token: other })).status).toBe(202);
  });

  test('is no door where no hub is: the path is as unknown as any', async () => {
    await using rig = await HubRig.open();
    rig.door.close(rig.hub, { forGood: true });
    expect(await rig.command('run')).toMatchObject({ status: 404, text: '<html>' });
  });

  test('tells a client to come again while Node-RED starts, whatever its token', async () => {
    await using rig = await HubRig.open({ begun: false });
    const reply = await rig.ask(EVENTS_PATH, { token: null });
    expect(reply).toMatchObject({ status: 503, json: { error: { code: 'not-ready' } } });
    expect(reply.headers['retry-after']).toBe('1');
    rig.door.begin();
    expect((await rig.command('run')).status).toBe(202);
  });

  test('does not call a token wrong while its hub is redeployed', async () => {
    await using rig = await HubRig.open();
    rig.door.close(rig.hub, { forGood: false });
    expect(await rig.command('run')).toMatchObject({ status: 503, json: { error: { code: 'not-ready' } } });
    expect((await rig.ask(EVENTS_PATH)).status).toBe(503);
    expect((await rig.ask(EVENTS_PATH, { token: null })).status).toBe(401);
    rig.hub = rig.newHub();
    rig.door.add(rig.hub);
    expect((await rig.command('run')).status).toBe(202);
  });

  test('lets nobody see some of the plans while others are still being read: who misses one forgets it', async () => {
    await using rig = await HubRig.open();
    const { statuses } = rig.plans;
    rig.plans.statuses = undefined;
    expect(await rig.ask(EVENTS_PATH)).toMatchObject({ status: 503, json: { error: { code: 'not-ready' } } });
    expect((await rig.command('run')).status).toBe(503);
    rig.plans.statuses = statuses;
    expect((await (await rig.listen()).next()).event).toBe('snapshot');
  });

  test('forgets the token that a redeploy replaced', async () => {
    await using rig = await HubRig.open();
    rig.door.close(rig.hub, { forGood: false });
    rig.hub = rig.newHub('hub', 'f'.repeat(32));
    rig.door.add(rig.hub);
    expect((await rig.command('run')).status).toBe(401);
  });

  test('forgets a hub that does not come back', async () => {
    await using rig = await HubRig.open();
    rig.door.close(rig.hub, { forGood: false });
    await rig.clock.pass(15_000);
    expect((await rig.command('run')).text).toBe('<html>');
  });
});

test('a token that could be guessed is refused', async () => {
  await using rig = await HubRig.open();
  const short = 'x'.repeat(31);
  expect(() => rig.newHub('hub', short)).toThrowError(expect.objectContaining({ code: 'token-short' }));
});
