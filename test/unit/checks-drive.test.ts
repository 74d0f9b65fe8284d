import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkHealth } from '../../src/lib/checks/health.ts';
import { checkMount } from '../../src/lib/checks/mount.ts';
import { checkPresent } from '../../src/lib/checks/present.ts';
import { checkSpace } from '../../src/lib/checks/space.ts';
import type { Look, Verdict } from '../../src/lib/checks/verdict.ts';
import { checkWritable } from '../../src/lib/checks/writable.ts';
import { mountPointOf } from '../../src/lib/drive/mount-point.ts';
import { parseMountinfo } from '../../src/lib/drive/mountinfo.ts';
import { prober } from '../../src/lib/drive/probe.ts';
import type { SystemFolders } from '../../src/lib/drive/system-folders.ts';
import { SYSTEM_FOLDERS } from '../../src/lib/drive/system-folders.ts';
import { automount } from './automount-fixture.ts';
import type { FreezableDisk } from './drive-fixtures.ts';
import { connected, diskImage, memoryDisk, mountOrSkip, skip } from './drive-fixtures.ts';
import { files, says } from './verdict-fixtures.ts';

const LOOK: Look = { language: 'en-US', timeoutMs: 20_000 };
let folder = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'drive-')));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('which drive is mounted', () => {
  test.for(['ext4', 'btrfs'] as const)('%s: the right one by UUID, label and type', async (kind, context) => {
    const disk = diskImage(folder, context, { kind, label: 'My Drive' });
    try {
      const folders = connected(folder, disk);
      const { path, uuid } = disk;
      for (const spec of [
        { uuid },
        { uuid: uuid.toUpperCase() },
        { label: 'My Drive' },
        { label: 'My\\x20Drive' },
        { fsType: kind },
        { uuid, label: 'My Drive', fsType: kind.toUpperCase() },
        { uuid: '', label: ' ', fsType: '' },
      ])
        expect([spec, await checkMount({ path, ...spec }, LOOK, folders)]).toEqual([
          spec,
          says('yes', 'is mounted'),
        ]);
      expect(await checkMount({ path, fsType: 'exfat' }, LOOK, folders)).toEqual(
        says('no', `is ${kind}, not exfat: this is another drive`),
      );
    } finally {
      disk.remove();
    }
  });

  test.for(['ext4', 'btrfs'] as const)('%s: another drive at the same path', async (kind, context) => {
    const right = diskImage(folder, context, { kind, name: 'right', label: 'Right' });
    let wrong: FreezableDisk | undefined;
    try {
      wrong = diskImage(folder, context, { kind, name: 'wrong', label: 'Wrong' });
      const folders = connected(folder, right, wrong);
      const { path } = wrong;
      expect(await checkMount({ path, uuid: right.uuid }, LOOK, folders)).toEqual(
        says('no', `not the one with the UUID ${right.uuid}`),
      );
      expect(await checkMount({ path, label: right.label }, LOOK, folders)).toEqual(
        says('no', 'not the one with the label Right'),
      );
      expect((await checkMount({ path, uuid: wrong.uuid }, LOOK, folders)).answer).toBe('yes');
    } finally {
      right.remove();
      wrong?.remove();
    }
  });

  test('the right drive is not even connected; or nobody can tell', async (context) => {
    const disk = diskImage(folder, context);
    try {
      const { path, uuid } = disk;
      const without = connected(folder);
      expect(await checkMount({ path, uuid }, LOOK, without)).toEqual(says('no', 'is not connected'));
      expect(await checkMount({ path, label: 'x/..' }, LOOK, without)).toEqual(says('unknown', 'x/..'));
      const noList = { ...without, disks: join(folder, 'no-udev') };
      expect(await checkMount({ path, uuid }, LOOK, noList)).toEqual(says('unknown', 'Use a marker file'));
    } finally {
      disk.remove();
    }
  });

  test('memory and network are no drive with a UUID', async (context) => {
    const disk = diskImage(folder, context, { name: 'real' });
    try {
      const folders = connected(folder, disk);
      const memory = memoryDisk(folder, context);
      try {
        const spec = { path: memory.path, uuid: disk.uuid };
        expect(await checkMount(spec, LOOK, folders)).toEqual(says('no', 'Another drive'));
      } finally {
        memory.remove();
      }
    } finally {
      disk.remove();
    }
  });

  test('a subvolume of the btrfs around it is no drive of its own', async (context) => {
    const disk = diskImage(folder, context, { kind: 'btrfs' });
    try {
      const sub = join(disk.path, 'sub');
      execFileSync('btrfs', ['subvolume', 'create', sub], { stdio: 'ignore' });
      const path = join(disk.path, 'bound');
      mkdirSync(path);
      execFileSync('mount', ['--bind', sub, path]);
      expect(await checkMount({ path }, LOOK)).toEqual(says('no', 'not a drive of its own'));
      execFileSync('umount', [path]);
    } finally {
      disk.remove();
    }
  });
});

describe('an automount', () => {
  test('comes up by the look itself', async (context) => {
    const auto = await automount(folder, context, 'drive');
    try {
      const { path } = auto;
      expect(await mountPointOf(join(path, 'repo'), 20_000)).toBe(path);
      expect(mountedAt(path)).toEqual(['autofs']);
      expect(await checkMount({ path, fsType: 'tmpfs' }, LOOK)).toEqual(says('yes', 'is mounted'));
      expect(mountedAt(path)).toEqual(['autofs', 'tmpfs']);
    } finally {
      await auto.remove();
    }
  });

  test('of a drive that is off is a no; disarmed, it is a folder like any other', async (context) => {
    const auto = await automount(folder, context, 'nothing');
    const { path } = auto;
    try {
      expect(await checkMount({ path }, LOOK)).toEqual(says('no', 'nothing came up'));
      expect(await checkHealth({ path }, LOOK)).toEqual(says('no', 'nothing came up'));
      expect(mountedAt(path)).toEqual(['autofs']);
    } finally {
      await auto.remove();
    }
    expect(await checkMount({ path }, LOOK)).toEqual(says('no', 'Nothing is mounted'));
  });

  test('that does not answer is given up, and let go when its server is', async (context) => {
    const auto = await automount(folder, context, 'silent');
    const { path } = auto;
    try {
      const look = { ...LOOK, timeoutMs: 2000 };
      expect(await checkMount({ path }, look)).toEqual(says('unknown', 'did not answer within 2 s'));
      expect(prober.abandoned.map(({ paths }) => paths)).toContainEqual([path]);
    } finally {
      await auto.remove();
    }
    await expect.poll(() => prober.abandoned.length, { timeout: 10_000 }).toBe(0);
  });
});

/** The file systems that the kernel has at a place, one on the other. */
function mountedAt(path: string): string[] {
  return parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'))
    .filter(({ mountPoint }) => mountPoint === path)
    .map(({ fsType }) => fsType);
}

describe('a drive that is connected', () => {
  test('has a link, whatever it is mounted as', async () => {
    const disks = join(folder, 'disk');
    mkdirSync(join(disks, 'by-uuid'), { recursive: true });
    mkdirSync(join(disks, 'by-label'));
    symlinkSync('../../sdz1', join(disks, 'by-uuid', '1A2B-3C4D'));
    symlinkSync('../../sdz1', join(disks, 'by-label', 'Größe\\x20\\x26\\x20mehr'));
    const folders: SystemFolders = { disks, sys: '/sys' };
    const present = (by: 'uuid' | 'label' | 'id', name: string): Promise<Verdict> =>
      checkPresent({ by, name }, LOOK, folders);
    expect(await present('uuid', '1A2B-3C4D')).toEqual(says('yes', 'is connected'));
    expect((await present('uuid', '1a2b-3c4d')).answer).toBe('yes');
    expect((await present('label', 'Größe & mehr')).answer).toBe('yes');
    expect(await present('uuid', '1A2B-0000')).toEqual(says('no', 'Plug it in'));
    expect(await present('id', 'usb-WD')).toEqual(says('no', 'Plug it in'));
    for (const name of ['', '..', '../by-uuid/1A2B-3C4D', 'a\0b'])
      expect(await present('label', name)).toEqual(says('unknown', 'is not the name of a drive'));
  });

  test('where no list of drives is kept it is unknown', async () => {
    const folders = { disks: join(folder, 'disk'), sys: '/sys' };
    expect(await checkPresent({ by: 'uuid', name: 'x' }, LOOK, folders)).toEqual(
      says('unknown', `there is no ${folders.disks}`),
    );
  });
});

describe('the health of a file system', () => {
  test('ext4: an error counts, however well the drive goes on', async (context) => {
    const disk = diskImage(folder, context);
    try {
      const { path } = disk;
      expect(await checkHealth({ path }, LOOK)).toEqual(says('yes', '(ext4) has recorded no errors'));
      const counters = join('/sys/fs/ext4', basename(disk.device));
      writeFileSync(join(counters, 'trigger_fs_error'), 'test');
      // The kernel counts it a moment later.
      await vi.waitUntil(() => readFileSync(join(counters, 'errors_count'), 'utf8').trim() !== '0');
      expect(await checkHealth({ path, unknownIs: 'yes' }, LOOK)).toEqual(
        says('no', 'recorded 1 errors. Unmount it and repair it'),
      );
      expect((await checkMount({ path }, LOOK)).answer).toBe('yes');
    } finally {
      disk.remove();
    }
  });

  test('stopped after an error, and mounted read-only', async (context) => {
    const disk = diskImage(folder, context);
    try {
      const { path } = disk;
      disk.remount('ro');
      expect(await checkHealth({ path }, LOOK)).toEqual(says('no', 'read-only'));
      disk.remount('rw');
      expect((await checkHealth({ path }, LOOK)).answer).toBe('yes');
      // Linux before 6.12 makes it read-only, later ones stop it in other ways.
      disk.remount('abort');
      writeToFail(path);
      expect((await checkHealth({ path }, LOOK)).answer).toBe('no');
      const mounts = execFileSync('grep', [path, '/proc/self/mountinfo'], { encoding: 'utf8' });
      const words = mounts.includes('emergency_ro')
        ? 'stopped accepting writes'
        : mounts.includes('shutdown')
          ? 'pulled out or failed'
          : 'mounted read-only';
      if (/emergency_ro|shutdown|\bro\b/.test(mounts))
        expect(await checkMount({ path }, LOOK)).toEqual(says('no', words));
    } finally {
      disk.remove();
    }
  });

  test('btrfs: errors of its devices', async (context) => {
    const disk = diskImage(folder, context, { kind: 'btrfs' });
    try {
      const { path } = disk;
      expect(await checkHealth({ path }, LOOK)).toEqual(says('yes', '(btrfs) has recorded no errors'));
      const sys = join(folder, 'sys');
      const device = basename(disk.device);
      files(sys, {
        'fs/btrfs/features/raid1c34': '0',
        [`fs/btrfs/${disk.uuid}/devices/${device}`]: '',
        [`fs/btrfs/${disk.uuid}/devinfo/1/error_stats`]: 'write_errs 2\nread_errs 0\nflush_errs 1',
        [`fs/btrfs/${disk.uuid}/devinfo/1/missing`]: '0',
      });
      mkdirSync(join(sys, 'dev'));
      symlinkSync('/sys/dev/block', join(sys, 'dev/block'));
      const folders = { ...SYSTEM_FOLDERS, sys };
      expect(await checkHealth({ path }, LOOK, folders)).toEqual(says('no', 'counted 3 device errors'));
      files(sys, { [`fs/btrfs/${disk.uuid}/devinfo/2/missing`]: '1' });
      expect(await checkHealth({ path }, LOOK, folders)).toEqual(says('no', 'is missing'));
    } finally {
      disk.remove();
    }
  });

  test('of other file systems is not known here, and the user decides what that is', async (context) => {
    const disk = memoryDisk(folder, context);
    try {
      const { path } = disk;
      expect(await checkHealth({ path }, LOOK)).toEqual(says('unknown', 'not known here'));
      for (const unknownIs of ['yes', 'no'] as const) {
        expect(await checkHealth({ path, unknownIs }, LOOK)).toEqual(
          says(unknownIs, `It was decided that this counts as a ${unknownIs}.`),
        );
      }
      const absent = { path: join(path, 'absent'), unknownIs: 'yes' } as const;
      expect(await checkHealth(absent, LOOK)).toEqual(says('no', 'does not exist'));
    } finally {
      disk.remove();
    }
  });
});

function writeToFail(path: string): void {
  try {
    writeFileSync(join(path, 'late'), 'x');
  } catch {
    // That is what was wanted.
  }
}

test('a stick with vfat is a drive like any other, of which only the health is not known here', async (context) => {
  const image = join(folder, 'stick.image');
  const path = join(folder, 'stick');
  mkdirSync(path);
  writeFileSync(image, Buffer.alloc(8 * 1024 * 1024));
  try {
    execFileSync('mkfs.vfat', [image], { stdio: 'ignore' });
  } catch {
    skip(context, 'no mkfs.vfat here, so no real vfat was tested');
  }
  mountOrSkip(['-t', 'vfat', '-o', 'loop', image, path], context);
  try {
    expect((await checkMount({ path, fsType: 'vfat' }, LOOK)).answer).toBe('yes');
    expect((await checkWritable(path, LOOK)).answer).toBe('yes');
    // It makes its inodes as it goes.
    const space = { kind: 'space', path, freeBytes: '1 MB', freeInodes: 1000 } as const;
    expect((await checkSpace(space, LOOK)).answer).toBe('yes');
    expect(await checkHealth({ path }, LOOK)).toEqual(says('unknown', 'not known here'));
  } finally {
    execFileSync('umount', [path]);
  }
});
