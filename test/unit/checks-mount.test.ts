import { describe, expect, test } from 'vitest';
import { judgeMount } from '../../src/lib/checks/mount.ts';
import { judgeSpace } from '../../src/lib/checks/space.ts';
import { parseMountinfo } from '../../src/lib/drive/mountinfo.ts';
import type { ProbeStat } from '../../src/lib/drive/probe.ts';

const LOOK = { language: 'en-US', timeoutMs: 1000 } as const;
const PATH = '/mnt/usb';
const FOUND: ProbeStat = {
  realPath: PATH,
  type: 'directory',
  device: '2049',
  parentDevice: '45826',
  inode: '2',
  mode: 0o755,
  size: 4096,
  modifiedMs: 0,
  totalBytes: 1000,
  freeBytes: 99,
  totalInodes: 0,
  freeInodes: 0,
};
const ROOT = '27 1 179:2 / / rw,noatime - ext4 /dev/root rw\n';

describe('what the kernel shows of a mount decides', () => {
  test.each([
    ['an ordinary drive', '40 27 8:1 / /mnt/usb rw - ext4 /dev/sda1 rw', 'yes', 'is mounted'],
    [
      'an automount that did not come up',
      '40 27 0:50 / /mnt/usb rw - autofs systemd-1 rw',
      'no',
      'first use',
    ],
    ['mounted read-only', '40 27 8:1 / /mnt/usb ro - ext4 /dev/sda1 rw', 'no', 'read-only'],
    ['turned read-only by an error', '40 27 8:1 / /mnt/usb rw - ext4 /dev/sda1 ro', 'no', 'read-only'],
    [
      'stopped writing, Linux 6.15 and newer',
      '40 27 8:1 / /mnt/usb rw - ext4 /dev/sda1 rw,emergency_ro',
      'no',
      'stopped accepting writes',
    ],
    ['pulled out', '40 27 8:1 / /mnt/usb rw - ext4 /dev/sda1 rw,shutdown', 'no', 'pulled out'],
    [
      'mounted below, not here',
      '40 27 8:1 / /mnt/usb/disk rw - ext4 /dev/sda1 rw',
      'no',
      'Nothing is mounted',
    ],
    [
      'covered by another mount above it',
      '40 27 8:1 / /mnt/usb rw - ext4 /dev/sda1 rw\n41 27 0:51 / /mnt rw - tmpfs tmpfs rw',
      'no',
      'Nothing is mounted',
    ],
  ])('%s', (_, line, answer, words) => {
    const verdict = judgeMount(PATH, FOUND, parseMountinfo(ROOT + line), LOOK);
    expect(verdict).toEqual({ answer, reason: expect.stringContaining(words) });
  });

  test("the empty folder that Home Assistant's Supervisor shows for a share it cannot reach", () => {
    const found = { ...FOUND, mode: 0o444, parentDevice: FOUND.device };
    const line = '40 27 8:8 /supervisor/emergency/usb /mnt/usb ro,relatime - ext4 /dev/sda8 rw';
    const verdict = judgeMount(PATH, found, parseMountinfo(ROOT + line), LOOK);
    expect(verdict).toEqual({
      answer: 'no',
      reason: expect.stringContaining('Home Assistant could not reach'),
    });
  });

  test('without mountinfo (macOS) a device of its own decides', () => {
    expect(judgeMount(PATH, FOUND, [], LOOK).answer).toBe('yes');
    expect(judgeMount(PATH, { ...FOUND, parentDevice: FOUND.device }, [], LOOK).answer).toBe('no');
  });
});

describe('room', () => {
  test('9.9 % are not 10 %', () => {
    const verdict = judgeSpace({ kind: 'space', path: PATH, freePercent: 10 }, 0, FOUND, LOOK);
    expect(verdict).toEqual({
      answer: 'no',
      reason: '/mnt/usb has only 9.9 % free (99 B); 10 % are needed.',
    });
  });

  test('a file system without a fixed number of inodes never lacks them', () => {
    expect(judgeSpace({ kind: 'space', path: PATH, freeInodes: 1000 }, 0, FOUND, LOOK).answer).toBe('yes');
  });
});
