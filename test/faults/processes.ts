import { readdirSync, readFileSync } from 'node:fs';

/** A process as it was seen in /proc. */
export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  /** At most 15 characters. */
  readonly name: string;
  readonly commandLine: string;
  readonly environment: string;
}

/** Looks at all that a process and its descendants start, as often as it can, until it is stopped. */
export class ProcessWatch {
  readonly #root: number;
  readonly #seen: Map<string, SeenProcess> = new Map();
  #running = true;
  readonly #looking: Promise<void>;

  constructor(root: number) {
    this.#root = root;
    this.#looking = this.#look();
  }

  /** Every descendant that was seen. */
  async stop(): Promise<SeenProcess[]> {
    this.#running = false;
    await this.#looking;
    return [...this.#seen.values()];
  }

  async #look(): Promise<void> {
    while (this.#running) {
      const processes = new Map(present().map((one) => [one.pid, one]));
      for (const one of processes.values()) {
        if (!this.#isDescendant(one, processes)) continue;
        if (this.#seen.has(keyOf(one))) continue;
        const environment = read(one.pid, 'environ');
        // It may have become another program just now, and its environment must not be taken for that of the earlier one.
        const now = lookAt(one.pid);
        if (now !== undefined) this.#seen.set(keyOf(now), { ...now, environment });
      }
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
  }

  #isDescendant(one: SeenProcess, processes: ReadonlyMap<number, SeenProcess>): boolean {
    for (let at: SeenProcess | undefined = one; at !== undefined; at = processes.get(at.parent)) {
      if (at.parent === this.#root) return true;
    }
    return false;
  }
}

function present(): SeenProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => lookAt(Number(name)) ?? []);
}

/** Undefined when it has ended. */
function lookAt(pid: number): SeenProcess | undefined {
  const [, name = '', parent] = /\((.*)\) \S (\d+)/s.exec(read(pid, 'stat')) ?? [];
  if (parent === undefined) return undefined;
  return { pid, parent: Number(parent), name, commandLine: read(pid, 'cmdline'), environment: '' };
}

function keyOf({ pid, name, commandLine }: SeenProcess): string {
  return `${pid} ${name} ${commandLine}`;
}

/** Empty when the process has ended. */
function read(pid: number, file: 'stat' | 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
