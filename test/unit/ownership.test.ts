import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimFolder } from '../../src/lib/journal/ownership.ts';
import { startTicksOf } from '../../src/lib/system-process.ts';

const OWNERSHIP = new URL('../../src/lib/journal/ownership.ts', import.meta.url).href;

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'owner-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Another process that claims the folder when told to, says what it found, and stays. */
function claimant(): { claim(): Promise<string>; child: ChildProcess } {
  const script = `
    import { claimFolder } from ${JSON.stringify(OWNERSHIP)};
    process.stdin.once('data', async () => {
      const owner = await claimFolder(${JSON.stringify(folder)});
      console.log(owner === undefined ? 'mine' : String(owner.pid));
      setInterval(() => {}, 1000);
    });
    console.log('ready');`;
  const child = spawn(process.execPath, ['--experimental-strip-types', '--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  children.push(child);
  let said = '';
  child.stdout.on('data', (data: Buffer) => {
    said += String(data);
  });
  const line = async (number: number): Promise<string> => {
    while (said.split('\n').length <= number + 1) await once(child.stdout, 'data');
    return said.split('\n')[number] ?? '';
  };
  const ready = line(0);
  return {
    child,
    async claim() {
      await ready;
      child.stdin.write('go\n');
      return line(1);
    },
  };
}

test('the first process gets the folder, the second is told who has it, and inherits it when that one is dead', async () => {
  const first = claimant();
  expect(await first.claim()).toBe('mine');
  const second = claimant();
  expect(await second.claim()).toBe(String(first.child.pid));
  expect(await claimFolder(folder)).toMatchObject({ pid: first.child.pid });
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  expect(await claimFolder(folder)).toBeUndefined();
  expect(await claimFolder(folder)).toBeUndefined();
  expect(readdirSync(folder)).toEqual(['owner.json']);
});

test('of several that start at the same moment over a dead one exactly one gets it', async () => {
  writeFileSync(join(folder, 'owner.json'), JSON.stringify({ pid: 4_190_000, startTicks: 1 }));
  const answers = await Promise.all([claimant(), claimant(), claimant()].map((one) => one.claim()));
  expect(answers.filter((answer) => answer === 'mine')).toHaveLength(1);
  expect(readdirSync(folder)).toEqual(['owner.json']);
}, 20_000);

test.each([
  ['half a file', '{"pid":'],
  ['nothing', ''],
  ['a recycled process id', JSON.stringify({ pid: process.ppid, startTicks: 1 })],
])('%s holds nobody up', async (_what, content) => {
  writeFileSync(join(folder, 'owner.json'), content);
  expect(await claimFolder(folder)).toBeUndefined();
  expect(JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8'))).toEqual({
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
  });
});

test('a folder in the place of the file holds nobody up', async () => {
  mkdirSync(join(folder, 'owner.json'));
  expect(await claimFolder(folder)).toBeUndefined();
});

test('a place that cannot be a folder is an error, not an endless try', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(claimFolder(join(folder, 'file'))).rejects.toThrow();
});
