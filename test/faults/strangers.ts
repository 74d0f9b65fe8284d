import { execFileSync, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Home, PASSWORD } from '../runtime/restic.ts';

/** Another machine's name, which it has only for what runs in it. Empty where this machine does not allow that. */
function elsewhere(): string[] {
  for (const flags of [['--uts'], ['--uts', '--map-root-user']]) {
    try {
      execFileSync('unshare', [...flags, 'hostname', 'somebody-else'], { stdio: 'ignore' });
      return ['unshare', ...flags, 'sh', '-c', 'hostname somebody-else && exec "$@"', 'sh'];
    } catch {
      // The next way, or none.
    }
  }
  return [];
}

/**
 * Leaves the lock of a restic that was killed: `elsewhere` on another machine, else on this one, where nobody knows who
 * started it. The lock's id; undefined where no other machine can be played.
 */
export async function plantLock(home: Home, where: 'elsewhere' | 'here'): Promise<string | undefined> {
  const way = where === 'elsewhere' ? elsewhere() : [];
  if (where === 'elsewhere' && way.length === 0) return undefined;
  const folder = join(home.repository, 'locks');
  const before = readdirSync(folder);
  const [program, ...rest] = [...way, 'restic', '--no-cache', '-r', home.repository, 'backup', '--stdin'];
  const child = spawn(program, rest, {
    env: { PATH: process.env['PATH'], RESTIC_PASSWORD: PASSWORD },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  try {
    for (let tries = 0; tries < 600; tries += 1) {
      const lock = readdirSync(folder).find((id) => !before.includes(id) && id.length === 64);
      if (lock !== undefined) return lock;
      await wait(50);
    }
    throw new Error('restic made no lock');
  } finally {
    child.kill('SIGKILL');
  }
}
