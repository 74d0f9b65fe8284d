import { driveLink } from '../drive/drive-link.ts';
import type { SystemFolders } from '../drive/system-folders.ts';
import { SYSTEM_FOLDERS } from '../drive/system-folders.ts';
import type { CheckLeaf } from './check.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

type PresentSpec = Extract<CheckLeaf, { kind: 'present' }>;

/** Whether a drive is connected. Wakes none. */
export async function checkPresent(
  { by, name }: Pick<PresentSpec, 'by' | 'name'>,
  look: Look,
  folders: SystemFolders = SYSTEM_FOLDERS,
): Promise<Verdict> {
  const { found } = await driveLink(by, name, folders);
  switch (found) {
    case 'link':
      return verdict('yes', look, 'present.yes', { name });
    case 'absent':
      return verdict('no', look, 'present.no', { name });
    case 'no-list':
      return verdict('unknown', look, 'present.no-list', { folder: folders.disks, name });
    default:
      return verdict('unknown', look, 'present.bad-name', { name });
  }
}
