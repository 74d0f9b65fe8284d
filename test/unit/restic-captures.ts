import { readdirSync, readFileSync } from 'node:fs';
import { OutputCollector } from '../../src/lib/restic/process/collect.ts';
import type { ProcessResult } from '../../src/lib/restic/process/result.ts';

/** One recorded run of restic. */
export interface Capture {
  readonly version: string;
  readonly scenario: string;
  readonly argv: readonly string[];
  /** Negative: killed by that signal. */
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
  /** How a person read it: a failure class, `ok`, `partial`, or `device-unavailable (ghost success)`. */
  readonly class: string;
}

const folder = new URL('../fixtures/restic/', import.meta.url);

/** All recorded runs, of every version that has a file. */
export const captures: readonly Capture[] = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl'))
  .flatMap((name) =>
    readFileSync(new URL(name, folder), 'utf8')
      .trim()
      .split('\n')
      .map((line): Capture => ({ version: name.replace('.jsonl', ''), ...JSON.parse(line) })),
  );

const SIGNALS: Readonly<Record<number, string>> = {
  [-2]: 'SIGINT',
  [-9]: 'SIGKILL',
  [-13]: 'SIGPIPE',
  [-15]: 'SIGTERM',
};

/** What a live run of the capture would have ended as: its output goes through the same collector. */
export function resultOf(capture: Pick<Capture, 'rc' | 'stdout' | 'stderr'>): ProcessResult {
  const collector = new OutputCollector({ redact: (text) => text });
  collector.push('stdout', Buffer.from(capture.stdout));
  collector.push('stderr', Buffer.from(capture.stderr));
  collector.end();
  return {
    ...collector.result(),
    ...(capture.rc >= 0 ? { exitCode: capture.rc } : { signal: SIGNALS[capture.rc] ?? 'SIGUSR1' }),
    killed: false,
    durationMs: 1000,
  };
}

/** The command among restic's arguments, and whether its repository is a folder. */
export function operationOf(argv: readonly string[]): { operation: string; localRepository: boolean } {
  const at = argv.indexOf('-r');
  const repository = at === -1 ? '' : (argv[at + 1] ?? '');
  return {
    operation: argv[at === -1 ? 1 : at + 2] ?? '',
    localRepository: !/^[a-z0-9]+:/.test(repository),
  };
}
