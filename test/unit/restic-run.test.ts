import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Progress } from '../../src/lib/restic/outcome.ts';
import type { ResticBinary } from '../../src/lib/restic/process/binary.ts';
import { locateRestic } from '../../src/lib/restic/process/binary.ts';
import { classify } from '../../src/lib/restic/process/classify.ts';
import { resticEnvironment } from '../../src/lib/restic/process/environment.ts';
import { redactor } from '../../src/lib/restic/process/redact.ts';
import type { ProcessSpec } from '../../src/lib/restic/process/run.ts';
import { startRestic } from '../../src/lib/restic/process/run.ts';
import type { RepositorySettings } from '../../src/lib/restic/repository-settings.ts';
import { startTicksOf } from '../../src/lib/system-process.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'restic-run-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let scripts = 0;

/** A child that does what `source` says, in the place of restic. */
function child(source: string): ResticBinary {
  scripts += 1;
  const path = join(folder, `child-${scripts}.mjs`);
  writeFileSync(path, `#!${process.execPath}\n${source}`);
  chmodSync(path, 0o755);
  return { path, version: '0.18.0' };
}

/** Time that stands still until it is moved by hand; each due call comes in its turn. */
function handClock(): Clock & { pass(ms: number): void; jump(ms: number): void } {
  let now = 1_000_000;
  let timers: { at: number; fn: () => void }[] = [];
  return {
    now: () => now,
    after(ms, fn) {
      const timer = { at: now + ms, fn };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    /** As after a suspend: much time at once, and what was due in it is called once. */
    jump(ms) {
      now += ms;
      const due = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const { fn } of due) fn();
    },
    pass(ms) {
      const end = now + ms;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((other) => other !== next);
        now = next.at;
        next.fn();
      }
      now = end;
    },
  };
}

function spec(binary: ResticBinary, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return {
    binary,
    arguments: [],
    environment: { PATH: process.env['PATH'] ?? '' },
    workingFolder: folder,
    redact: (text) => text,
    clock: systemClock,
    ...more,
  };
}

/** A promise to be kept from elsewhere. */
function signal(): { promise: Promise<void>; resolve: () => void } {
  let keep: (() => void) | undefined;
  const promise = new Promise<void>((kept) => {
    keep = kept;
  });
  return { promise, resolve: () => keep?.() };
}

/** Stays until it gets SIGINT, then ends as restic does. */
const WAITS = `process.on('SIGINT', () => { process.stderr.write('signal interrupt received, cleaning up\\n'); process.exit(130); });
setInterval(() => {}, 1000);
`;
const say = (json: object): string =>
  `process.stdout.write(${JSON.stringify(`${JSON.stringify(json)}\n`)});\n`;
const status = (bytes: number): object => ({
  message_type: 'status',
  percent_done: 0.5,
  seconds_remaining: 9,
  total_bytes: 1000,
  bytes_done: bytes,
});
const RETRY =
  "process.stderr.write('Save(<data/ab12>) returned error, retrying after 1.2s: write /x: input/output error\\n');\n";

/** A child whose every line is awaited before time passes. */
function watched(
  source: string,
  more: Partial<ProcessSpec>,
): {
  clock: ReturnType<typeof handClock>;
  restic: ReturnType<typeof startRestic>;
  ready: Promise<void>;
} {
  const clock = handClock();
  const { promise: ready, resolve } = signal();
  const restic = startRestic(spec(child(WAITS + source), { clock, onDocument: () => resolve(), ...more }));
  return { clock, restic, ready };
}

function runWith(settings: RepositorySettings): Partial<ProcessSpec> {
  const cacheFolder = join(folder, 'cache');
  mkdirSync(cacheFolder, { recursive: true });
  return {
    environment: resticEnvironment(settings, { env: process.env, cacheFolder }),
    redact: redactor(settings.secrets, settings.url),
  };
}

describe('output', () => {
  test('a line of 10 MB, half a JSON line and lines after the summary do no harm', async () => {
    const summary = { message_type: 'summary', snapshot_id: 'abcd' };
    const result = await startRestic(
      spec(
        child(
          `process.stdout.write('{"message_type":"' + 'x'.repeat(10_000_000) + '\\n');
process.stdout.write('{"message_type":"status","percent');
process.stdout.write('\\n');
${say(summary)}${say({ message_type: 'later' })}process.stdout.write('{"message_type":"summary","snap');`,
        ),
      ),
    ).done;
    expect(result.exitCode).toBe(0);
    expect(result.summary).toEqual(summary);
  });

  test('a child that fills stderr is read to its end, and a bounded tail is kept', async () => {
    const result = await startRestic(
      spec(
        child(
          "for (let i = 0; i < 50000; i++) process.stderr.write(`line ${i} ${'y'.repeat(100)}\\n`);\nprocess.stderr.write('z'.repeat(100000) + '\\n');",
        ),
      ),
    ).done;
    expect(result.exitCode).toBe(0);
    expect(result.stderrTail).toHaveLength(64);
    expect(result.stderrTail.at(-1)).toHaveLength(2048);
    expect(result.stderrTail.at(-2)).toContain('line 49999');
  });

  test('a callback that throws does not stop the reading', async () => {
    const result = await startRestic(
      spec(child(say(status(1)).repeat(10_000) + say({ message_type: 'summary', snapshot_id: 'ff' })), {
        onProgress: () => {
          throw new Error('mine');
        },
        onDocument: () => {
          throw new Error('mine too');
        },
      }),
    ).done;
    expect(result.summary).toEqual({ message_type: 'summary', snapshot_id: 'ff' });
  });

  test('stdout is kept as far as asked for, and said to be cut', async () => {
    const binary = child("process.stdout.write('0123456789'); process.stdout.write('0123456789');");
    const whole = await startRestic(spec(binary, { collectStdout: 100 })).done;
    expect([whole.stdout, whole.stdoutCut]).toEqual(['01234567890123456789', false]);
    const part = await startRestic(spec(binary, { collectStdout: 12 })).done;
    expect([part.stdout, part.stdoutCut]).toEqual(['012345678901', true]);
  });

  test('the last progress is told however fast restic talks', async () => {
    const seen: Progress[] = [];
    const lines = Array.from({ length: 200 }, (_, index) => say(status(index + 1))).join('');
    await startRestic(spec(child(lines), { onProgress: (progress) => seen.push(progress) })).done;
    expect(seen.at(-1)?.bytesDone).toBe(200);
    expect(seen.length).toBeLessThan(20);
  });

  test('nothing of the environment is inherited, and stdin is closed', async () => {
    const result = await startRestic(
      spec(
        child(
          "const input = await new Promise((r) => { let n = 0; process.stdin.on('data', (d) => { n += d.length; }).on('end', () => r(n)); });\nprocess.stdout.write(JSON.stringify([Object.keys(process.env).sort(), process.argv.slice(2), input]));",
        ),
        { collectStdout: 1000, environment: { A: '1' }, arguments: ['-x', '; rm -rf "$HOME"', 'a\nb'] },
      ),
    ).done;
    expect(JSON.parse(result.stdout)).toEqual([['A'], ['-x', '; rm -rf "$HOME"', 'a\nb'], 0]);
  });

  test('a grandchild that keeps the pipes open does not keep the result back', async () => {
    const pids: number[] = [];
    const result = await startRestic(
      spec(
        child(`import { spawn } from 'node:child_process';
const sleeper = spawn('sleep', ['300'], { stdio: 'inherit', detached: true });
sleeper.unref();
process.stdout.write(JSON.stringify({ message_type: 'sleeper', pid: sleeper.pid }) + '\\n', () => process.exit(0));`),
        {
          // The one timer of such a run is the wait for the pipes after the exit.
          clock: { now: () => 0, after: (_ms, fn) => (setImmediate(fn), () => {}) },
          onDocument: ({ pid }) => pids.push(Number(pid)),
        },
      ),
    ).done;
    for (const pid of pids) process.kill(pid);
    expect(result.exitCode).toBe(0);
    expect(pids).toHaveLength(1);
  });
});

describe('a start that fails', () => {
  test.each([
    ['a missing binary', () => join(folder, 'nowhere'), 'ENOENT', 'config'],
    [
      'a file without the right to execute',
      () => {
        const path = join(folder, 'plain');
        writeFileSync(path, 'text');
        chmodSync(path, 0o644);
        return path;
      },
      'EACCES',
      'config',
    ],
  ])('%s is a result', async (_name, path, code, failureClass) => {
    const restic = startRestic(spec({ path: path(), version: '0.18.0' }));
    await restic.started;
    expect(restic.pid).toBeUndefined();
    const result = await restic.done;
    expect(result.spawnError?.code).toBe(code);
    expect(result.exitCode).toBeUndefined();
    expect(classify({ operation: 'backup', localRepository: true, result }).class).toBe(failureClass);
  });

  test('a working folder that is gone is the drive, not the binary', async () => {
    const result = await startRestic(spec(child(''), { workingFolder: join(folder, 'unplugged') })).done;
    expect(classify({ operation: 'backup', localRepository: true, result }).class).toBe('device-unavailable');
  });
});

describe('stopping', () => {
  test('SIGINT once, and the reason stays the first one', async () => {
    const restic = startRestic(
      spec(
        child(`let n = 0; process.on('SIGINT', () => { n += 1; setTimeout(() => process.exit(100 + n), 50); });
setInterval(() => {}, 1000);
${say({ message_type: 'ready' })}`),
        {
          onDocument: () => {
            restic.stop('cancel');
            restic.stop('shutdown', { graceMs: 70_000 });
          },
        },
      ),
    );
    const result = await restic.done;
    expect(result).toMatchObject({ exitCode: 101, stopped: 'cancel', killed: false });
    expect(classify({ operation: 'backup', localRepository: true, result }).kind).toBe('cancelled');
  });

  test('a child that ignores SIGINT is killed after the grace, not before', async () => {
    const clock = handClock();
    const ignored = signal();
    const restic = startRestic(
      spec(
        child(`process.on('SIGINT', () => { ${say({ message_type: 'ignored' })} });
setInterval(() => {}, 1000);
${say({ message_type: 'ready' })}`),
        {
          clock,
          onDocument: ({ message_type: type }) => {
            if (type === 'ready') restic.stop('cancel', { graceMs: 80_000 });
            else ignored.resolve();
          },
        },
      ),
    );
    await ignored.promise;
    clock.pass(79_999);
    expect(startTicksOf(restic.pid ?? 0)).toBe(restic.startTicks);
    clock.pass(1);
    expect(await restic.done).toMatchObject({ signal: 'SIGKILL', killed: true, stopped: 'cancel' });
  });

  test('a stop before the process is there starts none', async () => {
    const restic = startRestic(spec(child(say({ message_type: 'never' }))));
    restic.stop('shutdown');
    const result = await restic.done;
    expect(restic.pid).toBeUndefined();
    expect(result).toMatchObject({ stopped: 'shutdown', killed: false });
    expect(classify({ operation: 'backup', localRepository: true, result })).toMatchObject({
      kind: 'failed',
      class: 'interrupted',
    });
  });

  test('the process can be recognised by its pid and start time', async () => {
    const restic = startRestic(spec(child(WAITS + say({ message_type: 'ready' }))));
    await restic.started;
    expect(restic.pid).toBeGreaterThan(0);
    expect(startTicksOf(restic.pid ?? 0)).toBe(restic.startTicks);
    restic.stop('cancel');
    await restic.done;
    expect(startTicksOf(restic.pid ?? 0)).toBeNull();
  });
});

describe('the watch', () => {
  test('silence and status lines that stand still are a stall', async () => {
    const { clock, restic, ready } = watched(
      say(status(10)) + say({ message_type: 'ready' }) + say(status(10)).repeat(5),
      { stallMs: 60_000 },
    );
    await ready;
    for (let minute = 0; minute < 10; minute++) clock.pass(15_000);
    const result = await restic.done;
    expect(result.stopped).toBe('stall');
    expect(classify({ operation: 'backup', localRepository: true, result }).class).toBe('stalled');
  });

  test('a clock that jumps over the limit at once, as after a suspend, is no stall', async () => {
    const { clock, restic, ready } = watched(say({ message_type: 'ready' }), { stallMs: 60_000 });
    await ready;
    clock.jump(8 * 3_600_000);
    restic.stop('cancel');
    expect((await restic.done).stopped).toBe('cancel');
  });

  test('a sick drive ends the run at the first retry', async () => {
    let asked = 0;
    const { restic } = watched(RETRY.repeat(3), {
      driveProbe: async () => {
        asked += 1;
        return false;
      },
    });
    const result = await restic.done;
    expect(result.stopped).toBe('device');
    expect(asked).toBe(1);
    expect(classify({ operation: 'backup', localRepository: true, result })).toMatchObject({
      class: 'device-unavailable',
      detail: expect.stringContaining('input/output error'),
    });
  });

  test('a probe that says yes, throws or hangs stops nothing', async () => {
    for (const driveProbe of [
      async () => true,
      (): Promise<boolean> => {
        throw new Error('probe');
      },
      () => new Promise<boolean>(() => {}),
    ]) {
      const { restic, ready } = watched(RETRY.repeat(3) + say({ message_type: 'ready' }), { driveProbe });
      // oxlint-disable-next-line no-await-in-loop
      await ready;
      restic.stop('cancel');
      // oxlint-disable-next-line no-await-in-loop
      expect((await restic.done).stopped).toBe('cancel');
    }
  });

  test('a server that never answers ends the start; one that answered is left to retry', async () => {
    const clock = handClock();
    const retried = signal();
    const restic = startRestic(
      spec(child(WAITS + RETRY), {
        clock,
        startLimitMs: 60_000,
        driveProbe: async () => {
          retried.resolve();
          return true;
        },
      }),
    );
    await retried.promise;
    clock.pass(60_000);
    const result = await restic.done;
    expect(result.stopped).toBe('network');

    const {
      clock: second,
      restic: answered,
      ready,
    } = watched(say(status(1)) + say({ message_type: 'ready' }) + RETRY, { startLimitMs: 60_000 });
    await ready;
    second.pass(120_000);
    answered.stop('cancel');
    expect((await answered.done).stopped).toBe('cancel');
  });
});

describe('the real restic', { timeout: 60_000 }, () => {
  let binary: ResticBinary;
  let number = 0;

  beforeAll(async () => {
    binary = await locateRestic(undefined, { PATH: process.env['PATH'] });
  });

  function repository(password: string): { settings: RepositorySettings; run: Partial<ProcessSpec> } {
    number += 1;
    const url = join(folder, `repository-${number}`);
    const settings: RepositorySettings = {
      id: 'r',
      name: 'test',
      url,
      secrets: { password, environment: {} },
      options: [],
    };
    return { settings, run: runWith(settings) };
  }

  test('backs up, reports progress and a snapshot, and refuses a wrong password without telling it', async () => {
    const { settings, run } = repository('right-password');
    const init = await startRestic(spec(binary, { ...run, arguments: ['init', '--json'] })).done;
    expect(classify({ operation: 'init', localRepository: true, result: init }).kind).toBe('ok');
    const source = join(folder, 'source');
    mkdirSync(source);
    for (let index = 0; index < 20; index++) writeFileSync(join(source, `file ${index}`), `content ${index}`);
    const documents: Record<string, unknown>[] = [];
    const result = await startRestic(
      spec(binary, {
        ...run,
        arguments: ['backup', '--json', '--host', 'h', '--', source],
        onDocument: (json) => documents.push(json),
      }),
    ).done;
    expect(classify({ operation: 'backup', localRepository: true, result }).kind).toBe('ok');
    expect(result.summary).toMatchObject({
      files_new: 20,
      snapshot_id: expect.stringMatching(/^[0-9a-f]{8,64}$/),
    });
    expect(documents).toContainEqual(result.summary);
    expect(result.stderrTail).toEqual([]);

    const other = { ...settings, secrets: { password: 'not-the-one', environment: {} } };
    const refused = await startRestic(
      spec(binary, { ...runWith(other), arguments: ['snapshots', '--json'], collectStdout: 10_000 }),
    ).done;
    expect(classify({ operation: 'snapshots', localRepository: true, result: refused }).class).toBe('auth');
    expect(JSON.stringify(refused)).not.toContain('not-the-one');
  });

  test('a cancel in the middle of a backup leaves no lock', async () => {
    const { settings, run } = repository('pw');
    await startRestic(spec(binary, { ...run, arguments: ['init'] })).done;
    const big = join(folder, 'big');
    writeFileSync(big, randomBytes(48 * 1024 * 1024));
    const restic = startRestic(
      spec(binary, {
        ...run,
        environment: { ...run.environment, RESTIC_PROGRESS_FPS: '20' },
        arguments: ['backup', '--json', '--host', 'h', '--limit-upload', '20000', '--', big],
        onProgress: () => restic.stop('cancel'),
      }),
    );
    const result = await restic.done;
    expect(result).toMatchObject({ stopped: 'cancel', killed: false });
    expect(classify({ operation: 'backup', localRepository: true, result }).kind).toBe('cancelled');
    expect(readdirSync(join(settings.url, 'locks'))).toEqual([]);
    expect(readdirSync(join(settings.url, 'snapshots'))).toEqual([]);
  });
});
