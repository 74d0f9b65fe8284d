import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

/** A program whose output becomes restic's standard input. */
export interface FeedSpec {
  readonly command: readonly [program: string, ...words: string[]];
  /** All of its environment; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Who hears of a feed. */
export interface FeedListener {
  onStderr(chunk: Uint8Array): void;
  /** It did not bring everything. restic must be stopped before it sees an end of its input. */
  onFailed(): void;
}

/**
 * Pipes a program into restic. The end of restic's input is what makes its snapshot, so it comes only when the program
 * has exited with 0; in any other case restic's input stays open until restic is gone.
 */
export class Feed {
  #pid: number | undefined;
  #over = false;

  async start(spec: FeedSpec, folder: string, input: Writable, listener: FeedListener): Promise<void> {
    // restic may go before the program has said everything.
    input.on('error', () => {});
    const { execa } = await import('execa');
    if (this.#over) return;
    const [program, ...words] = spec.command;
    const child = execa(program, words, {
      cwd: folder,
      env: spec.environment,
      extendEnv: false,
      stdin: 'ignore',
      buffer: false,
      reject: false,
      detached: true,
      cleanup: false,
    });
    this.#pid = child.pid;
    const output: Readable = child.stdout;
    output.pipe(input, { end: false });
    child.stderr.on('data', (chunk: Uint8Array) => listener.onStderr(chunk));
    const [{ exitCode }] = await Promise.all([child, finished(output).catch(() => {})]);
    if (this.#over) return;
    this.#pid = undefined;
    if (exitCode === 0) input.end();
    else listener.onFailed();
  }

  /** restic has ended: nobody wants the rest. */
  end(): void {
    this.#over = true;
    if (this.#pid === undefined) return;
    try {
      process.kill(-this.#pid, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
  }
}
