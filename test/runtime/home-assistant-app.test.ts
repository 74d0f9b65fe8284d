import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, type TestContext, test } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { mainFlow, untilReady, untilState, untilWaiting } from './main-flow.ts';
import { freePort, NodeRed } from './node-red.ts';
import { Home } from './restic.ts';

// What docs/home-assistant.md says of the Node-RED app, as far as it can be run outside of it.

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where the app's shell is; undefined without BusyBox. */
const busybox: string | undefined = (() => {
  const { status, stdout } = spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
})();

function needsBusyBox(context: TestContext): void {
  context.skip(busybox === undefined, 'no busybox on this machine');
}

/** The only entry of `init_commands` in a text, as YAML folds it: one line. */
function initCommand(file: string): string {
  const text = readFileSync(join(root, file), 'utf8').replaceAll('\\n', '\n');
  const [, folded = ''] = /^init_commands:\n {2}- >-\n((?: {4}.*\n?)+)/m.exec(text) ?? [];
  // In a JSON file the text ends with a quotation mark.
  const lines = (folded.split('"')[0] ?? '').split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}

const DOCUMENTS = ['docs/home-assistant.md', 'docs/home-assistant.zh-CN.md', 'README.md', 'README.zh-CN.md'];

test('the line that installs restic is the same wherever it is told', () => {
  const [first, ...others] = [
    ...DOCUMENTS,
    'src/lib/locales/en-US/failures.json',
    'src/lib/locales/zh-CN/failures.json',
  ].map(initCommand);
  expect(first).toMatch(/^\[ -x \/config\/bin\/restic \]/);
  expect(new Set(others)).toEqual(new Set([first]));
});

test.for(['ash', 'bash'])(
  'with %s the line installs restic once, and never keeps the app from starting',
  (shell, context) => {
    if (shell === 'ash') needsBusyBox(context);
    const folder = mkdtempSync(join(tmpdir(), 'lastgood-app-'));
    try {
      const at = (...names: string[]): string => join(folder, ...names);
      for (const name of ['bin', 'usr/bin', 'config']) mkdirSync(at(name), { recursive: true });
      // `apk`: installs when there is internet.
      writeFileSync(
        at('bin/apk'),
        `#!/bin/sh\necho "$@" >> ${at('apk.log')}\n[ -e ${at('online')} ] && cp ${at('package')} ${at('usr/bin/restic')}\n`,
      );
      writeFileSync(at('package'), '#!/bin/sh\necho restic\n');
      for (const name of ['bin/apk', 'package']) chmodSync(at(name), 0o755);
      const line = initCommand(DOCUMENTS[0] ?? '')
        .replaceAll('/config/', `${at('config')}/`)
        .replaceAll(' /usr/bin/', ` ${at('usr/bin')}/`);
      const [program = '', ...words] = shell === 'ash' ? [busybox ?? '', 'sh', '-e'] : ['bash', '-e'];
      // The app reads the line and evaluates it; a result other than 0 ends its start.
      const start = (): void => {
        execFileSync(program, [...words, '-c', 'eval "$1"', 'start', line], {
          env: { PATH: `${at('bin')}:${process.env['PATH'] ?? ''}` },
          stdio: 'ignore',
        });
      };
      const kept = at('config/bin/restic');

      start();
      expect(existsSync(kept)).toBe(false);
      writeFileSync(at('online'), '');
      start();
      expect(execFileSync(kept, { encoding: 'utf8' })).toBe('restic\n');
      // The container is a new one, without internet.
      rmSync(at('online'));
      rmSync(at('usr/bin/restic'));
      start();
      expect(execFileSync(kept, { encoding: 'utf8' })).toBe('restic\n');
      expect(readFileSync(at('apk.log'), 'utf8')).toBe('add --no-cache restic\n'.repeat(2));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test('an empty context after each start loses no success, no debt, no pause and no retry that waits', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start({ contextStorage: 'memory' });
  await nodeRed.deploy(mainFlow(home));
  await untilReady(nodeRed);
  await nodeRed.inject('ask');
  await nodeRed.next('good');
  home.unplug();
  await nodeRed.inject('ask');
  const before = await untilWaiting(nodeRed);

  await nodeRed.restart();
  await untilReady(nodeRed);
  const after = await untilWaiting(nodeRed);
  const kept = ({ lastSuccess, dueAt, pending, run }: PlanState): unknown => ({
    lastSuccess,
    dueAt,
    pending,
    run: run?.id,
  });
  expect(kept(after)).toEqual(kept(before));
  await nodeRed.inject('ask', { payload: { command: 'pause', for: '12h' } });
  const { paused } = await untilState(nodeRed, (state) => state.paused !== null);
  await nodeRed.restart();
  await untilReady(nodeRed);
  expect((await untilState(nodeRed, (state) => state.paused !== null)).paused).toEqual(paused);
});

test('the cache survives, and Home Assistant leaves it out of its backups', async () => {
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(mainFlow(home));
  await untilReady(nodeRed);
  await nodeRed.inject('ask');
  await nodeRed.next('good');
  const cache = join(nodeRed.userDir, 'node_modules', '.cache', 'lastgood');
  expect(existsSync(cache)).toBe(true);
  writeFileSync(join(nodeRed.userDir, 'package.json'), '{"name":"node-red-project","version":"0.0.1"}');
  const npm = (...words: string[]): string =>
    execFileSync('npm', [...words, '--offline', '--no-audit', '--no-fund'], {
      cwd: nodeRed.userDir,
      encoding: 'utf8',
    });
  // The app does so at each start.
  npm('uninstall', 'something-that-is-not-there');
  expect(existsSync(cache)).toBe(true);
});

test('a stop by BusyBox and npm in the middle of a backup is over within the ten seconds that the app has', async (context) => {
  needsBusyBox(context);
  using home = await Home.make();
  // Enough for restic to be at it: nothing gets into the repository at 100 kB a second.
  home.write({ 'big.bin': Array.from({ length: 40_000 }, () => Math.random().toString(36)).join('') });
  const flows = mainFlow(home, {
    repository: { uploadLimit: 20, passwordSource: 'file', passwordFile: home.passwordFile },
  });
  await using app = await App.start(flows);
  await app.until('the plan to be ready', ({ state }) => state !== undefined);
  await app.request('POST', 'inject/ask');
  await app.until('restic to run', ({ state }) => state?.run?.phase === 'backing-up');

  expect(await app.stop()).toBe('stopped');
  // The faster line of the next night.
  await app.startAgain(
    mainFlow(home, { repository: { passwordSource: 'file', passwordFile: home.passwordFile } }),
  );
  const { state } = await app.until(
    'a good backup, and the end of its run',
    (now) => now.state?.lastSuccessAt != null && now.state.run === null,
  );
  expect(state?.history).toMatchObject([{ failureClass: 'interrupted' }, { outcome: 'succeeded' }]);
  expect(await home.snapshots()).toHaveLength(1);
  expect((await home.restic('list', 'locks', '--no-lock')).trim()).toBe('');
});

/** What the Supervisor waits before it kills the app. */
const STOP_LIMIT_MS = 10_000;
const LIMIT_MS = 60_000;

/** Node-RED as the app starts it: by npm, whose scripts BusyBox runs, with the app's settings and no context store. */
class App implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'lastgood-app-'));
  readonly #port: number;
  #npm: ChildProcess | undefined;
  #log = '';

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(flows: readonly object[]): Promise<App> {
    const app = new App(await freePort());
    const at = (...names: string[]): string => join(app.#folder, ...names);
    mkdirSync(at('config'));
    symlinkSync(busybox ?? '', at('sh'));
    const nodeRed = process.env['LASTGOOD_NODE_RED'] ?? join(root, 'node_modules/node-red');
    const node = process.env['LASTGOOD_NODE'] ?? process.execPath;
    const start = `${node} ${join(nodeRed, 'red.js')} --settings ${at('settings.cjs')}`;
    writeFileSync(at('package.json'), JSON.stringify({ name: 'app', scripts: { start } }));
    writeFileSync(at('.npmrc'), `script-shell=${at('sh')}\nupdate-notifier=false\n`);
    const settings = {
      userDir: at('config'),
      nodesDir: [root],
      flowFile: 'flows.json',
      uiHost: '127.0.0.1',
      uiPort: app.#port,
      httpNodeRoot: '/endpoint',
      credentialSecret: 'only for tests',
      telemetry: { enabled: false, updateNotification: false },
    };
    const probe = 'functionGlobalContext: { probe: () => undefined }';
    writeFileSync(at('settings.cjs'), `module.exports = { ...${JSON.stringify(settings)}, ${probe} };`);
    await app.startAgain(flows);
    return app;
  }

  async startAgain(flows: readonly object[]): Promise<void> {
    writeFileSync(join(this.#folder, 'config', 'flows.json'), JSON.stringify(flows));
    const child = spawn('npm', ['start'], {
      cwd: this.#folder,
      env: { PATH: process.env['PATH'], HOME: this.#folder, LANG: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#npm = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
      });
    }
  }

  /** SIGTERM to npm alone, as Docker sends it to the app's first process, and SIGKILL after the app's time. */
  async stop(): Promise<'stopped' | 'killed'> {
    const child = this.#npm;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return 'stopped';
    const { pid } = child;
    // The output is open as long as anything of the app lives.
    const over = new Promise<'stopped'>((resolve) => child.once('close', () => resolve('stopped')));
    child.kill('SIGTERM');
    let limit: NodeJS.Timeout | undefined;
    const tooLate = new Promise<'killed'>((resolve) => {
      limit = setTimeout(() => {
        process.kill(-pid, 'SIGKILL');
        resolve('killed');
      }, STOP_LIMIT_MS);
    });
    const how = await Promise.race([over, tooLate]);
    clearTimeout(limit);
    return how;
  }

  async request(method: 'GET' | 'POST', path: string): Promise<unknown> {
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
    const response = await fetch(`http://127.0.0.1:${this.#port}/${path}`, {
      method,
      headers,
      ...(method === 'POST' ? { body: '{}' } : {}),
    });
    const text = await response.text();
    return response.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : text;
  }

  /** Waits until what can be seen from outside is as wanted. Nobody tells of it, so it is looked at often. */
  async until(
    what: string,
    wanted: (seen: { state: PlanState | undefined }) => boolean,
  ): Promise<{ state: PlanState | undefined }> {
    const deadline = performance.now() + LIMIT_MS;
    for (;;) {
      const state = await this.#state();
      if (wanted({ state })) return { state };
      if (performance.now() > deadline) throw new Error(`${what}: ${JSON.stringify(state)}\n${this.#log}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #state(): Promise<PlanState | undefined> {
    try {
      const answer = (await this.request('GET', 'context/flow/tab/backup_documents')) as { msg?: string };
      return JSON.parse(answer.msg ?? '') as PlanState;
    } catch {
      // It is still starting.
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
