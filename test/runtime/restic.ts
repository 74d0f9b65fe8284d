import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';

const execFileAsync = promisify(execFile);

/** Password of every repository that tests make. */
export const PASSWORD = 'a password only for tests';

/** A snapshot as `restic snapshots --json` lists it. */
export interface ListedSnapshot {
  id: string;
  time: string;
  hostname: string;
  tags?: string[];
  paths: string[];
}

let template: Promise<string> | undefined;
let templateFolder: string | undefined;
afterAll(() => {
  if (templateFolder !== undefined) rmSync(templateFolder, { recursive: true, force: true });
});

/** One initialised repository for this test file; copying it is far quicker than `restic init` (scrypt). */
async function templateRepository(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'lastgood-template-'));
  templateFolder = folder;
  const repository = join(folder, 'repository');
  await resticIn(repository, ['init']);
  return repository;
}

/** Runs restic on any repository; its standard output. */
export async function resticIn(
  repository: string,
  args: readonly string[],
  password: string = PASSWORD,
): Promise<string> {
  const { stdout } = await execFileAsync('restic', ['--no-cache', '-r', repository, ...args], {
    env: { PATH: process.env['PATH'], RESTIC_PASSWORD: password },
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

/**
 * A home with documents to back up and a pretend USB drive, on which there is a restic repository and the file
 * `this-is-the-backup-drive`. Plugging is the folder appearing under its mount point. Use with `using`.
 */
export class Home implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'lastgood-home-'));
  readonly documents: string = join(this.folder, 'documents');
  readonly drive: string = join(this.folder, 'plugged-in', 'usb-drive');
  readonly repository: string = join(this.drive, 'repository');
  /** On the drive; its presence is the proof that the right drive is there. */
  readonly marker: string = join(this.drive, 'this-is-the-backup-drive');
  readonly passwordFile: string = join(this.folder, 'password');
  #drawer: string = join(this.folder, 'drawer', 'usb-drive');

  private constructor() {
    for (const folder of [this.documents, this.drive, join(this.folder, 'drawer')])
      mkdirSync(folder, { recursive: true });
    writeFileSync(this.passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
    writeFileSync(this.marker, '');
    this.write({ 'letter.txt': 'Dear grandmother', 'photos/cat.jpg': 'a cat', 'photos/dog.jpg': 'a dog' });
  }

  /** With an initialised repository on the drive, which is plugged in. */
  static async make(): Promise<Home> {
    const home = new Home();
    template ??= templateRepository();
    cpSync(await template, home.repository, { recursive: true });
    return home;
  }

  /** Writes files of the documents, by their path in it. */
  write(files: Record<string, string>): void {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.documents, path);
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, text);
    }
  }

  unplug(): void {
    renameSync(this.drive, this.#drawer);
  }

  plug(): void {
    renameSync(this.#drawer, this.drive);
  }

  /** Runs restic on the repository as a person would; its standard output. */
  async restic(...args: string[]): Promise<string> {
    return await resticIn(this.repository, args);
  }

  async snapshots(): Promise<ListedSnapshot[]> {
    const snapshots: ListedSnapshot[] = JSON.parse(await this.restic('snapshots', '--json', '--no-lock'));
    return snapshots;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
