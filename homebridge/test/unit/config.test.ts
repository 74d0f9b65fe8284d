import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isPrivate, readAccess, readSettings, type Settings } from '../../src/config.ts';
import { TOKEN } from '../fake-hub.ts';

const GOOD = { url: 'http://127.0.0.1:1880', token: TOKEN };

function settingsOf(config: Record<string, unknown>, environment: Record<string, string> = {}): Settings {
  const read = readSettings(config, environment);
  if ('problem' in read) throw new Error(read.problem);
  return read.settings;
}

function problemOf(config: Record<string, unknown>, environment: Record<string, string> = {}): string {
  const read = readSettings(config, environment);
  return 'problem' in read ? read.problem : 'none';
}

describe('the settings', () => {
  test('need a URL and a token; everything else is careful without being told', () => {
    expect(settingsOf(GOOD)).toEqual({
      base: new URL('http://127.0.0.1:1880/'),
      token: { text: TOKEN },
      login: null,
      caFile: null,
      cancelBySwitch: false,
      battery: false,
      language: 'en',
    });
  });

  test.each([
    ['http://nodered:1880/red', 'http://nodered:1880/red/'],
    ['https://nodered.example/red/', 'https://nodered.example/red/'],
    [' http://nodered:1880/?x=1#y ', 'http://nodered:1880/'],
  ])('take %s as the address %s', (url, base) => {
    expect(settingsOf({ ...GOOD, url }).base.href).toBe(base);
  });

  test.each([
    [{ token: TOKEN }, 'URL of Node-RED is missing'],
    [{ ...GOOD, url: 'nodered' }, 'must begin with http'],
    [{ ...GOOD, url: 'mqtt://nodered' }, 'must begin with http'],
    [{ ...GOOD, url: 'http://me:secret@nodered' }, 'fields of their own'],
    [{ ...GOOD, url: 7 }, 'URL of Node-RED is missing'],
    [{ url: GOOD.url }, 'token is missing'],
    [{ ...GOOD, token: 'short' }, 'at least 32'],
    [{ ...GOOD, token: `${TOKEN}\nX: y` }, 'at least 32'],
    [{ ...GOOD, language: 'fr' }, 'must be one of en, zh-CN'],
    [{ token: TOKEN, language: 'zh-CN' }, '缺少 Node-RED 的网址'],
  ])('%j have the problem: %s', (config, problem) => {
    const text = problemOf(config);
    expect(text).toContain(problem);
    expect(text).not.toContain('secret');
  });

  test('take the token from the environment when they have none themselves', () => {
    const environment = { LASTGOOD_TOKEN: `${TOKEN}\n` };
    expect(settingsOf({ url: GOOD.url }, environment).token).toEqual({ text: TOKEN });
    expect(settingsOf({ ...GOOD, tokenFile: '/x' }, environment).token).toEqual({ text: TOKEN });
    expect(settingsOf({ url: GOOD.url, tokenFile: '/x' }, environment).token).toEqual({ file: '/x' });
  });
});

describe('what goes with a request', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lastgood-homebridge-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is the token of a file as it is now', async () => {
    const tokenFile = join(folder, 'token');
    const settings = settingsOf({ url: GOOD.url, tokenFile });
    writeFileSync(tokenFile, `${TOKEN}\n`);
    expect(await readAccess(settings)).toEqual({ token: TOKEN });
    writeFileSync(tokenFile, `${TOKEN}-of-tomorrow`);
    expect(await readAccess(settings)).toEqual({ token: `${TOKEN}-of-tomorrow` });
  });

  test('is a problem, and no crash, when the file is gone or holds no token', async () => {
    const tokenFile = join(folder, 'token');
    const settings = settingsOf({ url: GOOD.url, tokenFile });
    await expect(readAccess(settings)).rejects.toMatchObject({ kind: 'no-token', message: 'ENOENT' });
    writeFileSync(tokenFile, 'oops');
    await expect(readAccess(settings)).rejects.toMatchObject({ kind: 'no-token' });
  });

  test('has user name and password beside the token', async () => {
    const access = await readAccess(settingsOf({ ...GOOD, username: 'me', password: 'pässword' }));
    expect(access).toEqual({ token: TOKEN, authorization: 'Basic bWU6cMOkc3N3b3Jk' });
  });

  test('has the certificate authority of a file', async () => {
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, 'a certificate');
    expect(await readAccess(settingsOf({ ...GOOD, caFile }))).toEqual({ token: TOKEN, ca: 'a certificate' });
  });
});

test.each([
  ['http://127.0.0.1:1880', true],
  ['http://localhost:1880', true],
  ['http://[::1]:1880', true],
  ['https://nodered.example', true],
  ['http://nodered:1880', false],
  ['http://192.168.1.5:1880', false],
  ['http://127.0.0.1.example', false],
])('what goes to %s is private: %j', (url, expected) => {
  expect(isPrivate(new URL(url))).toBe(expected);
});
