import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import type { DriveStep } from '../../src/lib/restic/drive-commands.ts';
import { mountDrive, unmountDrive } from '../../src/lib/restic/drive-commands.ts';
import { Lanes } from '../../src/lib/restic/lane.ts';
import { ResticRepository } from '../../src/lib/restic/repository.ts';
import type { RepositorySettings } from '../../src/lib/restic/repository-settings.ts';
import { mountOrSkip } from './drive-fixtures.ts';

const PASSWORD = 'korrekt pferd 1234';
let folder = '';
let drive = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drive-'));
  drive = join(folder, 'drive');
  mkdirSync(drive);
});

afterEach(() => {
  try {
    execFileSync('umount', ['--lazy', drive], { stdio: 'ignore' });
  } catch {
    // Not mounted.
  }
  rmSync(folder, { recursive: true, force: true });
});

function repositoryOn(change: Partial<RepositorySettings>): ResticRepository {
  const settings: RepositorySettings = {
    id: 'test',
    name: 'Test',
    url: join(drive, 'restic'),
    secrets: { password: PASSWORD, environment: { AWS_SECRET_ACCESS_KEY: 'geheim' } },
    options: [],
    ...change,
  };
  const host = {
    env: { PATH: process.env['PATH'], SUPERVISOR_TOKEN: 'token', HOME: '/nowhere' },
    dataFolder: join(folder, 'data'),
    language: 'en-US',
    clock: systemClock,
    logger: { warn: () => undefined },
  } as const;
  return new ResticRepository(settings, host, new Lanes());
}

/** A command that runs shell code. */
function script(code: string): [string] {
  const path = join(folder, 'command');
  writeFileSync(path, `#!/bin/sh\n${code}\n`, { mode: 0o755 });
  return [path];
}

/** A file that looks like a repository's config in the mounted drive. */
function withConfig(): void {
  mkdirSync(join(drive, 'restic'));
  writeFileSync(join(drive, 'restic', 'config'), 'config');
}

function reasonOf(step: DriveStep): string {
  return step.done ? '' : step.reason;
}

/** An ext4 image with a repository in it, not mounted. */
function image(context: Parameters<typeof mountOrSkip>[1]): string {
  const path = join(folder, 'image');
  writeFileSync(path, '');
  truncateSync(path, 4 * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', '-F', path], { stdio: 'ignore' });
  mountOrSkip(['-o', 'loop', path, drive], context);
  withConfig();
  execFileSync('umount', [drive]);
  return path;
}

describe('a drive with commands to mount and unmount it', () => {
  it('is mounted, found mounted the second time, unmounted, and found unmounted the second time', async (context) => {
    const log = join(folder, 'log');
    const file = image(context);
    const repository = repositoryOn({
      mountCommand: ['/bin/sh', '-c', `echo mount >> '${log}'; mount -o loop '${file}' '${drive}'`],
      unmountCommand: ['/bin/sh', '-c', `echo unmount >> '${log}'; umount '${drive}'`],
    });
    expect(await mountDrive(repository)).toEqual({ done: true });
    expect(existsSync(join(drive, 'restic', 'config'))).toBe(true);
    expect(await mountDrive(repository)).toEqual({ done: true });
    expect(await unmountDrive(repository)).toEqual({ done: true });
    expect(existsSync(join(drive, 'restic'))).toBe(false);
    expect(await unmountDrive(repository)).toEqual({ done: true });
    expect(readFileSync(log, 'utf8')).toBe('mount\nunmount\n');
  });

  it('is not released by a command that ends well and leaves it mounted', async (context) => {
    mountOrSkip(['-t', 'tmpfs', 'tmpfs', drive], context);
    withConfig();
    const step = await unmountDrive(repositoryOn({ unmountCommand: ['true'] }));
    expect(step).toEqual({
      done: false,
      reason: `The command to unmount ended well, but ${drive} is still mounted.`,
    });
  });

  it('says what umount says while something uses it', async (context) => {
    mountOrSkip(['-t', 'tmpfs', 'tmpfs', drive], context);
    withConfig();
    const repository = repositoryOn({
      unmountCommand: ['/bin/sh', '-c', `exec 3< '${drive}/restic/config'; LC_ALL=C umount '${drive}'`],
    });
    expect(reasonOf(await unmountDrive(repository))).toContain('target is busy');
  });

  it('is unmounted only when nothing of ours uses its repository', async (context) => {
    mountOrSkip(['-t', 'tmpfs', 'tmpfs', drive], context);
    withConfig();
    const repository = repositoryOn({ unmountCommand: ['umount', drive] });
    const backup = await repository.enterLane('shared', {});
    const unmounting = unmountDrive(repository);
    const probe = await Promise.race([unmounting, Promise.resolve('still waiting')]);
    expect(probe).toBe('still waiting');
    expect(existsSync(join(drive, 'restic', 'config'))).toBe(true);
    backup?.release();
    expect(await unmounting).toEqual({ done: true });
    const hold = await repository.enterLane('exclusive', {});
    expect(await unmountDrive(repository, { laneHeld: true })).toEqual({ done: true });
    hold?.release();
  });

  it('is not waited for when it is mounted and a backup of another plan runs', async () => {
    withConfig();
    const repository = repositoryOn({ mountCommand: ['false'] });
    const backup = await repository.enterLane('exclusive', {});
    expect(await mountDrive(repository)).toEqual({ done: true });
    backup?.release();
  });
});

describe('a drive command', () => {
  it('gets no secret and no token, and its own working folder', async () => {
    const seen = join(folder, 'seen');
    const command = script(`{ env; pwd; } > '${seen}'`);
    expect(await mountDrive(repositoryOn({ mountCommand: command }))).toEqual({ done: true });
    const text = readFileSync(seen, 'utf8');
    expect(text).toContain('HOME=/nowhere');
    expect(text).toMatch(/^\/$/m);
    for (const secret of [PASSWORD, 'geheim', 'SUPERVISOR', 'RESTIC']) expect(text).not.toContain(secret);
  });

  it('is told in words when it fails, without secrets', async () => {
    const mount = async (...command: [string, ...string[]]): Promise<string> =>
      reasonOf(await mountDrive(repositoryOn({ mountCommand: command })));
    expect(await mount('no-such-command')).toBe('The command no-such-command was not found.');
    expect(await mount('false')).toBe('false ended with code 1.');
    const [failing] = script(`echo; echo 'no drive for ${PASSWORD}' >&2; exit 32`);
    expect(await mount(failing)).toMatch(/ended with code 32: no drive for \*+/);
  });

  it('is killed with all that it started at its time limit, and when it is cancelled', async () => {
    const pids = join(folder, 'pids');
    const command = script(`sleep 300 & echo $! >> '${pids}'; echo $$ >> '${pids}'; wait`);
    const repository = repositoryOn({ mountCommand: command });
    const late = await mountDrive(repository, { timeLimitMs: 500 });
    expect(reasonOf(late)).toContain('did not end');
    const cancel = new AbortController();
    const started = mountDrive(repository, { signal: cancel.signal });
    await expect.poll(() => readFileSync(pids, 'utf8').trim().split('\n').length).toBe(4);
    cancel.abort();
    expect(await started).toEqual({ done: false, reason: 'It was cancelled.' });
    for (const pid of readFileSync(pids, 'utf8').trim().split('\n')) {
      await expect.poll(() => isRunning(pid)).toBe(false);
    }
  });

  it('leaves the queue when it is cancelled while it waits for the repository', async () => {
    const repository = repositoryOn({ mountCommand: ['true'] });
    const hold = await repository.enterLane('shared', {});
    const cancel = new AbortController();
    const waiting = mountDrive(repository, { signal: cancel.signal });
    cancel.abort();
    expect(await waiting).toEqual({ done: false, reason: 'It was cancelled.' });
    hold?.release();
  });

  it('is needed for neither where there is none', async () => {
    expect(await mountDrive(repositoryOn({}))).toEqual({ done: true });
    expect(reasonOf(await unmountDrive(repositoryOn({})))).toContain('no command');
  });
});

/** A zombie that nobody has waited for yet runs no more. */
function isRunning(pid: string): boolean {
  try {
    return !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
