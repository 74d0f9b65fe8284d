import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../runtime/node-red.ts';

const LIMIT_MS = 60_000;

/**
 * A real mosquitto on a free port of 127.0.0.1. It keeps retained messages over a restart, as a broker in a house does.
 * Use with `await using`.
 */
export class Mosquitto implements AsyncDisposable {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'lastgood-mosquitto-'));
  #process: ChildProcess | undefined;
  #output = '';

  private constructor(port: number) {
    this.port = port;
    const lines = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'persistence true',
      `persistence_location ${this.#folder}/`,
      // It gives up root for this user where there is one, who could not write in our folder.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
    ];
    writeFileSync(join(this.#folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
  }

  static async start(): Promise<Mosquitto> {
    const mosquitto = new Mosquitto(await freePort());
    await mosquitto.start();
    return mosquitto;
  }

  /** Where mosquitto is on this machine; undefined when it is not installed. */
  static binary(): string | undefined {
    try {
      // Debian keeps it outside a user's PATH.
      const env = { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };
      return execFileSync('sh', ['-c', 'command -v mosquitto'], { env, encoding: 'utf8' }).trim();
    } catch {
      return undefined;
    }
  }

  /** Starts it again after `stop`, on the same port and with what it had kept. */
  async start(): Promise<void> {
    const child = spawn(Mosquitto.binary() ?? 'mosquitto', ['-c', join(this.#folder, 'mosquitto.conf')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    child.on('error', (error) => {
      this.#output += error.message;
    });
    const deadline = performance.now() + LIMIT_MS;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`mosquitto does not listen\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    await ended;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async #answers(): Promise<boolean> {
    return await new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
