// Makes a fresh machine ready: `node scripts/setup.mjs start` or `test`. Quick when nothing is to do.
// Runs before anything is installed, on whatever Node the machine has (20 and newer), so it imports nothing of ours.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const from = (...parts) => join(root, ...parts);

/** How each system's package manager installs one package; only root may (Homebrew: only a user). */
const PACKAGE_MANAGERS = [
  {
    name: 'apt-get',
    asRoot: true,
    prepare: ['update', '-qq'],
    install: ['install', '-y', '-qq', '--no-install-recommends'],
  },
  { name: 'apk', asRoot: true, install: ['add', '--quiet'] },
  { name: 'dnf', asRoot: true, install: ['install', '-y', '--quiet'] },
  { name: 'pacman', asRoot: true, install: ['-S', '--noconfirm', '--needed'] },
  { name: 'brew', asRoot: false, install: ['install', '--quiet'] },
];

/** What the machine must have; `optional`: some tests are skipped without it; `only`: where it is a package. */
const RESTIC = { name: 'restic', commands: ['restic'], why: 'makes the backups; https://restic.net' };
const FOR_TESTS = [
  {
    name: 'chromium',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    why: 'the browser tests drive it',
    optional: true,
  },
  {
    name: 'fonts-noto-cjk',
    present: hasChineseFont,
    why: 'Chinese texts in screenshots',
    optional: true,
    only: 'apt-get',
  },
  {
    name: 'mount',
    commands: ['mount', 'umount'],
    why: 'tests of real mounts',
    optional: true,
    only: 'apt-get',
  },
  {
    name: 'e2fsprogs',
    commands: ['mkfs.ext4'],
    why: 'tests of real mounts',
    optional: true,
    only: 'apt-get',
  },
  {
    name: 'btrfs-progs',
    commands: ['mkfs.btrfs'],
    why: 'tests of real mounts',
    optional: true,
    only: 'apt-get',
  },
  {
    name: 'dosfstools',
    commands: ['mkfs.vfat'],
    why: 'tests of real mounts',
    optional: true,
    only: 'apt-get',
  },
  {
    name: 'mosquitto',
    commands: ['mosquitto'],
    why: 'tests with the MQTT broker of most homes',
    optional: true,
    only: 'apt-get',
  },
  {
    name: 'busybox',
    commands: ['busybox'],
    why: "tests with the shell of Home Assistant's app",
    optional: true,
    only: 'apt-get',
  },
  {
    name: 'smartmontools',
    commands: ['smartctl'],
    why: 'a test of the real smartctl',
    optional: true,
    only: 'apt-get',
  },
  { name: 'curl', commands: ['curl'], why: 'the lines of docs/http.md are run', optional: true },
];

function say(line) {
  process.stdout.write(`setup: ${line}\n`);
}

function onPath(command) {
  // Debian keeps mkfs outside a user's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function hasChineseFont() {
  try {
    return execFileSync('fc-list', [':lang=zh', 'family'], { encoding: 'utf8' }).trim() !== '';
  } catch {
    return false;
  }
}

/** Newest modification time (ms) of a file, or of a folder and all that is in it; 0 when there is none. */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  // The folder's own time counts too: it tells of files that were removed.
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

function installDependencies() {
  const installed = newest(from('node_modules/.package-lock.json'));
  if (installed >= newest(from('package-lock.json')) && installed > 0) return;
  say('installing the dependencies of package-lock.json (npm ci)');
  // Under `npm start` npm tells where it is itself; the `node` of node_modules may vanish while it works.
  const { npm_execpath: npm, npm_node_execpath: node } = process.env;
  const [command, first] = npm && node ? [node, [npm]] : ['npm', []];
  execFileSync(command, [...first, 'ci', '--no-audit', '--no-fund'], { cwd: root, stdio: 'inherit' });
}

function build() {
  // The icons are what a build writes last; without them an earlier build did not finish.
  const finished = existsSync(from('dist/nodes/restic-run/icons'));
  const sources = ['src', 'icons', 'scripts/build.mjs', 'tsconfig.json', 'package-lock.json'];
  const changed = Math.max(...sources.map((source) => newest(from(source))));
  if (finished && statSync(from('dist')).mtimeMs >= changed) return;
  say('building dist/ from src/');
  execFileSync(process.execPath, [from('scripts/build.mjs')], { cwd: root, stdio: 'inherit' });
}

/** Installs what is missing; returns whether it is there in the end. */
function provide(need) {
  const present = () => (need.present ? need.present() : need.commands.some(onPath));
  if (present()) return true;
  const isRoot = process.getuid?.() === 0;
  const manager = PACKAGE_MANAGERS.find(({ name }) => onPath(name) && (need.only ?? name) === name);
  const missing = `${need.name} is missing (${need.why})`;
  if (manager === undefined) {
    if (need.only === undefined) say(`${missing}: please install it`);
    return false;
  }
  const command = [manager.name, ...manager.install, need.name];
  if (manager.asRoot !== isRoot) {
    say(`${missing}: please run  ${manager.asRoot ? 'sudo ' : ''}${command.join(' ')}`);
    return false;
  }
  say(`${missing}: ${command.join(' ')}`);
  try {
    const options = {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    };
    if (manager.prepare) execFileSync(manager.name, manager.prepare, options);
    execFileSync(command[0], command.slice(1), options);
  } catch (error) {
    say(`${error.message.split('\n')[0]}; please install ${need.name} by hand`);
  }
  return present();
}

const purpose = process.argv[2];
if (purpose !== 'start' && purpose !== 'test') {
  say('usage: node scripts/setup.mjs start|test');
  process.exit(2);
}
try {
  installDependencies();
  build();
} catch (error) {
  say(error.message.split('\n')[0]);
  process.exit(1);
}
const needs = purpose === 'test' ? [RESTIC, ...FOR_TESTS] : [RESTIC];
const missing = needs.filter((need) => !provide(need) && need.optional !== true);
if (missing.length > 0) process.exit(1);
