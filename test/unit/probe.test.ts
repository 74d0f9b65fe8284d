import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ProbeAnswer } from '../../src/lib/drive/probe.ts';
import { Prober, probe, startProbeProcess } from '../../src/lib/drive/probe.ts';
import { diskImage } from './drive-fixtures.ts';

const LONG = 30_000;
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'probe-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Opening a FIFO for reading blocks for ever, as a dead network drive does. */
function makeFifo(name: string): string {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
}

/** A probe process that nothing can end, until told. */
class HangingChild extends EventEmitter {
  readonly pid = 1;
  readonly exitCode = null;
  readonly signalCode = null;
  readonly connected = false;
  send(): boolean {
    return true;
  }
  kill(): boolean {
    return true;
  }
  unref(): void {}
}

describe('asking a file system', () => {
  test('a folder: real path, type, room', async () => {
    await mkdir(join(folder, 'real'));
    await symlink(join(folder, 'real'), join(folder, 'link'));
    const found = await probe({ op: 'stat', path: join(folder, 'link') }, LONG);
    expect(found).toMatchObject({ ok: true, type: 'directory' });
    expect(found.ok && found.realPath.endsWith('/real')).toBe(true);
    expect(found.ok && found.device === found.parentDevice).toBe(true);
    expect(found.ok && found.totalBytes > 0 && found.freeBytes <= found.totalBytes).toBe(true);
  });

  test('a file: no more than was asked for', async () => {
    const path = join(folder, 'marker');
    await writeFile(path, 'this is the right drive');
    const found = await probe({ op: 'read', path, limit: 7 }, LONG);
    expect(found.ok && Buffer.from(found.content).toString()).toBe('this is');
  });

  test('a write leaves nothing behind, even when two write at once', async () => {
    const request = { op: 'write', path: folder } as const;
    expect(await Promise.all([probe(request, LONG), probe(request, LONG)])).toEqual([
      { ok: true },
      { ok: true },
    ]);
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    [{ op: 'stat', path: '/no/such/place' } as const, 'ENOENT'],
    [{ op: 'write', path: '/no/such/place' } as const, 'ENOENT'],
    [{ op: 'read', path: '/', limit: 1 } as const, 'EISDIR'],
    [{ op: 'stat', path: 'nul\0byte' } as const, 'ERR_INVALID_ARG_VALUE'],
  ])('%j fails with %s', async (request, code) => {
    expect(await probe(request, LONG)).toMatchObject({ ok: false, code });
  });

  test('requests of one turn share a process', async () => {
    let started = 0;
    const counting = new Prober(() => {
      started++;
      return startProbeProcess();
    });
    const path = join(folder, 'marker');
    await writeFile(path, 'this is the right drive');
    const requests = Array.from({ length: 16 }, (_, at) =>
      counting.probe({ op: 'read', path, limit: at + 1 }, LONG),
    );
    expect((await Promise.all(requests)).every((answer) => answer.ok)).toBe(true);
    expect(started).toBe(1);
  });

  test('who asks to see the same in one turn shares the answer', async () => {
    let started = 0;
    const counting = new Prober(() => {
      started++;
      return startProbeProcess();
    });
    const requests = Array.from({ length: 100 }, (_, at) =>
      counting.probe({ op: 'stat', path: at % 2 === 0 ? folder : tmpdir() }, LONG),
    );
    const answers = await Promise.all(requests);
    expect(new Set(answers.map((answer) => answer.ok && answer.inode)).size).toBe(2);
    expect(answers[0]).not.toEqual(answers[1]);
    expect(started).toBe(1);
  });

  test('requests soon after share a process, unless it ended or something in it hangs', async () => {
    const children: ChildProcess[] = [];
    const counting = new Prober(() => {
      const child = startProbeProcess();
      children.push(child);
      return child;
    });
    const look = async (): Promise<void> => {
      expect(await counting.probe({ op: 'stat', path: folder }, LONG)).toMatchObject({ ok: true });
    };
    await look();
    await look();
    expect(children).toHaveLength(1);

    const hanging = counting.probe({ op: 'read', path: makeFifo('dead'), limit: 1 }, 3000);
    await new Promise(setImmediate);
    await look();
    expect(children).toHaveLength(2);
    expect(await hanging).toMatchObject({ code: 'TIMEOUT' });

    const [, second] = children;
    const ended = new Promise((resolve) => second?.once('exit', resolve));
    second?.kill('SIGKILL');
    await ended;
    await look();
    expect(children).toHaveLength(3);
  });
});

describe('a drive that does not answer', () => {
  test('is given up at its time limit and keeps nobody else waiting', async () => {
    const fifo = makeFifo('dead');
    const prober = new Prober();
    const order: string[] = [];
    const ask = async (name: string, path: string, timeoutMs: number): Promise<ProbeAnswer<'read'>> => {
      const answer = await prober.probe({ op: 'read', path, limit: 1 }, timeoutMs);
      order.push(name);
      return answer;
    };
    await writeFile(join(folder, 'alive'), 'x');
    const answers = await Promise.all([
      ask('dead', fifo, 3000),
      ...Array.from({ length: 15 }, () => ask('alive', join(folder, 'alive'), LONG)),
    ]);
    expect(answers[0]).toMatchObject({ ok: false, code: 'TIMEOUT' });
    expect(answers.slice(1).every((answer) => answer.ok)).toBe(true);
    expect(order.at(-1)).toBe('dead');
  });

  test('an ended process that said nothing is no answer', async () => {
    const child = new HangingChild();
    const prober = new Prober(() => child as unknown as ChildProcess);
    const asked = prober.probe({ op: 'stat', path: '/x' }, LONG);
    setImmediate(() => setImmediate(() => child.emit('exit', 1, null)));
    expect(await asked).toMatchObject({ ok: false, code: 'NO_ANSWER' });
  });

  test('a process that cannot be started is an answer too', async () => {
    const prober = new Prober(() => {
      throw Object.assign(new Error('no more processes'), { code: 'EAGAIN' });
    });
    expect(await prober.probe({ op: 'stat', path: '/x' }, LONG)).toMatchObject({ ok: false, code: 'EAGAIN' });
  });

  test('processes that cannot be killed are counted, bounded, and forgotten when they end', async () => {
    const children: HangingChild[] = [];
    const prober = new Prober(() => {
      const child = new HangingChild();
      children.push(child);
      return child as unknown as ChildProcess;
    });
    for (let drive = 1; drive <= 8; drive++) {
      expect(await prober.probe({ op: 'stat', path: `/mnt/${drive}` }, 1)).toMatchObject({ code: 'TIMEOUT' });
    }
    expect(prober.abandoned.map(({ paths }) => paths[0])).toContain('/mnt/8');

    expect(await prober.probe({ op: 'stat', path: '/mnt/9' }, LONG)).toMatchObject({
      code: 'TOO_MANY_ABANDONED',
    });
    expect(await prober.probe({ op: 'stat', path: '/mnt/3' }, LONG)).toMatchObject({ code: 'TIMEOUT' });
    expect(children).toHaveLength(8);

    children[0]?.emit('exit', null, 'SIGKILL');
    expect(prober.abandoned).toHaveLength(7);
    expect(await prober.probe({ op: 'stat', path: '/mnt/9' }, 1)).toMatchObject({ code: 'TIMEOUT' });
    expect(children).toHaveLength(9);
  });

  test('a write into a frozen file system hangs in the kernel and is let go when it thaws', async (context) => {
    const disk = diskImage(folder, context);
    const prober = new Prober();
    try {
      disk.freeze();
      expect(await prober.probe({ op: 'write', path: disk.path }, 3000)).toMatchObject({ code: 'TIMEOUT' });
      expect(prober.abandoned).toMatchObject([{ paths: [disk.path] }]);
      disk.thaw();
      await expect.poll(() => prober.abandoned, { timeout: LONG }).toEqual([]);
    } finally {
      disk.remove();
    }
  });
});
