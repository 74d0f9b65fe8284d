import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Problem } from '../../src/lib/problem.ts';
import { atLeast, locateRestic } from '../../src/lib/restic/process/binary.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'restic-binary-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, body: string, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

async function problem(configured: string | undefined, env: Record<string, string>): Promise<Problem> {
  return locateRestic(configured, env).then(
    () => expect.unreachable(),
    (error: Problem) => error,
  );
}

test('finds restic on PATH and tells its version', async () => {
  const { path, version } = await locateRestic(undefined, { PATH: process.env['PATH'] });
  expect(path).toMatch(/restic/);
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(atLeast(version, '0.14.0')).toBe(true);
});

test('asks the version once, and again when the file has changed', async () => {
  const log = join(folder, 'asked');
  const path = script('counted', `echo x >> ${log}; echo "restic 0.17.3 compiled with go1.23"`);
  expect(await locateRestic(path, {})).toEqual({ path, version: '0.17.3' });
  expect(await locateRestic('counted', { PATH: folder })).toEqual({ path, version: '0.17.3' });
  expect(readFileSync(log, 'utf8')).toBe('x\n');
  script('counted', `echo x >> ${log}; echo "restic 0.18.0 (changed)"`);
  expect((await locateRestic(path, {})).version).toBe('0.18.0');
});

test('too old, not executable and no restic at all are told apart', async () => {
  const old = script('old', 'echo "restic 0.12.1 compiled"');
  expect(await problem(old, {})).toMatchObject({ code: 'restic-too-old', values: { version: '0.12.1' } });
  const plain = script('plain', '', 0o644);
  expect((await problem(plain, {})).code).toBe('restic-not-executable');
  expect((await problem('plain', { PATH: folder })).code).toBe('restic-not-executable');
  const other = script('other', 'echo "something else 0.18.0"');
  expect((await problem(other, {})).code).toBe('restic-not-executable');
  expect((await problem(join(folder, 'nowhere'), {})).code).toBe('restic-missing');
  expect((await problem('nowhere', { PATH: folder })).message).toContain('nowhere');
});

test('a missing restic comes with how to install it, in the right language and place', async () => {
  const missing = await problem('nowhere', { PATH: folder, SUPERVISOR_TOKEN: 'secret-token' });
  expect(missing.message).toContain('init_commands:');
  expect(missing.message).not.toContain('secret-token');
  expect(missing.in('zh-CN').message).toMatch(/找不到.*nowhere[\s\S]*重启[\s\S]*init_commands:/);
  expect((await problem('nowhere', { PATH: folder })).message).toMatch(/Install it/);
});

test.each([
  ['0.16.0', '0.16.0', true],
  ['0.9.6', '0.14.0', false],
  ['0.19.1', '0.16.4', true],
  ['1.0.0', '0.19.9', true],
  ['0.16.3', '0.16.4', false],
])('%s is at least %s: %s', (version, least, answer) => {
  expect(atLeast(version, least)).toBe(answer);
});
