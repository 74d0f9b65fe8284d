// `npm start`: Node-RED with examples/flows.json in a throw-away user directory, and the story of one good backup told
// line by line. Stays open for playing; `--exit` ends after the backup and a `restic check`. PORT chooses the port.
import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const exitAfterBackup = process.argv.includes('--exit');
const port = Number(process.env.PORT ?? 1880);
/** How long the story may take. */
const LIMIT_MS = 120_000;
/** So that a person can follow. */
const READING_MS = exitAfterBackup ? 500 : 2500;

const flow = JSON.parse(readFileSync(join(root, 'examples', 'flows.json'), 'utf8'));
const tab = flow.find(({ type }) => type === 'tab').id;
const plan = flow.find(({ type }) => type === 'backup-plan');
const named = (type, name) => flow.find((node) => node.type === type && node.name === name).id;

const folder = mkdtempSync(join(tmpdir(), 'lastgood-example-'));
const userDir = join(folder, 'node-red');
const passwordFile = join(folder, 'password');
const repository = join(folder, 'plugged-in', 'usb-drive', 'repository');
const logFile = join(folder, 'node-red.log');

function say(line = '') {
  const time = line === '' ? '' : `${new Date().toLocaleTimeString('en-GB')}  `;
  process.stdout.write(`${time}${line}\n`);
}

/** Something that a person must know; ends the story without a stack trace. */
class Ending extends Error {}

/** Documents to back up, a drive in a drawer, a password: all that the example needs. */
function furnish() {
  for (const path of ['documents/photos', 'drawer/usb-drive', 'plugged-in', 'node-red']) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  writeFileSync(join(folder, 'drawer/usb-drive/this-is-the-backup-drive'), '');
  writeFileSync(join(folder, 'documents/letter.txt'), 'Dear grandmother, all our pictures are safe.\n');
  for (let day = 1; day <= 20; day++) {
    writeFileSync(
      join(folder, `documents/photos/day-${day}.raw`),
      Buffer.alloc(500_000, `picture of day ${day} `),
    );
  }
  writeFileSync(passwordFile, 'example only, not a secret\n', { mode: 0o600 });
  cpSync(join(root, 'examples', 'flows.json'), join(userDir, 'flows.json'));
  const settings = {
    uiHost: '127.0.0.1',
    uiPort: port,
    flowFile: 'flows.json',
    credentialSecret: 'example only',
    nodesDir: [root],
    telemetry: { enabled: false, updateNotification: false },
    externalModules: { palette: { allowInstall: false } },
    editorTheme: { tours: false, palette: { catalogues: [] } },
  };
  writeFileSync(join(userDir, 'settings.js'), `module.exports = ${JSON.stringify(settings, null, 2)};\n`);
}

/** Refuses a port where something answers already: it could be somebody's own Node-RED. */
async function needFreePort() {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const other = `PORT=${port + 1} npm start`;
      reject(
        new Ending(`Port ${port} of this machine cannot be used (${error.code}). Choose another: ${other}`),
      );
    });
    server.listen(port, '127.0.0.1', () => server.close(resolve));
  });
}

let nodeRed;
/** Resolves once Node-RED has ended.
 * @type {Promise<unknown>} */
let ended;

function startNodeRed() {
  const log = createWriteStream(logFile);
  // Node-RED 5 needs a newer Node.js than some machines have; the project brings one.
  const node = join(root, 'node_modules', '.bin', 'node');
  nodeRed = spawn(node, [join(root, 'node_modules', 'node-red', 'red.js'), '--userDir', userDir], {
    env: { ...process.env, LASTGOOD_EXAMPLE_FOLDER: folder, LASTGOOD_EXAMPLE_PASSWORD_FILE: passwordFile },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  nodeRed.stdout.pipe(log);
  nodeRed.stderr.pipe(log);
  ended = new Promise((resolve) => {
    nodeRed.once('exit', resolve);
  });
}

async function ask(method, path) {
  const response = await fetch(`http://127.0.0.1:${port}/${path}`, {
    method,
    headers: { Accept: 'application/json' },
  });
  if (!response.ok) throw new Ending(`Node-RED answered ${response.status} to ${method} /${path}`);
  const text = await response.text();
  return text.startsWith('{') ? JSON.parse(text) : text;
}

/** Looks every 200 ms until `look` returns something. */
async function until(what, deadline, look) {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Ending(`${what} did not come within ${LIMIT_MS / 1000} s`);
    await Promise.race([pause(200), ended]);
    if (nodeRed.exitCode !== null) {
      throw new Ending(`Node-RED ended.\n${readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n')}`);
    }
  }
}

/** The plan's public state, as any function node of the tab can read it. */
async function planState() {
  const { msg, format } = await ask('GET', `context/flow/${tab}/backup_${plan.key}`);
  return msg === undefined || format === 'undefined' ? undefined : JSON.parse(msg);
}

/** Presses the button of an inject node of the example. */
async function press(name) {
  await ask('POST', `inject/${named('inject', name)}`);
}

/** Tells what changed in a plan's state, in words. */
function narrator() {
  let told = '';
  let toldAttempts = 0;
  return (state) => {
    const attempts = state.history.filter(({ outcome }) =>
      ['blocked', 'failed', 'succeeded', 'partial'].includes(outcome),
    );
    for (const { attempt, outcome, reason } of attempts.slice(toldAttempts)) {
      say(`  attempt ${attempt}: ${outcome}${reason === '' ? '' : `: ${reason}`}`);
    }
    toldAttempts = attempts.length;
    if (state.why !== '' && state.why !== told) say(`  ${state.why}`);
    told = state.why;
  };
}

async function play() {
  const deadline = performance.now() + LIMIT_MS;
  startNodeRed();
  await until('The editor', deadline, () =>
    ask('GET', 'settings').then(
      (answer) => answer,
      (error) => {
        if (error instanceof Ending) throw error;
        return undefined;
      },
    ),
  );
  say(`Node-RED is open: http://127.0.0.1:${port}/#flow/${tab}`);
  await until('The plan', deadline, planState);

  say('The drive is plugged in, and a restic repository created on it.');
  await press('plug the drive in');
  await until('The drive', deadline, () => isPluggedIn() || undefined);
  await press('create the repository');
  await until('The repository', deadline, isCreated);

  say('The drive is unplugged. Now a backup is asked for.');
  await press('unplug the drive');
  await until('The drive to be gone', deadline, () => !isPluggedIn() || undefined);
  await press('back up now');
  const tell = narrator();
  const story = async (what, wanted) => {
    await until(what, deadline, async () => {
      const state = await planState();
      if (state !== undefined) tell(state);
      return state !== undefined && wanted(state) ? true : undefined;
    });
  };
  await story('The wait for the drive', ({ pending }) => pending !== null);
  await pause(READING_MS);

  say('The drive is plugged in.');
  await press('plug the drive in');
  await story('A good backup', ({ lastSuccess, run }) => lastSuccess !== null && run === null);
  const { lastSuccess, dueAt } = await planState();
  say(
    `Last good backup: ${lastSuccess.at}, snapshot ${lastSuccess.snapshotId.slice(0, 8)}. The next one is due ${dueAt}.`,
  );
  say(`That is kept in a journal, and in the tab's flow context as backup_${plan.key}.`);
  return lastSuccess.snapshotId;
}

/** Runs restic on the example's repository; its output, or undefined when it fails. */
function restic(...args) {
  try {
    const env = { ...process.env, RESTIC_PASSWORD_FILE: passwordFile };
    return execFileSync('restic', ['--no-cache', '-r', repository, ...args], {
      env,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch {
    return undefined;
  }
}

/** Whether the pretend drive is plugged in; the flow's exec nodes take a moment to move it. */
function isPluggedIn() {
  return existsSync(dirname(repository));
}

/** `true` once restic can read the repository. */
function isCreated() {
  return existsSync(join(repository, 'config')) && restic('snapshots', '--no-lock') !== undefined
    ? true
    : undefined;
}

let cleaning;
/** Ends Node-RED, removes everything, and ends this process. */
function end(code) {
  cleaning ??= (async () => {
    nodeRed?.kill('SIGTERM');
    await Promise.race([ended, pause(20_000)]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    process.exit(code);
  })();
  return cleaning;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(0));

try {
  await needFreePort();
  say(`The example lives in ${folder} and is removed at the end.`);
  furnish();
  const snapshotId = await play();
  if (exitAfterBackup) {
    if (restic('check') === undefined) throw new Ending('restic check found the repository damaged');
    say('restic check: no errors were found.');
    process.stdout.write(`${snapshotId}\n`);
    await end(0);
  }
  say('Your turn: press the buttons in the editor. Ctrl-C ends Node-RED and removes the example.');
  await ended;
  await end(1);
} catch (error) {
  if (cleaning === undefined) {
    process.stderr.write(`${error instanceof Ending ? error.message : error.stack}\n`);
    await end(1);
  }
}
