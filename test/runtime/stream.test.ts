import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backupOf, mainFlow, untilReady, untilState, untilWaiting } from './main-flow.ts';
import { NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

// What is no folder: a plan saves what a command prints or a server sends.

const TOKEN = 'a-token-that-nobody-sees';

test('a plan that saves a command waits while the program is missing, then makes one good snapshot', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  const program = join(home.folder, 'dump');
  await nodeRed.deploy(
    mainFlow(home, { plan: { source: 'command', sourceCommand: [program, 'house'], paths: [] } }),
  );
  await untilReady(nodeRed);

  await nodeRed.inject('ask');
  const waiting = await untilWaiting(nodeRed);
  expect(waiting.run?.reason).toContain(`The command ${program} is not there.`);
  expect(nodeRed.messages.get('alert') ?? []).toEqual([]);
  expect(await home.snapshots()).toEqual([]);

  writeFileSync(program, '#!/bin/sh\necho "all of the $1"\n', { mode: 0o755 });
  await nodeRed.inject('ask', { payload: 'run' });
  const good = await nodeRed.next('good');
  const [snapshot, ...others] = await home.snapshots();
  expect(others).toEqual([]);
  expect(snapshot?.tags).not.toContain('incomplete');
  expect(snapshot?.paths).toEqual(['/documents']);
  expect(backupOf(good).snapshotId).toBe(snapshot?.id);
  expect(await home.restic('dump', 'latest', '/documents')).toBe('all of the house\n');
});

test('a download that breaks off is tried again, and its secrets are in nothing that Node-RED tells', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start({ env: { HOUSE_TOKEN: TOKEN } });
  const content = Buffer.alloc(2 ** 20, 'all of it ');
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.writeHead(200, { 'content-length': content.length });
    if (asked.length === 1) response.write(content.subarray(0, 2 ** 19), () => response.destroy());
    else response.end(content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sourceUrl = `http://127.0.0.1:${port}/backups/abc/download`;
  const flow = mainFlow(home, {
    plan: { source: 'download', sourceUrl, sourceName: 'house.tar', paths: [] },
  });
  await nodeRed.deploy(
    flow.map((node) =>
      node.id === 'plan'
        ? { ...node, credentials: { sourceHeaders: `Authorization: Bearer \${HOUSE_TOKEN}` } }
        : node,
    ),
  );
  await untilReady(nodeRed);

  await nodeRed.inject('ask');
  await nodeRed.next('good');
  server.close();
  expect(asked).toEqual([`Bearer ${TOKEN}`, `Bearer ${TOKEN}`]);
  const snapshots = await home.snapshots();
  expect(snapshots.map(({ paths, tags }) => [paths, tags?.includes('incomplete')])).toEqual([
    [['/house.tar'], false],
  ]);
  const state = await untilState(nodeRed, ({ lastSuccess }) => lastSuccess !== null);
  expect(state.history.map(({ outcome }) => outcome)).toEqual(['failed', 'succeeded']);
  expect(JSON.stringify(state)).toContain('broke off after ');
  const told = JSON.stringify([...nodeRed.messages.values(), nodeRed.logs, state, await nodeRed.flows()]);
  expect(told).not.toContain(TOKEN);
  const files = readdirSync(nodeRed.userDir, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const tellTales = files.filter(({ parentPath, name }) =>
    readFileSync(join(parentPath, name)).includes(TOKEN),
  );
  expect(tellTales.map(({ name }) => name)).toEqual([]);
});

test('half a stream is no good snapshot when Node-RED dies in the middle', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  const begun = join(home.folder, 'begun');
  const code = `head -c 3000000 /dev/urandom; [ -e "$1" ] && exit 0; touch "$1"; sleep 15; exit 0`;
  const sourceCommand = ['sh', '-c', code, 'sh', begun];
  await nodeRed.deploy(mainFlow(home, { plan: { source: 'command', sourceCommand, paths: [] } }));
  await untilReady(nodeRed);
  await nodeRed.inject('ask');
  await expect.poll(() => existsSync(begun), { timeout: 60_000 }).toBe(true);

  await nodeRed.kill9();
  await nodeRed.start();
  await nodeRed.next('good', undefined, 80_000);
  // restic 0.17 and newer starts the command itself, and may have gone on to its good end meanwhile.
  const snapshots = await home.snapshots();
  const good = snapshots.filter(({ tags }) => tags?.includes('incomplete') !== true);
  expect(good.length).toBeGreaterThan(0);
  const sizes = await Promise.all(good.map(({ id }) => home.restic('ls', '--long', '--no-lock', id)));
  expect(sizes.filter((listed) => !listed.includes(' 3000000 '))).toEqual([]);
});
