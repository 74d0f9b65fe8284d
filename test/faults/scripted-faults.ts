import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FailureClass } from '../../src/lib/failure.ts';

/** What a person is told of a run whose restic misbehaved. */
export type Told =
  | { readonly end: 'succeeded'; readonly maintenanceFailed?: true }
  | { readonly end: 'partial' }
  | { readonly end: 'gave-up'; readonly failureClass: FailureClass };

/** A restic command and what a run with it is to become. */
interface Expected {
  /** Struck by the fault; default `backup`. */
  readonly command?: 'backup' | 'forget' | 'tag' | 'snapshots';
  readonly told: Told;
}

const good: Expected = { told: { end: 'succeeded' } };
const failed = (failureClass: FailureClass): Expected => ({ told: { end: 'gave-up', failureClass } });

/** Faults that end by themselves, as a plan of a real Node-RED meets them; named as in faulty-restic.mjs. */
export const FAULTS_OF_A_FLOW: Readonly<Record<string, Expected>> = {
  'exit 0 and nothing said': failed('unknown'),
  'exit 1': failed('unknown'),
  'exit 2 with a Go panic': failed('unknown'),
  'exit 3 without a snapshot': failed('unknown'),
  'exit 3 with a snapshot': { told: { end: 'partial' } },
  'exit 10': failed('repo-missing'),
  'exit 11': failed('locked'),
  'exit 12': failed('auth'),
  'exit 130': failed('interrupted'),
  'exit 77, which no restic has': failed('unknown'),
  'dies by SIGTERM': failed('interrupted'),
  'dies by SIGKILL': failed('interrupted'),
  'dies by SIGPIPE': failed('interrupted'),
  'dies by SIGHUP': failed('interrupted'),
  'dies by SIGABRT': failed('interrupted'),
  'dies by SIGSEGV': failed('interrupted'),
  'dies by SIGKILL after the snapshot was saved': failed('interrupted'),
  'half a JSON line': failed('unknown'),
  'half a JSON line in the middle': good,
  'a line of 10 MB': good,
  'a line of 10 MB on stderr': failed('unknown'),
  '50 MB on stderr': failed('unknown'),
  '50 MB on stdout, then a good backup': good,
  'binary garbage on both streams': failed('unknown'),
  'invalid UTF-8 in a message': good,
  'JSON that is nested 100,000 deep': good,
  'keys that reach for prototypes': failed('unknown'),
  'numbers that are none': good,
  'fields of the wrong kind': failed('unknown'),
  'output after the summary': good,
  'a second summary that names another snapshot': failed('device-unavailable'),
  'a summary without a snapshot': failed('unknown'),
  'a snapshot that is nowhere': failed('device-unavailable'),
  'a snapshot id of 8 digits that is nowhere': failed('device-unavailable'),
  'a path in the place of a snapshot id': failed('unknown'),
  'an empty text in the place of a snapshot id': failed('unknown'),
  'the success of a repository that went away': failed('device-unavailable'),
  'a snapshot that is removed before anybody looks': failed('device-unavailable'),
  'retries of a drive that is well, then the end': failed('device-unavailable'),
  'retries, then a good backup': good,
  'goes into the background and keeps the pipes': good,
  'closes its streams and ends well': failed('unknown'),
  'forget fails': { command: 'forget', told: { end: 'succeeded', maintenanceFailed: true } },
  'forget dies': { command: 'forget', told: { end: 'succeeded', maintenanceFailed: true } },
  'forget prints garbage': { ...good, command: 'forget' },
  'the tag cannot be set': { command: 'tag', told: { end: 'partial' } },
  'the list of snapshots is garbage': { ...good, command: 'snapshots' },
  'the list of snapshots is endless': { ...good, command: 'snapshots' },
};

/** Faults that end only because we end them, under a clock that tests move. */
export const FAULTS_WITHOUT_END = [
  'ignores SIGINT',
  'silence',
  'silence after the summary',
  'stops itself',
  'closes its streams and stays',
  'status lines that stand still, and retries',
] as const;

const STAND_IN = fileURLToPath(new URL('faulty-restic.mjs', import.meta.url));

/** A restic that commits one fault. */
export interface FaultyRestic {
  /** To be given to a repository as its binary. */
  readonly binary: string;
  readonly folder: string;
  /** What it wrote down, in order. */
  hits(): string[];
  /** The process that it left behind in the background, where that is its fault. */
  daemon(): number | undefined;
}

/** Makes a stand-in in the new folder `folder` that commits `fault` when it is asked for `command`. */
export function faultyRestic(
  folder: string,
  fault: string,
  { command = 'backup', restic = 'restic' }: { command?: string; restic?: string } = {},
): FaultyRestic {
  mkdirSync(folder, { recursive: true });
  const binary = join(folder, 'restic');
  writeFileSync(join(folder, 'script.json'), JSON.stringify({ fault, command, restic }));
  const standIn = `exec '${process.execPath}' '${STAND_IN}' '${folder}' "$@"`;
  writeFileSync(binary, `#!/bin/sh\n[ "$1" = version ] && exec '${restic}' version\n${standIn}\n`);
  chmodSync(binary, 0o755);
  const read = (name: string): string =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
  return {
    binary,
    folder,
    hits: () => read('hits').split('\n').filter(Boolean),
    daemon: () => Number(read('daemon')) || undefined,
  };
}

/** All faults that the stand-in knows. */
export function knownFaults(folder: string): string[] {
  const { binary } = faultyRestic(folder, '');
  const names: string[] = JSON.parse(execFileSync(binary, ['--list'], { encoding: 'utf8' }));
  return names;
}
