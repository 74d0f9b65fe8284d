import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the project. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url));

export const LANGUAGES = ['en-US', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Absolute path of a file of the project. */
export function path(...parts: readonly string[]): string {
  return join(root, ...parts);
}

/** Every file under git, by its path in the project. */
export function trackedFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '--cached'], { cwd: root, encoding: 'utf8' });
  return list.split('\0').filter((file) => file !== '' && existsSync(path(file)));
}

/** Files under a folder of the project, by their path in that folder. */
export function filesUnder(folder: string): string[] {
  return readdirSync(path(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path(folder).length + 1));
}
