import { btrfsOf, deviceNumber, kernelName, mountedDevice } from '../drive/block-device.ts';
import { driveLink } from '../drive/drive-link.ts';
import type { MountEntry } from '../drive/mountinfo.ts';
import type { SystemFolders } from '../drive/system-folders.ts';
import type { MountSpec } from './mount.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

/** Whether what is mounted is the drive that was asked for; undefined when it is. */
export async function checkDrive(
  { path, fsType = '', uuid = '', label = '' }: MountSpec,
  mount: MountEntry | undefined,
  look: Look,
  folders: SystemFolders,
): Promise<Verdict | undefined> {
  if (fsType.trim() === '' && uuid.trim() === '' && label.trim() === '') return undefined;
  if (mount === undefined) return verdict('unknown', look, 'mount.no-table', { path });
  if (!isOfType(mount.fsType, fsType)) {
    return verdict('no', look, 'mount.other-type', { path, found: mount.fsType, expected: fsType.trim() });
  }
  const byUuid = uuid.trim() === '' ? undefined : await checkUuid(path, uuid.trim(), mount, look, folders);
  if (byUuid !== undefined || label.trim() === '') return byUuid;
  return checkLink('label', path, label.trim(), mount, look, folders);
}

/** What people and file managers call a file system, and what Linux may say of one. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  cifs: ['cifs', 'smb3'],
  exfat: ['exfat', 'fuseblk'],
  fat: ['vfat', 'msdos'],
  fat32: ['vfat'],
  nfs: ['nfs', 'nfs4'],
  ntfs: ['ntfs', 'ntfs3', 'fuseblk'],
  smb: ['cifs', 'smb3'],
};

function isOfType(found: string, expected: string): boolean {
  const name = expected.trim().toLowerCase();
  return name === '' || found === name || (NAMES[name]?.includes(found) ?? false);
}

/** btrfs may have several devices, and `by-uuid` leads to one of them; the kernel knows them all. */
async function checkUuid(
  path: string,
  uuid: string,
  mount: MountEntry,
  look: Look,
  folders: SystemFolders,
): Promise<Verdict | undefined> {
  if (mount.fsType === 'btrfs') {
    const device = await mountedDevice(mount);
    const name = device === undefined ? undefined : await kernelName(device, folders);
    const found = name === undefined ? undefined : await btrfsOf(name, folders);
    if (found !== undefined) {
      return found === uuid.toLowerCase()
        ? undefined
        : verdict('no', look, 'mount.other-uuid', { path, name: uuid });
    }
  }
  return checkLink('uuid', path, uuid, mount, look, folders);
}

async function checkLink(
  by: 'uuid' | 'label',
  path: string,
  name: string,
  mount: MountEntry,
  look: Look,
  folders: SystemFolders,
): Promise<Verdict | undefined> {
  const link = await driveLink(by, name, folders);
  if (link.found === 'bad-name') return verdict('unknown', look, 'present.bad-name', { name });
  if (link.found === 'no-list')
    return verdict('unknown', look, 'mount.no-list', { path, folder: folders.disks });
  if (link.found === 'absent') return verdict('no', look, `mount.absent-${by}`, { path, name });
  const [wanted, mounted] = await Promise.all([deviceNumber(link.path), mountedDevice(mount)]);
  // A device of its own that is not visible here; what has none (network, memory) is certainly not the drive.
  const hidden = mounted === undefined && mount.source.startsWith('/dev/');
  if (wanted === undefined || hidden) return verdict('unknown', look, 'mount.hidden', { path });
  return wanted === mounted ? undefined : verdict('no', look, `mount.other-${by}`, { path, name });
}
