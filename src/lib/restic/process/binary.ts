import { accessSync, constants, readFileSync, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { Problem } from '../../problem.ts';
import { ResticMissing } from './restic-missing.ts';

/** A restic that was found and told its version. */
export interface ResticBinary {
  /** Absolute. */
  readonly path: string;
  /** Such as `0.18.0`. */
  readonly version: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What everything here was measured with; older ones lack too much. */
const OLDEST = '0.14.0';

/** Where users of the Home Assistant app keep it: the only folder that outlives a restart of the app. */
const HOME_ASSISTANT_PLACE = '/config/bin/restic';

/** `restic version` takes 20 ms; a minute is for a drive that has to spin up. */
const VERSION_LIMIT_MS = 60_000;

const versions = new Map<string, string>();

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Files called `name` on PATH, those that can be executed first. */
function onPath(name: string, env: Environment): string[] {
  const files = (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, process.platform === 'win32' ? `${name}.exe` : name))
    .filter(isFile);
  return [...files.filter(executable), ...files.filter((file) => !executable(file))];
}

function find(configured: string | undefined, env: Environment): string | undefined {
  const wanted = configured?.trim() ?? '';
  if (wanted === '') return isFile(HOME_ASSISTANT_PLACE) ? HOME_ASSISTANT_PLACE : onPath('restic', env)[0];
  if (!/[\\/]/.test(wanted)) return onPath(wanted, env)[0];
  const path = resolve(wanted);
  return isFile(path) ? path : undefined;
}

async function askVersion(path: string, env: Environment): Promise<string> {
  const { execa } = await import('execa');
  const answer = await execa(path, ['version'], {
    env: { PATH: env['PATH'], HOME: env['HOME'], LC_ALL: 'C' },
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: VERSION_LIMIT_MS,
    maxBuffer: 65_536,
  });
  const version = /^restic (\d+\.\d+\.\d+)/m.exec(answer.stdout)?.[1];
  if (version !== undefined) return version;
  const reason = answer.failed ? (answer.code ?? answer.shortMessage ?? '') : answer.stdout.slice(0, 100);
  throw new Problem('restic-not-executable', { path, reason }, { cause: answer });
}

/**
 * Finds restic: the configured path or name, else `/config/bin/restic` (Home Assistant app), else `restic` on PATH.
 * Its version is asked once and again when the file has changed. Throws Problem `restic-missing` (with how to install
 * it on this system), `restic-not-executable` or `restic-too-old` (below 0.14).
 */
export async function locateRestic(configured: string | undefined, env: Environment): Promise<ResticBinary> {
  const path = find(configured, env);
  if (path === undefined) {
    throw new ResticMissing(configured?.trim() ?? '', systemOf(env));
  }
  if (!executable(path)) throw new Problem('restic-not-executable', { path, reason: 'EACCES' });
  const { mtimeMs, size } = statSync(path);
  const key = `${realpathSync(path)} ${mtimeMs} ${size}`;
  const version = versions.get(key) ?? (await askVersion(path, env));
  versions.set(key, version);
  if (!atLeast(version, OLDEST)) throw new Problem('restic-too-old', { path, version, oldest: OLDEST });
  return { path, version };
}

/** The system whose way to install restic is told; keys of `failures:install`. */
function systemOf(env: Environment): string {
  if ((env['SUPERVISOR_TOKEN'] ?? '') !== '') return 'home-assistant';
  if (process.platform === 'darwin') return 'brew';
  let release = '';
  try {
    release = readFileSync('/etc/os-release', 'utf8');
  } catch {
    // No Linux, or a very bare one.
  }
  const ids = [...release.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].flatMap(([, value = '']) =>
    value.replaceAll('"', '').split(' '),
  );
  const managers = {
    debian: 'apt',
    ubuntu: 'apt',
    fedora: 'dnf',
    rhel: 'dnf',
    arch: 'pacman',
    alpine: 'apk',
  };
  return Object.entries(managers).find(([id]) => ids.includes(id))?.[1] ?? 'other';
}

/** Is `version` at least `least`? Both such as `0.16.0`. */
export function atLeast(version: string, least: string): boolean {
  const has = version.split('.').map(Number);
  const wants = least.split('.').map(Number);
  for (const [index, wanted] of wants.entries()) {
    const difference = (has[index] ?? 0) - wanted;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
