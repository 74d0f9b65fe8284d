/** Where the kernel and udev show drives; tests have folders of their own. */
export interface SystemFolders {
  /** Has `by-uuid`, `by-label`, `by-id`. */
  readonly disks: string;
  readonly sys: string;
}

export const SYSTEM_FOLDERS: SystemFolders = { disks: '/dev/disk', sys: '/sys' };
