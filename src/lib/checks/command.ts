import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { aborted, limited } from '../limit.ts';
import { hasNul } from '../user-command.ts';
import type { Look, Verdict } from './verdict.ts';
import { seconds, verdict } from './verdict.ts';

/** EX_TEMPFAIL of sysexits.h: the command says "not now". */
const NOT_NOW = 75;
const LONGEST_LINE = 200;
/** Characters of output that are kept to find a line in; the rest is read and thrown away. */
const LONGEST_OUTPUT = 4096;
/** Something that the command left behind may hold its output open after it ended. */
const OUTPUT_AFTER_EXIT_MS = 200;

/** Commands that were killed and have not ended: they hang in a call to a dead drive. */
const hanging = new Set<string>();

/** Yes: the command exits 0. No: it says "not now". Any other end is an error and tells nothing. At the time limit it is killed with all that it started. */
export async function checkCommand(command: string, args: readonly string[], look: Look): Promise<Verdict> {
  const id = JSON.stringify([command, ...args]);
  if (hanging.has(id)) return verdict('unknown', look, 'command.hanging', { command });
  if (hasNul([command, ...args])) {
    return verdict('unknown', look, 'command.not-started', { command, code: 'EINVAL' });
  }
  const { execa } = await import('execa');
  // Detached: a process group of its own, which can be killed as a whole.
  const child = execa(command, args, { detached: true, stdin: 'ignore', buffer: false, reject: false });
  const firstLine = collectFirstLine([child.stdout, child.stderr]);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = aborted(limited(look));

  await Promise.race([child, exited.then(() => delay(OUTPUT_AFTER_EXIT_MS)), stop]);
  child.stdout.destroy();
  child.stderr.destroy();
  if (child.pid === undefined) {
    const { code } = await child;
    const key = code === 'ENOENT' ? 'absent' : 'not-started';
    return verdict('unknown', look, `command.${key}`, { command, code: code ?? '' });
  }
  const { exitCode } = child;
  if (exitCode === null && child.signalCode === null) {
    hanging.add(id);
    void exited.then(() => hanging.delete(id));
    const key = killGroup(child.pid) ? 'timeout' : 'unstoppable';
    return verdict('unknown', look, `command.${key}`, { command, seconds: seconds(look) });
  }
  if (exitCode === 0) return verdict('yes', look, 'command.yes', { command });
  const said = firstLine() === '' ? '' : 'said.';
  const key = exitCode === NOT_NOW ? 'not-now' : exitCode === null ? 'killed' : 'error';
  return verdict(key === 'not-now' ? 'no' : 'unknown', look, `command.${said}${key}`, {
    command,
    code: exitCode ?? '',
    signal: child.signalCode ?? '',
    line: firstLine(),
  });
}

/** False when it may not be killed, as a command that sudo runs. */
function killGroup(leader: number): boolean {
  try {
    return process.kill(-leader, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Drains the streams; the returned function gives the first line with something in it, shortened for people. */
function collectFirstLine(streams: readonly Readable[]): () => string {
  let text = '';
  for (const stream of streams) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      if (text.length < LONGEST_OUTPUT) text += chunk.slice(0, LONGEST_OUTPUT - text.length);
    });
  }
  return () => {
    const lines = text.split(/[\r\n]+/).map((line) => line.replaceAll(/\p{Cc}/gu, ' ').trim());
    return Array.from(lines.find((line) => line !== '') ?? '')
      .slice(0, LONGEST_LINE)
      .join('');
  };
}
