import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseMountinfo } from '../../src/lib/drive/mountinfo.ts';
import type { Place } from '../../src/lib/restic/place.ts';
import { isReadOnly, place, samePlace } from '../../src/lib/restic/place.ts';

const folder = mkdtempSync(join(tmpdir(), 'place-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function found(path: string): Promise<Place> {
  const look = await place(path);
  if (look.found !== 'repository') throw new Error(look.found);
  return look.place;
}

function repositoryIn(name: string, config: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'config'), config);
  return path;
}

describe('the place of a local repository', () => {
  test('is told apart from a folder, from nothing, and from another repository', async () => {
    expect(await place(folder)).toEqual({ found: 'no-repository' });
    expect(await place(join(folder, 'nothing'))).toEqual({ found: 'nothing' });
    const a = await found(repositoryIn('a', 'one'));
    const b = await found(repositoryIn('b', 'two'));
    expect(a.repositoryId).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(samePlace(a, await found(a.path))).toBe(true);
    expect(samePlace(a, b)).toBe(false);
  });

  test('is another one when a copy of the repository was put there', async () => {
    const path = repositoryIn('original', 'same');
    const before = await found(path);
    renameSync(path, `${path}.away`);
    cpSync(`${path}.away`, path, { recursive: true });
    const after = await found(path);
    expect(after.repositoryId).toBe(before.repositoryId);
    expect(samePlace(before, after)).toBe(false);
  });
});

describe('a mount', () => {
  const at = (line: string, change: Partial<Place> = {}): Place => {
    const [mount] = parseMountinfo(line);
    if (mount === undefined) throw new Error('no mount');
    return {
      path: '/mnt/usb/repo',
      realPath: '/mnt/usb/repo',
      device: '2049',
      inode: '12',
      repositoryId: 'sha256:a',
      mount,
      ...change,
    };
  };
  const ext4 = '36 25 8:1 / /mnt/usb rw,relatime shared:1 - ext4 /dev/sda1 rw';
  const exfat = '36 25 8:1 / /mnt/usb rw,relatime shared:1 - exfat /dev/sda1 rw';

  test('that is a new one means that the drive was away', () => {
    expect(samePlace(at(ext4), at(ext4.replace('36', '40')))).toBe(false);
    expect(samePlace(at(ext4), at(ext4.replace('sda1', 'sdb1')))).toBe(false);
    expect(samePlace(at(ext4), at(ext4))).toBe(true);
  });

  test('of a file system that invents inode numbers is not judged by them', () => {
    expect(samePlace(at(ext4), at(ext4, { inode: '13' }))).toBe(false);
    expect(samePlace(at(exfat), at(exfat, { inode: '13' }))).toBe(true);
  });

  test('that can only be read is known by its own and its file system’s options', () => {
    expect(isReadOnly(at(ext4))).toBe(false);
    expect(isReadOnly(at(ext4.replace('rw,', 'ro,')))).toBe(true);
    expect(isReadOnly(at(ext4.replace(/rw$/, 'rw,emergency_ro')))).toBe(true);
  });
});
