import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import type { BackupRequest } from '../../src/lib/restic/backup-request.ts';
import { Lanes } from '../../src/lib/restic/lane.ts';
import { runOperation } from '../../src/lib/restic/operations.ts';
import { ResticRepository } from '../../src/lib/restic/repository.ts';
import type { RepositorySettings } from '../../src/lib/restic/repository-settings.ts';
import type { RecordedProcess } from '../../src/lib/system-process.ts';

/** A restic to test with. */
export interface TestRestic {
  readonly name: string;
  readonly path: string;
}

/**
 * All `restic-<version>` in the folder that LASTGOOD_RESTIC_FOLDER names, else the one on PATH. None: the suites that
 * need one say so and skip.
 */
export const RESTICS: readonly TestRestic[] = findRestics();

function findRestics(): TestRestic[] {
  const folder = process.env['LASTGOOD_RESTIC_FOLDER'];
  if (folder !== undefined) {
    const names = readdirSync(folder).filter((name) => /^restic-\d/.test(name));
    return names.toSorted().map((name) => ({ name, path: join(folder, name) }));
  }
  const path = (process.env['PATH'] ?? '').split(':').map((place) => join(place, 'restic'));
  const found = path.find((file) => existsSync(file));
  if (found !== undefined) return [{ name: 'restic', path: found }];
  console.warn('SKIPPED: no restic on PATH, so nothing was tested with a real one');
  return [];
}

export const PASSWORD = 'korrekt pferd 1234';

/** A folder of a test with a repository in it, and what stands around. */
export class Home {
  readonly folder: string;
  readonly restic: TestRestic;

  constructor(restic: TestRestic) {
    this.restic = restic;
    this.folder = mkdtempSync(join(tmpdir(), 'home-'));
    mkdirSync(join(this.folder, 'bin'));
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Writes files, folders included; returns the folder of the first. */
  files(...names: string[]): string {
    for (const name of names) {
      mkdirSync(dirname(this.path(name)), { recursive: true });
      writeFileSync(this.path(name), `content of ${name}`);
    }
    return dirname(this.path(names[0] ?? ''));
  }

  /** A repository (not created) whose restic writes down each command that it is started for. */
  repository(url: string, change: Partial<RepositorySettings> = {}): ResticRepository {
    const settings: RepositorySettings = {
      id: 'test',
      name: 'Test',
      url,
      secrets: { password: PASSWORD, environment: {} },
      binary: this.script('exec "$RESTIC" "$@"'),
      options: [],
      ...change,
    };
    return new ResticRepository(
      settings,
      {
        env: process.env,
        dataFolder: this.path('data'),
        language: 'en-US',
        clock: systemClock,
        logger: { warn: () => undefined },
      },
      new Lanes(),
    );
  }

  /** The same repository, with a restic around which something happens: shell code that uses `$RESTIC "$@"`. */
  around(repository: ResticRepository, code: string): ResticRepository {
    const { settings } = repository;
    return this.repository(settings.url, { ...settings, binary: this.script(code) });
  }

  async created(url: string): Promise<ResticRepository> {
    const repository = this.repository(url);
    const outcome = await runOperation(repository, { kind: 'init' });
    if (outcome.kind !== 'done') throw new Error(`init: ${outcome.failure?.reason}`);
    this.commands();
    return repository;
  }

  /** restic's commands since the last call, one for each process; questions for the version are not among them. */
  commands(): string[] {
    const log = this.path('commands');
    const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
    rmSync(log, { force: true });
    return lines;
  }

  /** restic by hand; its output. */
  run(url: string, ...words: string[]): string {
    return execFileSync(this.restic.path, ['-r', url, ...words], {
      env: { ...process.env, RESTIC_PASSWORD: PASSWORD, RESTIC_CACHE_DIR: this.path('cache') },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  script(code: string): string {
    const folder = mkdtempSync(this.path('bin', 'x'));
    const path = join(folder, 'restic');
    const real = this.restic.path;
    const log = this.path('commands');
    writeFileSync(
      path,
      `#!/bin/sh\nRESTIC='${real}'\n[ "$1" = version ] && exec "$RESTIC" version\necho "$1" >> '${log}'\n${code}\n`,
    );
    chmodSync(path, 0o755);
    return path;
  }
}

/** A backup of `paths` for the plan `docs`, with nothing else asked for. */
export function backupOf(paths: readonly string[], change: Partial<BackupRequest> = {}): BackupRequest {
  return {
    planKey: 'docs',
    runId: 'r1',
    host: 'house',
    paths,
    excludes: [],
    excludeCaches: false,
    oneFileSystem: false,
    tags: [],
    unreadableAccepted: false,
    shrinkLimit: 50,
    retention: {},
    ...change,
  };
}

/** Shell code for `Home.around`: restic is killed as soon as its lock is in the folder `locks`, and leaves it there. */
export function killedWhenLocked(locks: string): string {
  // While it is being written it has another name.
  const locked = `ls '${locks}' 2>/dev/null | grep -q '^[0-9a-f]*$'`;
  return `"$RESTIC" "$@" & pid=$!; until ${locked}; do :; done; kill -9 $pid; wait $pid`;
}

/** Notes a process as that of a restic of ours. */
export async function noteRestic(repository: ResticRepository, process: RecordedProcess): Promise<void> {
  const notes = await repository.leftBehind();
  const start = notes.noteStart(Date.now());
  if (start === undefined) throw new Error('it could not be noted');
  notes.note(process, start);
}

/** A server that speaks restic's REST protocol, version 1, over a local repository folder. */
export async function restServer(folder: string): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const [, type = '', name = ''] = path.split('/');
    const parent =
      type === 'data' && name !== '' ? join(folder, 'data', name.slice(0, 2)) : join(folder, type);
    const file = type === 'config' ? join(folder, 'config') : join(parent, name);
    const end = (status: number, body: string | Uint8Array = ''): void => {
      response.writeHead(status, { 'content-length': Buffer.byteLength(body) });
      response.end(request.method === 'HEAD' ? '' : body);
    };
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (path !== '/' && chunks.length > 0) {
          mkdirSync(dirname(file), { recursive: true });
          writeFileSync(file, Buffer.concat(chunks));
        }
        end(200);
      });
    } else if (request.method === 'DELETE') {
      rmSync(file, { force: true });
      end(200);
    } else if (path.endsWith('/')) {
      const entries = existsSync(parent)
        ? readdirSync(parent, { recursive: type === 'data', withFileTypes: true })
        : [];
      end(200, JSON.stringify(entries.filter((entry) => entry.isFile()).map((entry) => entry.name)));
    } else if (!existsSync(file)) {
      end(404);
    } else {
      const content = readFileSync(file);
      const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
      if (from === undefined) end(200, content);
      else end(206, content.subarray(Number(from), to === '' ? undefined : Number(to) + 1));
    }
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return { url: `rest:http://127.0.0.1:${port}/`, close: () => server.close() };
}
