import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'vitest';
import { freePort } from './node-red.ts';

/** Where the mosquitto of this machine is; Debian keeps it outside a user's PATH. */
function mosquittoPath(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders
    .map((folder) => join(folder, 'mosquitto'))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Skips a test, saying so, on a machine without mosquitto. */
export function needsMosquitto(context: TestContext): void {
  context.skip(mosquittoPath() === undefined, 'no mosquitto on this machine');
}

/** A real mosquitto on a free port of 127.0.0.1, as the broker of most homes. Use with `await using`. */
export class Mosquitto implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'lastgood-mosquitto-'));
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<Mosquitto> {
    const broker = new Mosquitto(await freePort());
    await broker.start();
    return broker;
  }

  /** Starts it, or starts it again on the same port. What it kept is gone: it has no file for it. */
  async start(): Promise<void> {
    const path = mosquittoPath();
    if (path === undefined) throw new Error('no mosquitto on this machine');
    const settings = join(this.#folder, 'mosquitto.conf');
    writeFileSync(settings, `listener ${this.port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
    const child = spawn(path, ['-c', settings], { stdio: 'ignore' });
    this.#child = child;
    while (!(await listens(this.port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended with exit code ${child.exitCode}`);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
    });
    child.kill('SIGTERM');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function listens(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => setTimeout(() => resolve(false), 50));
  });
}
