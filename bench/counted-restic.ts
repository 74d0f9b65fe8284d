import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One restic process as the counting restic saw it. */
export interface CountedProcess {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingFolder: string;
  /** CPU of restic and of the script around it. */
  readonly cpuSeconds: number;
}

/** A script in the place of restic that runs it and writes down how. It costs a shell, so it is no part of timed runs. */
export class CountedRestic {
  readonly path: string;
  readonly #log: string;

  constructor(folder: string) {
    this.path = join(folder, 'counted-restic');
    this.#log = join(folder, 'counted');
    const restic = execFileSync('which', ['restic'], { encoding: 'utf8' }).trim();
    // Written when restic has ended, under a name that sorts by time.
    const script = `#!/bin/sh
cat /proc/$$/environ > '${this.#log}'/$$.environment
'${restic}' "$@"
code=$?
printf '%s\\0' "$PWD" "$@" > '${this.#log}'/$$.arguments
times > '${this.#log}'/$$.times
exit $code
`;
    writeFileSync(this.path, script);
    chmodSync(this.path, 0o755);
    this.forget();
  }

  forget(): void {
    rmSync(this.#log, { recursive: true, force: true });
    mkdirSync(this.#log);
  }

  /** Every restic process that ended since `forget`, by its number. */
  processes(): CountedProcess[] {
    const pids = readdirSync(this.#log).flatMap((name) => /^(\d+)\.times$/.exec(name)?.[1] ?? []);
    return pids
      .toSorted((a, b) => Number(a) - Number(b))
      .map((pid) => {
        const [workingFolder = '', ...args] = this.#read(`${pid}.arguments`).slice(0, -1).split('\0');
        const variables = this.#read(`${pid}.environment`).slice(0, -1).split('\0');
        const pairs = variables.map((variable) => variable.split(/=(.*)/s).slice(0, 2));
        const environment: Record<string, string> = Object.fromEntries(pairs);
        return { arguments: args, environment, workingFolder, cpuSeconds: this.#cpu(pid) };
      });
  }

  /** sh prints user and system time, of itself and of its children, as `0m0.020s`. */
  #cpu(pid: string): number {
    const values = this.#read(`${pid}.times`).matchAll(/(\d+)m([\d.]+)s/g);
    return [...values].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
  }

  #read(name: string): string {
    return readFileSync(join(this.#log, name), 'utf8');
  }
}
