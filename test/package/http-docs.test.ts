import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { HubDoor } from '../../src/lib/hub/hub-door.ts';
import { HubServer } from '../../src/lib/hub/hub-server.ts';
import { HUB_ERRORS, isCommandReply, isPlanStatus, readHubEvent } from '../../src/protocol/protocol.ts';
import { FakePlans, TOKEN } from '../unit/hub-fixtures.ts';
import { path } from './project.ts';

const page = readFileSync(path('docs/http.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);
const lines = blocks('sh').flatMap((block) => block.trim().split('\n'));
const commands = lines.filter((line) => line.includes('/plans/'));
const events = lines.filter((line) => line.includes('/events'));
const token = lines.filter((line) => line.includes('umask'));

const run = promisify(execFile);
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
);

describe.skipIf(!hasCurl)('the lines of docs/http.md, run as they stand', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lastgood-http-'));
  const plans = new FakePlans();
  const hub = new HubServer({ hubId: 'hub', token: TOKEN, plans, clock: systemClock });
  const door = new HubDoor({ clock: systemClock, report: () => undefined });
  const server = createServer((request, response) => door.handle(request, response));
  const here = (line: string): string =>
    line.replaceAll(
      'http://nodered.local:1880',
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );

  beforeAll(async () => {
    door.add(hub);
    door.begin();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const asking = spawn('sh', ['-c', token.join('\n')], {
      cwd: folder,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    asking.stdin.end(`${TOKEN}\n`);
    await new Promise((resolve) => asking.on('exit', resolve));
  });
  afterAll(() => {
    hub.close();
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });

  test('are these: all commands, events, and a token that is kept in a file', () => {
    expect(commands).toHaveLength(5);
    expect(events).toHaveLength(1);
    expect(token).toHaveLength(1);
    expect(lines).toHaveLength(7);
  });

  test.each(commands)('%s', async (line) => {
    const { stdout } = await run('sh', ['-c', here(line)], { cwd: folder });
    const reply: unknown = JSON.parse(stdout);
    expect(isCommandReply(reply)).toBe(true);
    expect(plans.asked.at(-1)?.[1]).toBe(/(\w+)$/.exec(line)?.[1]);
    expect(plans.asked.at(-1)?.[2]).toBe(line.includes('12h') ? 12 * 3_600_000 : undefined);
  });

  test.each(events)('%s', async (line) => {
    const listening = spawn('sh', ['-c', `exec ${here(line)}`], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    for await (const chunk of listening.stdout.setEncoding('utf8')) {
      text += String(chunk);
      if (text.includes('\n\n')) break;
    }
    listening.kill();
    const [, name = '', data = ''] = /^event: (.*)\ndata: (.*)\n\n/.exec(text) ?? [];
    expect(readHubEvent(name, data)?.event).toBe('snapshot');
  });
});

test('the examples of docs/http.md are of the protocol', () => {
  const [status = '', reply = ''] = blocks('json');
  expect(isPlanStatus(JSON.parse(status))).toBe(true);
  expect(isCommandReply(JSON.parse(reply))).toBe(true);
});

test('docs/http.md has every error with its status', () => {
  const rows = [...page.matchAll(/^\| (\d{3}) \| (.*?) \|/gm)].flatMap(([, status, codes = '']) =>
    [...codes.matchAll(/`([\w-]+)`/g)].map(([, code = '']) => [code, Number(status)]),
  );
  expect(Object.fromEntries(rows)).toEqual(HUB_ERRORS);
});
