// Fetches the restics of Debian's present and coming releases for the tests that try several versions, and prints the
// folder with `restic-<version>` files. It asks the archive that this system's own apt is set up for, with an apt state
// of its own under node_modules/.cache; nothing of the system is changed. Elsewhere than on Debian it says why and fails.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Debian's names for its present release and for the one that is being made. */
const SUITES = ['stable', 'unstable'];
const SOURCES = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, 'node_modules', '.cache');
const destination = join(cache, 'restics');

/** Address of the archive that apt is set up for; undefined when this is no Debian. */
function archive() {
  if (!/^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))) return undefined;
  const lines = SOURCES.filter((file) => existsSync(file)).flatMap((file) =>
    readFileSync(file, 'utf8').split('\n'),
  );
  const addresses = lines.flatMap((line) => /^(?:URIs: *|deb (?:\[[^\]]*\] )?)(\S+)/.exec(line)?.[1] ?? []);
  return addresses.find((address) => !address.includes('security'));
}

/** An apt that knows nothing of the system's state but which packages are installed; its environment. */
function privateApt(folder, address) {
  const from = (...parts) => join(folder, ...parts);
  for (const made of ['etc/apt.conf.d', 'etc/preferences.d', 'state/lists/partial', 'cache/archives/partial'])
    mkdirSync(from(made), { recursive: true });
  const sources = SUITES.map((suite) => `deb [signed-by=${KEYRING}] ${address} ${suite} main\n`);
  writeFileSync(from('sources.list'), sources.join(''));
  const settings = {
    'Dir::Etc': from('etc'),
    'Dir::Etc::SourceList': from('sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State': from('state'),
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': from('cache'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '20',
    'APT::Sandbox::User': '',
    // The tests run on machines with a wrong clock as well.
    'Acquire::Check-Valid-Until': 'false',
    'Acquire::Check-Date': 'false',
  };
  writeFileSync(
    from('apt.conf'),
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(''),
  );
  return { ...process.env, APT_CONFIG: from('apt.conf') };
}

function fetchInto(folder, address) {
  const env = privateApt(join(folder, 'apt'), address);
  const run = (command, args, options = {}) =>
    execFileSync(command, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options });
  run('apt-get', ['-qq', 'update'], { timeout: 120_000 });
  for (const suite of SUITES) {
    const place = join(folder, suite);
    mkdirSync(place);
    run('apt-get', ['-qq', 'download', `restic/${suite}`], { cwd: place, timeout: 120_000 });
    const [name = ''] = readdirSync(place);
    const version = run('dpkg-deb', ['-f', name, 'Version'], { cwd: place }).replace(/[-+].*/s, '');
    run('dpkg-deb', ['-x', name, 'x'], { cwd: place });
    const restic = join(folder, `restic-${version}`);
    copyFileSync(join(place, 'x', 'usr', 'bin', 'restic'), restic);
    chmodSync(restic, 0o755);
    // One that does not run on this system is of no use.
    run(restic, ['version']);
    rmSync(place, { recursive: true });
  }
  rmSync(join(folder, 'apt'), { recursive: true });
}

try {
  if (!existsSync(destination)) {
    const address = archive();
    if (address === undefined) throw new Error('this is no Debian, or its apt has no archive');
    mkdirSync(cache, { recursive: true });
    const folder = mkdtempSync(join(cache, 'restics-'));
    try {
      fetchInto(folder, address);
      // Another test file may have been quicker.
      if (!existsSync(destination)) renameSync(folder, destination);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  process.stdout.write(`${destination}\n`);
} catch (error) {
  process.stderr.write(`no further restics: ${error.message.split('\n').slice(0, 3).join(' ')}\n`);
  process.exitCode = 1;
}
