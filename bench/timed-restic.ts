import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A script in the place of restic that writes down when it was started, and becomes restic. It costs a start of bash. */
export class TimedRestic {
  readonly path: string;
  readonly #log: string;

  constructor(folder: string) {
    this.path = join(folder, 'timed-restic');
    this.#log = join(folder, 'started');
    const restic = execFileSync('which', ['restic'], { encoding: 'utf8' }).trim();
    const script = `#!/bin/bash\necho "$EPOCHREALTIME $*" >> '${this.#log}'\nexec '${restic}' "$@"\n`;
    writeFileSync(this.path, script);
    chmodSync(this.path, 0o755);
    this.forget();
  }

  forget(): void {
    rmSync(this.#log, { force: true });
  }

  /** When the only `restic backup` since `forget` was started, as Date.now(). */
  backupStarted(): number {
    const starts = readFileSync(this.#log, 'utf8')
      .split('\n')
      .filter((line) => line.includes(' backup '));
    if (starts.length !== 1) throw new Error(`restic backup was started ${starts.length} times`);
    return Number.parseFloat(starts[0] ?? '') * 1000;
  }
}
