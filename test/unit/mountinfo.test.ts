import { describe, expect, test } from 'vitest';
import { mountOf, parseMountinfo, readMounts, topmostMount } from '../../src/lib/drive/mountinfo.ts';

const PI = parseMountinfo(
  String.raw`22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw
40 27 8:1 / /mnt/usb rw,nosuid,relatime shared:30 master:2 - ext4 /dev/sda1 rw,errors=remount-ro
41 27 8:17 / /media/My\040Passport\134\011disk rw - exfat /dev/sdb1 rw,iocharset=utf8
42 27 0:39 /@home /home rw - btrfs /dev/sdc1 rw,subvol=/@home
this line is damaged
`,
);

describe('reading mountinfo', () => {
  test('names are unescaped, optional fields skipped, damaged lines left out', () => {
    expect(PI).toHaveLength(5);
    expect(PI[3]?.mountPoint).toBe('/media/My Passport\\\tdisk');
    expect(PI[2]).toEqual({
      id: 40,
      parent: 27,
      device: '8:1',
      root: '/',
      mountPoint: '/mnt/usb',
      options: ['rw', 'nosuid', 'relatime'],
      fsType: 'ext4',
      source: '/dev/sda1',
      superOptions: ['rw', 'errors=remount-ro'],
    });
    expect(PI[4]?.root).toBe('/@home');
  });

  test.runIf(process.platform === 'linux')('this machine has a root', async () => {
    const mounts = await readMounts();
    expect(mountOf('/', mounts)?.mountPoint).toBe('/');
    expect(await topmostMount('/proc/self')).toMatchObject({ fsType: 'proc', mountPoint: '/proc' });
  });

  test('a path that cannot be resolved lies in no mount', async () => {
    expect(await topmostMount('/no/such/folder')).toBeUndefined();
  });
});

describe('the mount of a path', () => {
  test.each([
    ['/mnt/usb', '/mnt/usb'],
    ['/mnt/usb/repo/config', '/mnt/usb'],
    ['/mnt/usb2', '/'],
    ['/mnt', '/'],
    ['/', '/'],
    ['/media/My Passport\\\tdisk/repo', '/media/My Passport\\\tdisk'],
  ])('%s lies in %s', (path, mountPoint) => {
    expect(mountOf(path, PI)?.mountPoint).toBe(mountPoint);
  });

  test('of two mounts at one place the later one is seen', () => {
    const stacked = parseMountinfo(`27 1 179:2 / / rw - ext4 /dev/root rw
40 27 0:50 / /mnt/nas rw - autofs systemd-1 rw
41 40 0:51 / /mnt/nas rw - nfs4 nas:/export rw`);
    expect(mountOf('/mnt/nas/repo', stacked)?.fsType).toBe('nfs4');
  });

  test('a mount hidden by a later one on a folder above it is not seen', () => {
    const hidden = parseMountinfo(`27 1 179:2 / / rw - ext4 /dev/root rw
40 27 8:1 / /mnt/usb rw - ext4 /dev/sda1 rw
41 27 0:51 / /mnt rw - tmpfs tmpfs rw`);
    expect(mountOf('/mnt/usb', hidden)?.fsType).toBe('tmpfs');
  });

  test('without a root entry, as in a chroot, the deepest is taken', () => {
    const chroot = parseMountinfo(`40 27 8:1 / /mnt rw - ext4 /dev/sda1 rw
41 40 8:2 / /mnt/usb rw - ext4 /dev/sdb1 rw`);
    expect(mountOf('/mnt/usb/repo', chroot)?.source).toBe('/dev/sdb1');
    expect(mountOf('/etc', chroot)).toBeUndefined();
  });
});
