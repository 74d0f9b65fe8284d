import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Installed beside each other under these names; see package.json. */
export type Version = 'homebridge' | 'homebridge-1.11' | 'homebridge-1.8';

export const PIN = '031-45-154';
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** A real Homebridge in a process and a folder of its own. */
export class Homebridge {
  /** All it has printed, without colours. */
  output = '';
  readonly username: string;
  readonly #version: Version;
  readonly #folder: string;
  readonly #plugins: string;
  readonly #waiting = new Set<() => void>();
  #child: ChildProcess | null = null;
  #others: readonly Record<string, unknown>[] = [];

  /** @param number tells bridges of one test file apart; @param plugins the folder of plugins */
  constructor(version: Version, number: number, plugins: string) {
    this.#version = version;
    this.#plugins = plugins;
    const last = [process.pid >> 8, process.pid, number].map((part) =>
      (part & 0xff).toString(16).padStart(2, '0'),
    );
    this.username = `0E:4C:47:${last.join(':').toUpperCase()}`;
    this.#folder = mkdtempSync(join(tmpdir(), 'lastgood-homebridge-'));
  }

  /** Another plugin puts so many accessories on the bridge; to be said before {@link configure}. */
  crowd(count: number): void {
    this.#others = [{ platform: 'Crowd', name: 'Crowd', count }];
  }

  /** Writes config.json; without a platform the plugin is installed and not configured. */
  configure(platform?: Record<string, unknown>): void {
    const ours = platform === undefined ? [] : [{ platform: 'LastgoodRestic', name: 'Backups', ...platform }];
    const config = {
      bridge: {
        name: 'Test Bridge',
        username: this.username,
        pin: PIN,
        advertiser: 'ciao',
        bind: ['lo'],
      },
      accessories: [],
      platforms: [...this.#others, ...ours],
    };
    writeFileSync(join(this.#folder, 'config.json'), JSON.stringify(config));
  }

  /** What Homebridge keeps in its folder. */
  read(...path: readonly string[]): string {
    return readFileSync(join(this.#folder, ...path), 'utf8');
  }

  /** Starts; the port on which Apple's side finds it. */
  async start(environment: Record<string, string> = {}): Promise<number> {
    const manifest: { bin: { homebridge: string } } = JSON.parse(
      readFileSync(join(modules, this.#version, 'package.json'), 'utf8'),
    );
    const binary = join(modules, this.#version, manifest.bin.homebridge);
    const flags = ['-U', this.#folder, '-P', this.#plugins, '--strict-plugin-resolution', '-Q', '-T'];
    const from = this.output.length;
    const child = spawn(process.execPath, [binary, ...flags], {
      cwd: this.#folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: this.#folder,
        FORCE_COLOR: '0',
        TZ: 'UTC',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        // oxlint-disable-next-line no-control-regex -- colours
        this.output += text.replaceAll(/\u001B\[\d+m/g, '');
        for (const wake of this.#waiting) wake();
      });
    }
    child.on('exit', () => {
      for (const wake of this.#waiting) wake();
    });
    const [, port] = await this.printed(/is running on port (\d+)/, from);
    return Number(port);
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits until something is printed; with what was said until then if it is not. */
  async printed(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const match = pattern.exec(this.output.slice(from));
      if (match !== null) return match;
      const left = deadline - Date.now();
      if (left <= 0 || !this.isRunning) {
        throw new Error(
          `Homebridge ${this.isRunning ? 'did not print' : 'ended before it printed'} ${pattern}:\n${this.output}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  /** Ends it by a signal and waits for its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === null || !this.isRunning) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Ends it and removes its folder. */
  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
