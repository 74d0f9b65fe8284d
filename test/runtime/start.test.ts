import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { freePort } from './node-red.ts';

const script = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));

function start(port: number): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [script, '--exit'], {
    env: { ...process.env, PORT: String(port) },
  });
}

test('npm start -- --exit tells the story of a backup and ends with the id of its snapshot', async () => {
  const { stdout } = await start(await freePort());
  expect(stdout).toMatch(/attempt 1: blocked[^]*attempt 2: succeeded[^]*no errors were found/);
  expect(stdout.trim().split('\n').at(-1)).toMatch(/^[0-9a-f]{64}$/);
});

test('npm start refuses a port where somebody else listens', async () => {
  const server = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  await expect(start(port)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`Port ${port}`),
  });
  server.close();
});
