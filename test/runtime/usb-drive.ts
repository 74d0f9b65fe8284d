import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'vitest';
import { type ListedSnapshot, resticIn } from './restic.ts';

const MEGABYTES = 128;

/** _IOR('X', 125, __u32), EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH of linux/fs/ext4/ext4.h. */
const SHUTDOWN = `import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))`;

/**
 * A real file system with a restic repository on it, which comes and goes as a USB drive does: an ext4 image behind a
 * loop device. Connected, it has the link `device`; who has power over the system mounts that at `mountPoint`.
 */
export class UsbDrive implements Disposable {
  readonly mountPoint: string;
  /** As `/dev/disk/by-label/…`: there while the drive is connected. */
  readonly device: string;
  readonly #folder: string;
  #image: string;
  #images = 1;
  #loop: string | undefined;

  private constructor(folder: string, mountPoint: string) {
    this.#folder = folder;
    this.mountPoint = mountPoint;
    this.device = join(folder, 'by-label', 'backup-drive');
    this.#image = join(folder, 'image-1');
  }

  /** What is in `mountPoint` moves onto the new drive, which is not connected. Skips the test where nobody may mount. */
  static make(parent: string, mountPoint: string, context: TestContext): UsbDrive {
    const folder = mkdtempSync(join(parent, 'usb-'));
    const drive = new UsbDrive(folder, mountPoint);
    mkdirSync(join(folder, 'by-label'));
    writeFileSync(drive.#image, '');
    truncateSync(drive.#image, MEGABYTES * 2 ** 20);
    try {
      // The lazy initialisation would write at moments of its own.
      const lazy = 'lazy_itable_init=0,lazy_journal_init=0';
      execFileSync('mkfs.ext4', ['-q', '-F', '-E', lazy, '-d', mountPoint, drive.#image], {
        stdio: 'ignore',
      });
      drive.connect();
      drive.mount();
      execFileSync('python3', ['-c', 'import fcntl']);
    } catch (error) {
      drive[Symbol.dispose]();
      const reason = `no real drive could be made here, so it was not tested with one: ${String(error)}`;
      console.warn(`SKIPPED "${context.task.name}": ${reason}`);
      context.skip(reason);
    }
    drive.unmount();
    drive.disconnect();
    rmSync(mountPoint, { recursive: true });
    mkdirSync(mountPoint);
    return drive;
  }

  get isConnected(): boolean {
    return this.#loop !== undefined;
  }

  /** Read from the kernel, which knows it also when somebody else mounted or unmounted it. */
  get isMounted(): boolean {
    const points = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[4]);
    return points.includes(this.mountPoint);
  }

  /** How often the kernel has read from it since it was connected; what it has in memory is not read again. */
  get reads(): number {
    const stat = readFileSync(`/sys/block/${basename(this.#loop ?? '')}/stat`, 'utf8');
    return Number(stat.trim().split(/\s+/)[0]);
  }

  connect(): void {
    if (this.#loop !== undefined) return;
    const loop = execFileSync('losetup', ['--find', '--show', this.#image], { encoding: 'utf8' }).trim();
    this.#loop = loop;
    symlinkSync(loop, this.device);
  }

  mount(...options: readonly string[]): void {
    execFileSync('mount', [...options, this.device, this.mountPoint]);
  }

  unmount(): void {
    execFileSync('umount', [this.mountPoint]);
  }

  /**
   * Pulled out: whoever uses it meets I/O errors, and what was not on the disk yet is lost. `noticed`: the system
   * removes the mount too, as systemd does; else it stays and answers with errors.
   */
  disconnect({ noticed = true } = {}): void {
    if (this.#loop === undefined) return;
    rmSync(this.device);
    if (this.isMounted) {
      execFileSync('python3', ['-c', SHUTDOWN, this.mountPoint]);
      // The kernel may still write to the old image what it had in memory; a drive that is out gets none of it.
      this.#images += 1;
      const left = join(this.#folder, `image-${this.#images}`);
      copyFileSync(this.#image, left);
      this.#image = left;
      if (noticed) this.removeMount();
    }
    // Lazily, if somebody is still using it.
    execFileSync('losetup', ['--detach', this.#loop]);
    this.#loop = undefined;
  }

  /** All writes are on the disk; else power that is cut brings back what was removed just before, such as locks. */
  flush(): void {
    execFileSync('sync', ['--file-system', this.mountPoint]);
  }

  /** Removes the mount although it is in use. */
  removeMount(): void {
    execFileSync('umount', ['--lazy', this.mountPoint]);
  }

  /** Runs restic on its repository as a person would who plugs it into another machine; its standard output. */
  async restic(...args: string[]): Promise<string> {
    if (this.isMounted) return await resticIn(join(this.mountPoint, 'repository'), args);
    const elsewhere = mkdtempSync(join(this.#folder, 'elsewhere-'));
    execFileSync('mount', ['-o', 'loop', this.#image, elsewhere]);
    try {
      return await resticIn(join(elsewhere, 'repository'), args);
    } finally {
      execFileSync('umount', [elsewhere]);
    }
  }

  async snapshots(): Promise<ListedSnapshot[]> {
    const snapshots: ListedSnapshot[] = JSON.parse(await this.restic('snapshots', '--json', '--no-lock'));
    return snapshots;
  }

  [Symbol.dispose](): void {
    while (this.isMounted) this.removeMount();
    if (this.#loop !== undefined) execFileSync('losetup', ['--detach', this.#loop]);
    this.#loop = undefined;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
