import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { flush } from '../../src/lib/drive/flush.ts';
import { mountPointOf } from '../../src/lib/drive/mount-point.ts';
import { prober } from '../../src/lib/drive/probe.ts';
import { diskImage, memoryDisk } from './drive-fixtures.ts';

const LONG = 30_000;
let folder = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'flush-')));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A `sync` that comes first on PATH and writes its arguments down. */
function scriptedSync(code: string): void {
  const path = join(folder, 'sync');
  writeFileSync(path, `#!/bin/sh\necho "sync $*" >> '${folder}/log'\n${code}\n`);
  chmodSync(path, 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
}

describe('flushing the writes of a drive', () => {
  test('a real one is flushed', async (context) => {
    const disk = diskImage(folder, context);
    try {
      writeFileSync(join(disk.path, 'data'), Buffer.alloc(100_000));
      expect(await flush(disk.path, LONG)).toEqual({ ok: true });
    } finally {
      disk.remove();
    }
  });

  test('what is not there was not flushed', async () => {
    expect(await flush(join(folder, 'absent'), LONG)).toMatchObject({
      ok: false,
      code: 'FAILED',
      message: expect.stringContaining('absent'),
    });
  });

  test('one that does not end is given up', async () => {
    scriptedSync('exec sleep 600');
    expect(await flush(folder, 300)).toMatchObject({ ok: false, code: 'TIMEOUT' });
  });

  test('without -f, as in BusyBox, all file systems are flushed', async () => {
    scriptedSync(`[ "$1" = -f ] || exit 0\necho "sync: unrecognized option: f" >&2; exit 1`);
    expect(await flush(folder, LONG)).toEqual({ ok: true });
  });

  test('an error of the drive is no success', async () => {
    scriptedSync(`echo "sync: error syncing '$2': Input/output error" >&2; exit 1`);
    expect(await flush(folder, LONG)).toMatchObject({
      ok: false,
      code: 'FAILED',
      message: expect.stringContaining('Input/output error'),
    });
  });
});

describe('the mount point of a path', () => {
  test('of the mount point itself, of a folder in it, through a link, and after it is gone', async (context) => {
    const disk = memoryDisk(folder, context);
    try {
      mkdirSync(join(disk.path, 'repo'));
      symlinkSync(join(disk.path, 'repo'), join(folder, 'link'));
      for (const path of [disk.path, join(disk.path, 'repo'), join(folder, 'link')])
        expect(await mountPointOf(path, LONG)).toBe(disk.path);
      expect(await mountPointOf(join(disk.path, 'not', 'made', 'yet'), LONG)).toBe(disk.path);
      const asked = vi.spyOn(prober, 'probe');
      await mountPointOf(disk.path, LONG);
      expect(asked).not.toHaveBeenCalled();
      disk.unmount();
      expect(await mountPointOf(join(disk.path, 'repo'), LONG)).not.toBe(disk.path);
    } finally {
      disk.remove();
    }
  });
});
