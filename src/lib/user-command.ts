import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { aborted, limited } from './limit.ts';

/** A command that a person wrote in a dialog, started without a shell. */
export interface UserCommand {
  readonly command: readonly [program: string, ...words: string[]];
  /** All of its environment; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingFolder: string;
  /** Killed after so long, ms, with all that it started. */
  readonly timeoutMs: number;
  /** Aborted: killed. */
  readonly signal?: AbortSignal;
}

/** How a command ended. `line`: the first line of its output with something in it, at most 200 characters. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly line: string }
  | { readonly kind: 'killed'; readonly signal: string; readonly line: string }
  | { readonly kind: 'not-started'; readonly code: string }
  | { readonly kind: 'aborted' }
  /** `stopped` is false when it cannot be killed: it hangs in a call to a dead drive, or runs as somebody else. */
  | { readonly kind: 'too-long'; readonly stopped: boolean }
  /** The same command was stopped before and has not ended; it was not started again. */
  | { readonly kind: 'hanging' };

const LONGEST_LINE = 200;
/** Characters of output that are kept to find a line in; the rest is read and thrown away. */
const LONGEST_OUTPUT = 4096;
/** Something that the command left behind may hold its output open after it ended. */
const OUTPUT_AFTER_EXIT_MS = 200;
/** From a kill to the end of a process that can be killed. */
const DEATH_MS = 2000;

/** Commands that were killed and have not ended. */
const hanging = new Set<string>();

/** What opens Home Assistant and Node-RED's credentials is no business of a command. */
const SECRET_VARIABLES: ReadonlySet<string> = new Set([
  'SUPERVISOR_TOKEN',
  'HASSIO_TOKEN',
  'NODE_RED_CREDENTIAL_SECRET',
]);

/** Our own environment, as a person's command may have it. */
export function commandEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !SECRET_VARIABLES.has(name)) environment[name] = value;
  }
  return environment;
}

/** Runs a command to its end, its time limit or the abort. Never rejects. */
export async function runUserCommand(request: UserCommand): Promise<CommandEnd> {
  const id = JSON.stringify(request.command);
  if (hanging.has(id)) return { kind: 'hanging' };
  if (isAborted(request.signal)) return { kind: 'aborted' };
  if (hasNul(request.command)) return { kind: 'not-started', code: 'EINVAL' };
  const { execa } = await import('execa');
  const [program, ...words] = request.command;
  // Detached: a process group of its own, which can be killed as a whole.
  const child = execa(program, words, {
    cwd: request.workingFolder,
    env: request.environment,
    extendEnv: false,
    detached: true,
    cleanup: false,
    stdin: 'ignore',
    buffer: false,
    reject: false,
  });
  const firstLine = collectFirstLine([child.stdout, child.stderr]);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = aborted(limited(request));

  await Promise.race([child, exited.then(() => delay(OUTPUT_AFTER_EXIT_MS)), stop]);
  child.stdout.destroy();
  child.stderr.destroy();
  if (child.pid === undefined) return { kind: 'not-started', code: (await child).code ?? '' };
  const { exitCode } = child;
  if (exitCode !== null) return { kind: 'exited', exitCode, line: firstLine() };
  if (child.signalCode !== null) return { kind: 'killed', signal: child.signalCode, line: firstLine() };
  hanging.add(id);
  void exited.then(() => hanging.delete(id));
  killGroup(child.pid);
  const stopped = await Promise.race([exited.then(() => true), delay(DEATH_MS, false)]);
  if (stopped && isAborted(request.signal)) return { kind: 'aborted' };
  return { kind: 'too-long', stopped };
}

/** No program can be given a NUL; to try throws an error that quotes the word. */
function hasNul(words: readonly string[]): boolean {
  return words.some((word) => word.includes('\0'));
}

/** A function, because it changes while we wait. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Run by sudo as somebody else.
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
