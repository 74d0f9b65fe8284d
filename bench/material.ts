import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scaled } from './figures.ts';

/** Of the repositories that the benches make. */
export const PASSWORD = 'a password only for benches';

const SMALL_FILES = 20_000;
const FILES_A_FOLDER = 100;
const LARGE_FILE_BYTES = 250 * 10 ** 6;
const LARGE_FILES = 8;

/** What is backed up. */
export type Contents = 'small files' | 'large files' | 'empty';

/** A folder with something to back up, an empty repository that can be had again and again, and a cache. */
export class Material implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'lastgood-bench-'));
  readonly source: string = join(this.folder, 'source');
  readonly repository: string = join(this.folder, 'repository');
  readonly cache: string = join(this.folder, 'cache');
  readonly #template: string = join(this.folder, 'template');

  readonly #remove = (): void => rmSync(this.folder, { recursive: true, force: true });

  constructor(contents: Contents) {
    // It may be gigabytes, also when a person has seen enough.
    process.once('exit', this.#remove);
    mkdirSync(this.source);
    if (contents === 'small files') writeSmallFiles(this.source);
    else if (contents === 'large files') writeLargeFiles(this.source);
    execFileSync('restic', ['init', '--no-cache'], {
      env: { PATH: process.env['PATH'], RESTIC_REPOSITORY: this.#template, RESTIC_PASSWORD: PASSWORD },
    });
    this.renew();
  }

  /** The repository and the cache are as before the first backup. */
  renew(): void {
    for (const folder of [this.repository, this.cache]) rmSync(folder, { recursive: true, force: true });
    cpSync(this.#template, this.repository, { recursive: true });
    mkdirSync(this.cache);
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#remove);
    this.#remove();
  }
}

/** 1 to 16 KB each, of data that does not compress, as photos and archives do not. */
function writeSmallFiles(folder: string): void {
  const data = randomBytes(2 ** 20);
  for (let at = 0; at < scaled(SMALL_FILES); at += 1) {
    const subfolder = join(folder, String(Math.floor(at / FILES_A_FOLDER)));
    if (at % FILES_A_FOLDER === 0) mkdirSync(subfolder);
    const size = 1024 + ((at * 7919) % (15 * 1024));
    const from = (at * 104_729) % (data.length - size);
    writeFileSync(
      join(subfolder, `${at}.dat`),
      Buffer.concat([Buffer.from(`${at}\n`), data.subarray(from, from + size)]),
    );
  }
}

function writeLargeFiles(folder: string): void {
  for (let at = 0; at < LARGE_FILES; at += 1)
    writeFileSync(join(folder, `${at}.dat`), randomBytes(scaled(LARGE_FILE_BYTES)));
}
