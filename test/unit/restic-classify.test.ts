import { describe, expect, test } from 'vitest';
import { FAILURE_CLASSES } from '../../src/lib/failure.ts';
import { LANGUAGES } from '../../src/lib/language.ts';
import type { Classification } from '../../src/lib/restic/process/classify.ts';
import { classify, failureSentence } from '../../src/lib/restic/process/classify.ts';
import type { ProcessResult, StopReason } from '../../src/lib/restic/process/result.ts';
import { captures, operationOf, resultOf } from './restic-captures.ts';

describe.each([...new Set(captures.map(({ version }) => version))])('restic %s', (version) => {
  test.each(captures.filter((capture) => capture.version === version))('$scenario is $class', (capture) => {
    const c = classify({ ...operationOf(capture.argv), result: resultOf(capture) });
    const word = c.ghost === true ? `${c.class} (ghost success)` : (c.class ?? c.kind);
    expect(word).toBe(capture.class);
  });
});

interface Ended {
  readonly operation?: string;
  readonly local?: boolean;
  readonly rc?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly more?: Partial<ProcessResult>;
}

function ended({
  operation = 'backup',
  local = true,
  rc = 1,
  stdout = '',
  stderr = '',
  more = {},
}: Ended): Classification {
  return classify({
    operation,
    localRepository: local,
    result: { ...resultOf({ rc, stdout, stderr }), ...more },
  });
}

const SUMMARY = '{"message_type":"summary","snapshot_id":"ab12cd34"}\n';
const OUTAGE =
  'Save(<data/ab12>) returned error, retrying after 1s: Post "http://h/r": dial tcp 1.2.3.4:80: connect: connection refused\n';
const EIO = 'Save(<data/ab12>) returned error, retrying after 1s: write /m/r/data/ab: input/output error\n';
const INTERRUPT = 'signal interrupt received, cleaning up\n';
const item = (message: string, path = '/src/a'): string =>
  `${JSON.stringify({ message_type: 'error', error: { message }, during: 'archival', item: path })}\n`;

describe('what we did ourselves comes first', () => {
  test.each<[StopReason, string]>([
    ['cancel', 'cancelled'],
    ['stall', 'stalled'],
    ['device', 'device-unavailable'],
    ['network', 'network'],
    ['shutdown', 'interrupted'],
  ])('stopped for %s, whatever restic then says', (stopped, word) => {
    for (const rc of [1, 12, 130, -9]) {
      const c = ended({
        rc,
        stderr: `${INTERRUPT}Fatal: wrong password or no key found\n`,
        more: { stopped },
      });
      expect(c.class ?? c.kind).toBe(word);
    }
  });

  test('a restic that had finished before the signal came is judged by what it did', () => {
    expect(ended({ rc: 0, stdout: SUMMARY, stderr: INTERRUPT, more: { stopped: 'cancel' } }).kind).toBe('ok');
    expect(ended({ rc: 0, stderr: INTERRUPT, more: { stopped: 'cancel' } }).kind).toBe('cancelled');
    expect(ended({ operation: 'forget', rc: 0, more: { stopped: 'cancel' } }).kind).toBe('ok');
  });

  test('a drive that we found sick because it turned read-only is called so', () => {
    const stderr = EIO.replace('input/output error', 'read-only file system');
    expect(ended({ rc: 130, stderr, more: { stopped: 'device' } }).class).toBe('device-readonly');
  });
});

describe('what was healed or concerns one file does not decide', () => {
  test('an outage that restic survived leaves a good or an incomplete backup', () => {
    expect(ended({ rc: 0, stdout: SUMMARY, stderr: OUTAGE }).kind).toBe('ok');
    const c = ended({
      rc: 3,
      stdout: SUMMARY,
      stderr: OUTAGE + EIO + item('open /src/a: permission denied'),
    });
    expect(c).toEqual({ kind: 'partial', detail: '/src/a: open /src/a: permission denied' });
  });

  test('a bad sector under one source file is no dead backup drive', () => {
    const c = ended({ rc: 3, stdout: SUMMARY, stderr: item('read /src/a: input/output error') });
    expect(c).toMatchObject({ kind: 'partial', detail: expect.stringContaining('/src/a') });
    expect(c.class).toBeUndefined();
  });

  test('a cache or temporary folder that is read-only or full is not the repository', () => {
    expect(ended({ stderr: 'unable to open cache: mkdir /c: read-only file system\n' }).class).toBe('config');
    expect(ended({ stderr: 'Fatal: open /tmp/restic-temp-pack-1: no space left on device\n' }).class).toBe(
      'config',
    );
  });
});

test('a refused ssh login is a matter of access, an unknown host key one of settings', () => {
  const session =
    'Fatal: unable to open repository at sftp:h:/x: unable to start the sftp session, error: EOF\n';
  expect(
    ended({ local: false, stderr: `subprocess ssh: me@h: Permission denied (publickey).\n${session}` }).class,
  ).toBe('remote-auth');
});

test('the decisive line is kept however much comes after it', () => {
  const noise = Array.from({ length: 500 }, (_, index) => `noise ${index}\n`).join('');
  expect(ended({ stderr: EIO + noise })).toMatchObject({
    class: 'device-unavailable',
    detail: expect.stringContaining('input/output error'),
  });
});

test('a line without an end is judged by its beginning, at once', () => {
  const line = 'Fatal: write: no space left on device '.repeat(30_000);
  expect(ended({ stderr: line }).class).toBe('disk-full');
  expect(ended({ stderr: 'Fatal: unable to '.repeat(60_000) }).class).toBe('unknown');
});

test('a lock names its holder', () => {
  const text =
    'unable to create lock in backend: repository is already locked exclusively by PID 77 on nas by me (UID 1, GID 2)\nlock was created at 2026-11-23 04:36:54 (5m7.19s ago)\nstorage ID 863ef6a3';
  const json = JSON.stringify({ message_type: 'exit_error', code: 11, message: text });
  for (const stderr of [`${text}\n`, `${json}\n`]) {
    const c = ended({ rc: 11, stderr });
    expect(c.lock).toEqual({ pid: 77, host: 'nas', user: 'me', exclusive: true, ageText: '5m7.19s' });
    expect(failureSentence(c, 'en-US')).toMatch(/5m7\.19s.*77.*nas/);
  }
});

test('waiting for a lock is not yet being locked out', () => {
  expect(
    ended({ rc: -9, stderr: 'repository is already locked, waiting up to 5s for the lock\n' }).class,
  ).toBe('interrupted');
});

test('unreadable files are counted once for the archiver and named, in every form restic has', () => {
  const result = resultOf({
    rc: 3,
    stdout: SUMMARY,
    stderr: [
      '{"message_type":"error","error":{},"during":"scan","item":"/s/a"}',
      '{"message_type":"error","error":{"Op":"open","Path":"/s/a","Err":13},"during":"archival","item":"/s/a"}',
      '{"message_type":"error","error":{},"during":"archival","item":"/s/b"}',
      ...Array.from({ length: 30 }, (_, index) => item('gone', `/s/${index}`).trim()),
      item('gone', '/s/0').trim(),
    ].join('\n'),
  });
  expect(result.errorCount).toBe(33);
  expect(result.errors).toHaveLength(20);
  expect(result.errors.slice(0, 3)).toEqual([
    { item: '/s/a', message: 'open /s/a: permission denied' },
    { item: '/s/b', message: '' },
    { item: '/s/0', message: 'gone' },
  ]);
});

test('whatever is on the streams, there is an answer', () => {
  for (const stderr of [
    'null',
    '{"message_type":7}',
    '{"message_type":"exit_error"}',
    '{"message_type":"error"}',
    '\u0000\uFFFD',
  ]) {
    expect(ended({ stderr }).kind).toBe('failed');
  }
  expect(ended({ rc: 77 })).toEqual({ kind: 'failed', class: 'unknown', detail: 'exit code 77' });
});

describe.each(LANGUAGES)('in %s', (language) => {
  test.each(FAILURE_CLASSES)('there is a sentence for %s', (failureClass) => {
    const sentence = failureSentence({ kind: 'failed', class: failureClass, detail: 'the detail' }, language);
    expect(sentence).not.toMatch(/failures:|\{\w+\}/);
    expect(sentence.length).toBeGreaterThan(15);
  });

  test('partial, cancelled, ghost and ok have theirs', () => {
    expect(failureSentence({ kind: 'partial', detail: '/src/a' }, language)).toContain('/src/a');
    const ghost = failureSentence(
      { kind: 'failed', class: 'device-unavailable', ghost: true, detail: '' },
      language,
    );
    expect(ghost).not.toBe(failureSentence({ kind: 'cancelled', detail: '' }, language));
    expect(failureSentence({ kind: 'ok', detail: '' }, language)).toBe('');
  });
});

describe('restic that could not be started', () => {
  const because = (code: string, local = true): Classification =>
    ended({ local, more: { spawnError: { code, message: `spawn restic ${code}` } } });

  test.each(['ENOENT', 'EACCES', 'EPERM', 'ENOEXEC', 'E2BIG', 'ERR_INVALID_ARG_VALUE'])(
    '%s is never healed by waiting',
    (code) => {
      expect(because(code)).toEqual({ kind: 'failed', class: 'config', detail: `spawn restic ${code}` });
    },
  );

  test('no memory and the like may be better soon', () => {
    for (const code of ['EAGAIN', 'ENOMEM', 'EMFILE', 'unknown']) expect(because(code).class).toBe('unknown');
  });

  test('a working folder that is gone is the drive of a local repository', () => {
    expect(because('working-folder-missing').class).toBe('device-unavailable');
    expect(because('working-folder-missing', false).class).toBe('config');
  });
});

describe('the words for what nothing else explains', () => {
  const exit = (changes: Partial<ProcessResult>): string =>
    ended({ more: { stderrTail: [], signs: [], errors: [], ...changes } }).detail;
  const error = { during: 'archival', item: '/a', message: 'of a file' } as const;

  test('the Fatal line, else the last line, else the first file, else how it ended', () => {
    const fatal = { stderrTail: ['first', 'Fatal: odd', 'last'] };
    expect(exit({ ...fatal, exitError: { code: 1, message: 'said at exit\nand more' } })).toBe(
      'said at exit',
    );
    expect(exit({ ...fatal, errors: [error] })).toBe('Fatal: odd');
    expect(exit({ stderrTail: ['first', 'last'], errors: [error] })).toBe('last');
    expect(exit({ errors: [error] })).toBe('of a file');
    expect(exit({ exitCode: 7 })).toBe('exit code 7');
    expect(ended({ rc: -9, more: { stderrTail: [], signs: [], errors: [] } }).detail).toBe('SIGKILL');
  });

  test('at most 300 characters', () => {
    expect(exit({ stderrTail: ['x'.repeat(5000)] })).toHaveLength(300);
    expect(ended({ stderr: `Fatal: dial tcp ${'x'.repeat(5000)}\n` }).detail.length).toBeLessThanOrEqual(300);
  });
});

describe('an exit code without a word', () => {
  test.each([
    [10, 'repo-missing'],
    [11, 'locked'],
    [12, 'auth'],
    [130, 'interrupted'],
    [1, 'unknown'],
    [2, 'unknown'],
  ] as const)('%i is %s', (rc, failureClass) => {
    const c = ended({ rc });
    expect(c).toEqual({ kind: 'failed', class: failureClass, detail: `exit code ${rc}` });
    // It counts whatever restic was told to do.
    expect(ended({ rc, operation: 'forget' }).class).toBe(failureClass);
  });

  test('3 means that something was left out', () => {
    for (const operation of ['backup', 'forget', 'restore']) {
      expect(ended({ rc: 3, operation })).toEqual({ kind: 'partial', detail: 'exit code 3' });
    }
  });

  test('a sign says the same before restic had such codes', () => {
    expect(ended({ stderr: 'Fatal: wrong password or no key found\n' }).class).toBe('auth');
    expect(ended({ stderr: 'signal interrupt received, cleaning up\n' }).class).toBe('interrupted');
    expect(ended({ stderr: 'Fatal: failed to refresh lock in time\n' }).class).toBe('interrupted');
  });
});

describe('who holds a lock', () => {
  const lockOf = (line: string): Classification['lock'] =>
    ended({ rc: 11, stderr: `unable to create lock in backend: repository is already locked${line}\n` }).lock;

  test('alone or with others, with or without what else restic knows', () => {
    const holder = { pid: 7, host: 'pi', user: 'anna', ageText: '' };
    expect(lockOf(' exclusively by PID 7 on pi by anna (UID 1000, GID 1000)')).toEqual({
      ...holder,
      exclusive: true,
    });
    expect(lockOf(' by PID 7 on pi by anna (UID 1000, GID 1000)')).toEqual({ ...holder, exclusive: false });
    expect(lockOf(' by PID 7 on pi by anna')).toEqual({ ...holder, exclusive: false });
    expect(lockOf(' by PID 7 on pi by  (UID 0, GID 0)')).toEqual({ ...holder, user: '', exclusive: false });
    expect(lockOf(' by somebody')).toBeUndefined();
  });

  test('and since when', () => {
    const stderr =
      'repository is already locked by PID 7 on pi by anna (UID 0, GID 0)\nlock was created at 2026-11-23 12:00:00 (5.6s ago)\n';
    expect(ended({ rc: 11, stderr }).lock?.ageText).toBe('5.6s');
    const odd = stderr.replace('(5.6s ago)', '');
    expect(ended({ rc: 11, stderr: odd }).lock?.ageText).toBe('');
  });
});

test('each end has a sentence of its own', () => {
  const sentence = (c: Partial<Classification>): string =>
    failureSentence({ kind: 'failed', detail: 'so', ...c }, 'en-US');
  const lock = { pid: 7, host: 'pi', user: 'anna', exclusive: true, ageText: '5.6s' };
  const said = [
    sentence({ kind: 'cancelled' }),
    sentence({ class: 'device-unavailable', ghost: true }),
    sentence({ class: 'device-unavailable' }),
    sentence({ class: 'locked', lock }),
    sentence({ class: 'locked', lock: { ...lock, ageText: '' } }),
    sentence({ class: 'locked' }),
    sentence({ kind: 'partial' }),
  ];
  expect(new Set(said).size).toBe(said.length);
  for (const text of said) expect(text).not.toMatch(/failures:|\{/);
  expect(said[3]).toContain('5.6s');
  expect(sentence({ kind: 'ok' })).toBe('');
});

describe('snapshots that could not be read are no empty list, though restic says so with exit code 0', () => {
  const unread = (stderr: string, operation = 'snapshots'): Classification =>
    ended({ operation, rc: 0, stdout: '[]\n', stderr });

  test.each([
    [
      'the folder is another user’s',
      'List(snapshot) failed: open /r/snapshots: permission denied\ncould not load snapshots: open /r/snapshots: permission denied\n',
      'permission',
    ],
    [
      'the drive is sick',
      'List(snapshot) returned error, retrying after 1s: open /r/snapshots: input/output error\ncould not load snapshots: open /r/snapshots: input/output error\n',
      'device-unavailable',
    ],
    ['one of them is damaged', 'could not load snapshot ab12cd34: invalid data\n', 'unknown'],
  ])('%s', (_, stderr, failureClass) => {
    expect(unread(stderr)).toMatchObject({ kind: 'failed', class: failureClass });
    expect(unread(stderr, 'backup'), 'a backup that was made is made').toMatchObject({ kind: 'ok' });
  });
});
