import { aborted, limited } from '../limit.ts';
import type { ProbeFailure } from './probe.ts';

/** How a command ended that was not given up. */
export interface DriveCommandEnd {
  readonly ok: true;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DriveCommandOptions {
  readonly timeoutMs: number;
  /** Aborted: the command is killed; answered as at the time limit. */
  readonly signal?: AbortSignal;
}

/** Commands that were killed and have not ended: the kernel holds them in a call to a dead drive. */
const hanging = new Set<string>();
const MOST_HANGING = 8;
const LONGEST_OUTPUT = 1024 * 1024;

/**
 * Runs a program of the system that asks a drive (`sync`, `smartctl`) without a shell, and gives it up at the time
 * limit even if the kernel does not let go of it. Never rejects. Codes of a failure: those of a probe, `ENOENT` for a
 * program that is not installed, `KILLED` for one that a signal ended. What still hangs is not started again.
 */
export async function driveCommand(
  command: string,
  args: readonly string[],
  options: DriveCommandOptions,
): Promise<DriveCommandEnd | ProbeFailure> {
  const id = JSON.stringify([command, ...args]);
  if (hanging.has(id)) return failure('TIMEOUT', `an earlier ${command} still hangs`);
  if (hanging.size >= MOST_HANGING)
    return failure('TOO_MANY_ABANDONED', `${hanging.size} earlier commands still hang`);
  const { execa } = await import('execa');
  const child = execa(command, args, {
    // Never a folder of the drive: it could not be unmounted.
    cwd: '/',
    // Debian keeps such programs outside a user's PATH.
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`, LC_ALL: 'C' },
    stdin: 'ignore',
    maxBuffer: LONGEST_OUTPUT,
    cleanup: false,
    reject: false,
  });
  const ended = await Promise.race([child, aborted(limited(options))]);
  if (ended === undefined) {
    hanging.add(id);
    child.once('exit', () => hanging.delete(id));
    child.kill('SIGKILL');
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
    return failure('TIMEOUT', `no answer within ${options.timeoutMs} ms`);
  }
  const { exitCode, stdout, stderr, code, shortMessage } = ended;
  if (exitCode !== undefined) return { ok: true, exitCode, stdout, stderr };
  return failure(code ?? 'KILLED', shortMessage ?? command);
}

function failure(code: string, message: string): ProbeFailure {
  return { ok: false, code, message };
}
