// `npm run test:homeassistant`: a real Home Assistant core with a real broker and a real Node-RED. Home Assistant is
// installed from the Python package index into .cache/homeassistant; where that, or its Python, cannot be had, the
// tests are skipped and it is said why. LASTGOOD_PYTHON names another Python 3.12.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printReport, suite } from './suite.mjs';

/** The newest core for Python 3.12; it knows MQTT device discovery (core 2024.12 and newer). */
const VERSION = '2025.1.4';
const PYTHON = 'python3.12';
/** pip downloads some 150 MB; a mirror that hangs must not eat the whole budget. */
const INSTALL_LIMIT_MS = 6 * 60_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const venv = join(root, '.cache', 'homeassistant');
const python = join(venv, 'bin', 'python');
const stamp = join(venv, 'lastgood-version');

function say(line) {
  process.stdout.write(`${line}\n`);
}

/** Runs a program quietly; its output, or undefined when it is missing or fails. */
function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: INSTALL_LIMIT_MS });
  return status === 0 ? stdout.trim() : undefined;
}

/** Does this program run as Python 3.12, with what a virtual environment needs? */
function isPython(path) {
  const code = 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2])';
  return path !== undefined && output(path, ['-c', code]) === PYTHON.slice('python'.length);
}

/** Every Python 3.12 that the usual places may have, the likeliest first; the last ones install it. */
function* pythons() {
  yield process.env.LASTGOOD_PYTHON;
  yield PYTHON;
  const pyenv = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  if (existsSync(pyenv)) {
    for (const version of readdirSync(pyenv)) yield join(pyenv, version, 'bin', PYTHON);
  }
  yield output('uv', ['python', 'find', '3.12']);
  if (process.getuid?.() === 0 && (output('apt-cache', ['policy', PYTHON]) ?? '') !== '') {
    output('apt-get', ['install', '-y', '-qq', '--no-install-recommends', PYTHON, `${PYTHON}-venv`]);
    yield PYTHON;
  }
  if (output('uv', ['python', 'install', '3.12']) !== undefined) {
    yield output('uv', ['python', 'find', '3.12']);
  }
}

function pip(...args) {
  const options = { encoding: 'utf8', timeout: INSTALL_LIMIT_MS, stdio: ['ignore', 'pipe', 'pipe'] };
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...args], options);
}

/** Installs Home Assistant unless it is there; why it cannot be had, or undefined. */
function install() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === VERSION) return undefined;
  const found = [...pythons()].find(isPython);
  if (found === undefined) return `no Python 3.12 was found (PATH, pyenv, uv, apt), and ${VERSION} needs it`;
  say(`installing Home Assistant ${VERSION} in .cache/homeassistant with ${found}`);
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(dirname(venv), { recursive: true });
  try {
    execFileSync(found, ['-m', 'venv', venv], { stdio: ['ignore', 'pipe', 'pipe'] });
    // Its constraints are in the package itself; without them pip tries hundreds of versions.
    pip('--no-deps', `homeassistant==${VERSION}`);
    const where = 'import homeassistant, os; print(os.path.dirname(homeassistant.__file__))';
    const constraints = join(output(python, ['-c', where]), 'package_constraints.txt');
    pip('-c', constraints, `homeassistant==${VERSION}`);
    const needs = output(python, [join(root, 'test', 'homeassistant', 'requirements.py')]);
    pip('-c', constraints, ...needs.split('\n'));
  } catch (error) {
    const last = String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .at(-1);
    return `Home Assistant ${VERSION} could not be installed: ${last}`;
  }
  writeFileSync(stamp, VERSION);
  return undefined;
}

execFileSync(process.execPath, [join(root, 'scripts', 'setup.mjs'), 'test'], { stdio: 'inherit' });
const missing = install();
if (missing !== undefined) {
  say('*'.repeat(100));
  say(`NOT TESTED WITH HOME ASSISTANT: ${missing}`);
  say('*'.repeat(100));
}
const started = performance.now();
const env =
  missing === undefined ? { LASTGOOD_HASS: join(venv, 'bin', 'hass') } : { LASTGOOD_NO_HASS: missing };
const report = await suite(['test/homeassistant'], env);
printReport('homeassistant', report, started);
say(`${report.passed} passed, ${report.failures.length} failed, ${report.skipped.length} skipped`);
process.exitCode = report.failures.length === 0 ? 0 : 1;
