import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CheckAnswer, CheckResult, CheckSpec } from '../../src/lib/checks/check.ts';
import type { CheckContext } from '../../src/lib/checks/context.ts';
import { runChecks } from '../../src/lib/checks/run-checks.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { readMounts } from '../../src/lib/drive/mountinfo.ts';
import { diskImage, memoryDisk, mountOrSkip } from './drive-fixtures.ts';

const CONTEXT: CheckContext = { language: 'en-US', clock: systemClock, sources: [], mayAct: true };
let folder = '';

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'checks-')));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function check(spec: CheckSpec, context: Partial<CheckContext> = {}): Promise<CheckResult> {
  const { results } = await runChecks([spec], { ...CONTEXT, ...context });
  const [result] = results;
  if (result === undefined || results.length > 1) throw new Error('one check must have one result');
  return result;
}

function run(command: string, ...args: string[]): Promise<CheckResult> {
  return check({ kind: 'command', command, arguments: args });
}

/** A script that a check can run. */
async function script(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

async function listen(): Promise<{ port: number; close: () => Promise<unknown> }> {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: () => once(server.close(), 'close') };
}

/** Whether a process still does something. */
function state(pid: string): string {
  try {
    const found = execFileSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' });
    return found.startsWith('Z') ? 'ended' : 'running';
  } catch {
    return 'ended';
  }
}

describe('mount', () => {
  test('a folder that merely exists is not a drive', async () => {
    expect(await check({ kind: 'mount', path: folder })).toMatchObject({
      kind: 'mount',
      subject: folder,
      answer: 'no',
      reason: `Nothing is mounted at ${folder}: the folder there is just a place holder. Plug the drive in.`,
    });
  });

  test('the same in Chinese', async () => {
    const { reason } = await check({ kind: 'mount', path: folder }, { language: 'zh-CN' });
    expect(reason).toContain('请插上硬盘');
  });

  test('a folder that is not there at all', async () => {
    const path = join(folder, 'usb');
    expect(await check({ kind: 'mount', path })).toMatchObject({
      answer: 'no',
      reason: `${path} does not exist.`,
    });
  });

  test('a drive comes, turns read-only and goes', async (context) => {
    const disk = memoryDisk(folder, context);
    try {
      expect(await check({ kind: 'mount', path: disk.path })).toMatchObject({ answer: 'yes' });
      expect(await check({ kind: 'mount', path: join(disk.path, '..', 'drive') })).toMatchObject({
        answer: 'yes',
      });
      await mkdir(join(disk.path, 'inside'));
      expect(await check({ kind: 'mount', path: join(disk.path, 'inside') })).toMatchObject({ answer: 'no' });
      disk.remount('ro');
      const readOnly = await check({ kind: 'mount', path: disk.path });
      expect(readOnly).toMatchObject({ answer: 'no', reason: `${disk.path} is mounted read-only.` });
      disk.unmount();
      expect((await check({ kind: 'mount', path: disk.path })).reason).toContain('Nothing is mounted');
    } finally {
      disk.remove();
    }
  });

  test('a folder bound from the same disk is not a drive', async (context) => {
    const path = join(folder, 'bound');
    await mkdir(path);
    mountOrSkip(['--bind', folder, path], context);
    try {
      expect((await check({ kind: 'mount', path })).reason).toContain('not a drive of its own');
    } finally {
      execFileSync('umount', ['--lazy', path]);
    }
  });
});

describe('marker and writable', () => {
  test('a marker that can be read', async () => {
    const path = join(folder, 'marker');
    await writeFile(path, '');
    expect(await check({ kind: 'marker', path })).toMatchObject({ answer: 'yes' });
    expect(await check({ kind: 'marker', path, id: ' ' })).toMatchObject({ answer: 'yes' });
  });

  test.each([
    ['disk-1', 'yes'],
    ['\uFEFFdisk-1\r\n', 'yes'],
    ['My backup drive\n disk-1 \n', 'yes'],
    ['disk-10\n', 'no'],
    ['', 'no'],
  ])('a marker that says %j', async (content, answer) => {
    const path = join(folder, 'marker');
    await writeFile(path, content);
    const found = await check({ kind: 'marker', path, id: 'disk-1' });
    expect(found).toMatchObject({ answer });
    if (answer === 'no') expect(found.reason).toContain('does not say “disk-1”: this is another drive');
  });

  test.each(['absent', 'absent/below'])('a marker that is not there: %s', async (name) => {
    const found = await check({ kind: 'marker', path: join(folder, name) });
    expect(found).toMatchObject({ answer: 'no', reason: expect.stringContaining('not the right drive') });
  });

  test('a folder is no marker', async () => {
    expect(await check({ kind: 'marker', path: folder })).toMatchObject({ answer: 'no' });
  });

  test('a folder that can be written to, and one that is not there', async () => {
    expect(await check({ kind: 'writable', path: folder })).toMatchObject({ answer: 'yes' });
    expect(await check({ kind: 'writable', path: join(folder, 'absent') })).toMatchObject({ answer: 'no' });
  });

  test('a read-only drive and a full one cannot be written to', async (context) => {
    const disk = memoryDisk(folder, context, 'size=4k');
    try {
      await writeFile(join(disk.path, 'data'), Buffer.alloc(4096));
      expect((await check({ kind: 'writable', path: disk.path })).reason).toContain('the disk is full');
      disk.remount('ro');
      expect((await check({ kind: 'writable', path: disk.path })).reason).toContain('read-only');
    } finally {
      disk.remove();
    }
  });

  test('a drive that hangs is unknown at its time limit, and the others have their answers', async (context) => {
    const disk = diskImage(folder, context);
    try {
      disk.freeze();
      const report = await runChecks(
        [
          { kind: 'writable', path: disk.path, timeout: '2s' },
          { kind: 'writable', path: folder },
          { kind: 'mount', path: disk.path },
        ],
        CONTEXT,
      );
      expect(report.results.map(({ answer }) => answer)).toEqual(['unknown', 'yes', 'yes']);
      expect(report.reason).toBe(
        `${disk.path} did not answer within 2 s. The drive or server may be asleep or gone. Looks that hang now: 1.`,
      );
      expect(report.passed).toBe(false);
    } finally {
      disk.remove();
    }
  });
});

describe('space', () => {
  test.each<[Partial<Extract<CheckSpec, { kind: 'space' }>>, CheckAnswer]>([
    [{}, 'yes'],
    [{ freeBytes: '1 kB' }, 'yes'],
    [{ freeBytes: '', freePercent: 0 }, 'yes'],
    [{ freeBytes: '8000 TB' }, 'no'],
    [{ freePercent: 101 }, 'no'],
    [{ freeBytes: '1 kB', freePercent: 101 }, 'no'],
    [{ freeBytes: 'plenty' }, 'unknown'],
  ])('%j: %s', async (limits, answer) => {
    expect(await check({ kind: 'space', path: folder, ...limits })).toMatchObject({ answer });
  });

  test('says what there is and what it takes', async (context) => {
    const disk = memoryDisk(folder, context, 'size=1m,nr_inodes=10');
    try {
      const reasons = await Promise.all(
        [{ freeBytes: '10GB' }, { freePercent: 100.5 }, { freeInodes: 500 }].map(
          async (limits) => (await check({ kind: 'space', path: disk.path, ...limits })).reason,
        ),
      );
      expect(reasons).toEqual([
        `${disk.path} has only 1.05 MB free; 10 GB are needed.`,
        `${disk.path} has only 100 % free (1.05 MB); 100.5 % are needed.`,
        `${disk.path} has room for only 9 more files; 500 are needed.`,
      ]);
    } finally {
      disk.remove();
    }
  });
});

describe('port', () => {
  test('a server that answers, and one that does not any more', async () => {
    const { port, close } = await listen();
    const spec = { kind: 'port', host: '127.0.0.1', port } as const;
    expect(await check(spec)).toMatchObject({ answer: 'yes', subject: `127.0.0.1:${port}` });
    await close();
    expect(await check(spec)).toMatchObject({
      answer: 'no',
      reason: `127.0.0.1 is there, but nothing answers on port ${port}.`,
    });
  });

  test('a name that nobody has', async () => {
    const found = await check({ kind: 'port', host: 'nas.invalid', port: 22 });
    expect(found).toMatchObject({
      answer: 'no',
      reason: 'The name nas.invalid could not be found in the network.',
    });
  });

  test('a port that cannot be', async () => {
    const found = await check({ kind: 'port', host: '127.0.0.1', port: 99_999 });
    expect(found).toMatchObject({
      answer: 'unknown',
      reason: expect.stringContaining('The check itself failed'),
    });
  });
});

describe('command', () => {
  test('yes and not now', async () => {
    expect(await run('true')).toMatchObject({ answer: 'yes', subject: 'true' });
    const no = await script('no', 'echo; echo "The NAS sleeps."; echo more >&2; exit 75');
    expect(await run(no)).toMatchObject({ answer: 'no', reason: `${no} says: not now (The NAS sleeps.).` });
    const later = await script('later', 'exit 75');
    expect(await run(later)).toMatchObject({ answer: 'no', reason: `${later} says: not now.` });
  });

  test('is not told what opens Home Assistant and the credentials', async () => {
    const names = ['SUPERVISOR_TOKEN', 'HASSIO_TOKEN', 'NODE_RED_CREDENTIAL_SECRET'];
    for (const name of names) vi.stubEnv(name, 'planted');
    vi.stubEnv('HARMLESS', 'there');
    const curious = await script('curious', '[ "$HARMLESS" = there ] && ! env | grep -q planted');
    expect(await run(curious)).toMatchObject({ answer: 'yes' });
    vi.unstubAllEnvs();
  });

  test('an error is neither yes nor no', async () => {
    const broken = await script('broken', 'echo "no such host" >&2; exit 1');
    const reason = `${broken} ended with code 1: no such host`;
    expect(await run(broken)).toMatchObject({ answer: 'unknown', reason });
    const killed = await script('killed', 'kill -TERM $$');
    expect(await run(killed)).toMatchObject({ answer: 'unknown', reason: `${killed} was ended by SIGTERM.` });
  });

  test('arguments reach the command as they are, through no shell, and are not shown', async () => {
    const path = await script('args', 'test "$1" = "; rm -rf \\$HOME" && test "$#" = 2');
    const found = await run(path, '; rm -rf $HOME', '');
    expect(found).toMatchObject({ answer: 'yes', subject: path });
    expect(JSON.stringify(found)).not.toContain('rm -rf');
  });

  test('endless output is cut to a line that fits', async () => {
    const path = await script('loud', 'head -c 5000000 /dev/zero | tr "\\0" x; exit 1');
    expect((await run(path)).reason).toBe(`${path} ended with code 1: ${'x'.repeat(200)}`);
  });

  test('a command that does not exist', async () => {
    const found = await run(join(folder, 'absent'));
    expect(found).toMatchObject({ answer: 'unknown', reason: expect.stringContaining('was not found') });
  });

  test('a command that does not end is stopped with all that it started', async () => {
    const path = await script('slow', `(sleep 600 & echo $! > "${folder}/pid"; wait)`);
    const found = await check({ kind: 'command', command: path, arguments: [], timeout: '2s' });
    expect(found).toMatchObject({
      answer: 'unknown',
      reason: `${path} did not end within 2 s and was stopped.`,
    });
    const child = execFileSync('cat', [join(folder, 'pid')], { encoding: 'utf8' }).trim();
    await expect.poll(() => state(child)).not.toBe('running');
  });

  test('what a command leaves behind does not hold the answer back', async () => {
    const path = await script('daemon', `sleep 600 & echo $! > "${folder}/pid"`);
    expect(await run(path)).toMatchObject({ answer: 'yes' });
    const left = Number(execFileSync('cat', [join(folder, 'pid')], { encoding: 'utf8' }));
    expect(state(String(left))).toBe('running');
    process.kill(left);
  });
});
describe('a list of checks', () => {
  test('runs at the same time and keeps its order', async () => {
    const late = await script('late', `while [ ! -e "${folder}/go" ]; do sleep 0.05; done`);
    const early = await script('early', `touch "${folder}/go"; exit 75`);
    const { results, passed, reason } = await runChecks(
      [late, early].map((command) => ({ kind: 'command', command, arguments: [] })),
      CONTEXT,
    );
    expect(results.map(({ answer }) => answer)).toEqual(['yes', 'no']);
    expect(results.every(({ durationMs }) => durationMs >= 0)).toBe(true);
    expect(passed).toBe(false);
    expect(reason).toBe(results[1]?.reason);
  });

  test('a group has one answer and shows its parts', async () => {
    const found = await check({
      kind: 'all',
      checks: [
        { kind: 'writable', path: folder },
        { kind: 'all', checks: [{ kind: 'marker', path: join(folder, 'absent') }] },
      ],
    });
    expect(found).toMatchObject({ kind: 'all', answer: 'no', reason: expect.stringContaining('absent') });
    expect(found.parts?.map(({ kind, answer }) => [kind, answer])).toEqual([
      ['writable', 'yes'],
      ['all', 'no'],
    ]);
  });

  test('a time limit that is no duration is unknown', async () => {
    const found = await check({ kind: 'writable', path: folder, timeout: 'soon' });
    expect(found).toMatchObject({ answer: 'unknown', reason: expect.stringContaining('“soon”') });
  });

  test('a kind of a newer version is unknown', async () => {
    const newer: CheckSpec = JSON.parse('{"kind":"moon","phase":"full"}');
    expect(await check(newer)).toMatchObject({ answer: 'unknown', reason: expect.stringContaining('moon') });
  });

  test('cancelled: nothing is waited for, nothing is started', async () => {
    const path = await script('wait', `echo $$ > "${folder}/pid"; touch "${folder}/started"; sleep 600`);
    const cancel = new AbortController();
    const running = check({ kind: 'command', command: path, arguments: [] }, { signal: cancel.signal });
    await expect.poll(() => execFileSync('ls', [folder], { encoding: 'utf8' })).toContain('started');
    cancel.abort();
    expect(await running).toMatchObject({ answer: 'unknown', reason: 'The check was cancelled.' });
    const pid = execFileSync('cat', [join(folder, 'pid')], { encoding: 'utf8' }).trim();
    await expect.poll(() => state(pid)).toBe('ended');
    const again = await check({ kind: 'writable', path: folder }, { signal: cancel.signal });
    expect(again).toMatchObject({ answer: 'unknown' });
  });

  test('passes when all say yes and at no other time', async () => {
    const specs: Record<CheckAnswer, CheckSpec> = {
      yes: { kind: 'all', checks: [{ kind: 'space', path: '/' }] },
      no: { kind: 'all', checks: [{ kind: 'port', host: '127.0.0.1', port: 1 }] },
      unknown: { kind: 'space', path: '/', freeBytes: '?' },
    };
    const answers = fc.array(fc.constantFrom<CheckAnswer>('yes', 'no', 'unknown'), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(answers, async (wanted) => {
        const report = await runChecks(
          wanted.map((answer) => specs[answer]),
          CONTEXT,
        );
        expect(report.results.map(({ answer }) => answer)).toEqual(wanted);
        expect(report.passed).toBe(wanted.every((answer) => answer === 'yes'));
        expect(report.reason === '').toBe(report.passed);
      }),
    );
  });
});

describe('an empty list asks for the obvious', () => {
  test('sources and a local repository', async () => {
    const repository = join(folder, 'repo');
    const gone = join(folder, 'gone');
    await mkdir(repository);
    const context = { ...CONTEXT, sources: [folder, gone], repository: { url: `local:${repository}` } };
    const before = await runChecks([], context);
    expect(before.results.map(({ kind, subject, answer }) => [kind, subject, answer])).toEqual([
      ['sources', folder, 'yes'],
      ['sources', gone, 'no'],
      ['repository', repository, 'no'],
    ]);
    expect(before.results[2]?.reason).toContain('There is no repository');
    await writeFile(join(repository, 'config'), 'encrypted');
    await mkdir(gone);
    expect(await runChecks([], context)).toMatchObject({ passed: true, reason: '' });
  });

  test('a repository that is not what or where it was', async () => {
    await writeFile(join(folder, 'config'), 'encrypted');
    const answer = async (remembered: object): Promise<string | undefined> => {
      const repository = { url: folder, ...remembered };
      return (await runChecks([], { ...CONTEXT, repository })).results[0]?.answer;
    };
    const expectedConfig = createHash('sha256').update('encrypted').digest('hex');
    expect(await answer({ expectedConfigs: ['0'.repeat(64), expectedConfig] })).toBe('yes');
    expect(await answer({ expectedConfigs: [expectedConfig.replace(/^./, 'x')] })).toBe('no');
    if ((await readMounts()).length > 0) expect(await answer({ expectedMountPoints: [folder] })).toBe('no');
  });

  test('a server that answers; its password is not shown', async () => {
    vi.stubEnv('HTTP_PROXY', '');
    vi.stubEnv('HTTPS_PROXY', '');
    vi.stubEnv('http_proxy', '');
    vi.stubEnv('https_proxy', '');
    const { port, close } = await listen();
    const urls = [
      `rest:http://me:hush@127.0.0.1:${port}/home/`,
      `s3:http://127.0.0.1:${port}/bucket`,
      `s3:127.0.0.1:${port}/bucket`,
      `sftp://me:hush@127.0.0.1:${port}//srv/restic`,
    ];
    for (const url of urls)
      expect(await runChecks([], { ...CONTEXT, repository: { url } })).toMatchObject({ passed: true });
    await close();
    for (const url of urls) {
      const report = await runChecks([], { ...CONTEXT, repository: { url } });
      expect(report).toMatchObject({ passed: false, results: [{ subject: `127.0.0.1:${port}` }] });
      expect(JSON.stringify(report)).not.toContain('hush');
    }
  });

  test.each([
    'rclone:nas:restic',
    'b2:bucket:path',
    'azure:c:/',
    'gs:b:/',
    'rest:http+unix:///run/rest.sock:/',
  ])('%s has no address to ask and is let through, with a reason', async (url) => {
    const { passed, results } = await runChecks([], { ...CONTEXT, repository: { url } });
    expect(passed).toBe(true);
    expect(results[0]?.reason).toContain('cannot be asked beforehand');
  });

  test("an sftp name is looked up in ssh's own configuration", async () => {
    const { port, close } = await listen();
    await script(
      'ssh',
      `[ "$1" = -G ] || exit 1\necho "user me"\necho "hostname 127.0.0.1"\necho "port ${port}"\n. "${folder}/more"`,
    );
    await writeFile(join(folder, 'more'), 'echo "proxyjump none"');
    vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
    const context = { ...CONTEXT, repository: { url: 'sftp:me@nas:/srv/restic' } };
    expect(await runChecks([], context)).toMatchObject({ passed: true, results: [{ subject: 'nas' }] });
    await close();
    expect(await runChecks([], context)).toMatchObject({ passed: false });
    await writeFile(join(folder, 'more'), 'echo "proxyjump gateway"');
    const indirect = await runChecks([], context);
    expect(indirect.results[0]?.reason).toContain('through another server');
    expect(indirect.passed).toBe(true);
  });
});
