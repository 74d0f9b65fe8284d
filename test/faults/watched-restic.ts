import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Commands that are the work of a run; two of them at once on one repository are two runs at once. */
const WORK: ReadonlySet<string> = new Set(['backup', 'forget', 'prune', 'check', 'tag']);

/**
 * A folder for PATH with a `restic` that becomes the real one (same process), but first notes its start and every other
 * restic that is alive on the same repository, and can be told to wait. The real one is `LASTGOOD_RESTIC`, or that of
 * PATH.
 */
export class WatchedRestic {
  readonly folder: string;
  readonly #log: string;
  readonly #pause: string;

  constructor(parent: string) {
    this.folder = join(parent, 'bin');
    this.#log = join(parent, 'restics');
    this.#pause = join(parent, 'pause');
    mkdirSync(this.folder);
    writeFileSync(this.#log, '');
    const real =
      process.env['LASTGOOD_RESTIC'] ??
      execFileSync('sh', ['-c', 'command -v restic'], { encoding: 'utf8' }).trim();
    const script = `#!/bin/sh
[ "$1" = version ] && exec '${real}' "$@"
for other in /proc/[0-9]*; do
  [ "$other" = "/proc/$$" ] && continue
  read -r name 2>/dev/null <"$other/comm" || continue
  [ "$name" = restic ] || continue
  grep -qzxF "RESTIC_REPOSITORY=$RESTIC_REPOSITORY" "$other/environ" 2>/dev/null || continue
  echo "beside $$ $1 $(tr '\\0' ' ' 2>/dev/null <"$other/cmdline")" >>'${this.#log}'
done
echo "start $$ $1 $RESTIC_REPOSITORY" >>'${this.#log}'
[ -e '${this.#pause}' ] && sleep "$(cat '${this.#pause}')"
exec '${real}' "$@"
`;
    writeFileSync(join(this.folder, 'restic'), script, { mode: 0o755 });
  }

  /** Every restic from now on waits so long before it does anything; undefined: no more. */
  pause(seconds: number | undefined): void {
    if (seconds === undefined) rmSync(this.#pause, { force: true });
    else writeFileSync(this.#pause, String(seconds));
  }

  /** How often a command was started. */
  starts(command: string): number {
    return this.#lines().filter((words) => words[0] === 'start' && words[2] === command).length;
  }

  /** Restics that worked on one repository at the same time. */
  overlaps(): string[] {
    return this.#lines()
      .filter(
        ([kind, , command = '', ...other]) =>
          kind === 'beside' && WORK.has(command) && other.some((word) => WORK.has(word)),
      )
      .map((words) => words.join(' '));
  }

  #lines(): string[][] {
    return readFileSync(this.#log, 'utf8')
      .split('\n')
      .map((line) => line.split(' '));
  }
}
