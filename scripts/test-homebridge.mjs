// `npm run test:homebridge`: everything about the plugin in homebridge/: types, its tests, the packed package, and real
// Homebridges of three versions with a controller as Apple's side. Those are installed in homebridge/node_modules.
// The real ones run without a network where the system allows that: they would show themselves in the house.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printReport, run, suite } from './suite.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'homebridge');

/** Sections in order; `project` is one of homebridge/vitest.config.ts. */
const SECTIONS = [
  { name: 'types', command: ['tsc', '-p', 'homebridge/test', '--noEmit'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings', 'homebridge'] },
  { name: 'unit', project: 'unit' },
  { name: 'package', project: 'package' },
  { name: 'real', project: 'real', isolated: true },
];

/** Installs what the lock file says, without running what packages bring along: the parts that want it are for Bluetooth. */
function install() {
  const installed = join(folder, 'node_modules', '.package-lock.json');
  const lock = statSync(join(folder, 'package-lock.json')).mtimeMs;
  if (existsSync(installed) && statSync(installed).mtimeMs >= lock) return;
  process.stdout.write('installing Homebridge 2, 1.11 and 1.8 in homebridge/node_modules\n');
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: 'inherit',
  });
}

/** What runs a command in a network of its own that reaches nothing; empty where the system has no such thing. */
function isolation() {
  const inside = (...flags) => ['unshare', ...flags, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
  for (const wrapper of [inside('--net'), inside('--net', '--map-root-user')]) {
    try {
      const [command, ...args] = wrapper;
      execFileSync(command, [...args, 'true'], { stdio: 'ignore' });
      return wrapper;
    } catch {
      // Not allowed, or not there.
    }
  }
  process.stdout.write(
    'no network of its own to be had: Homebridge is on the real one while the tests run\n',
  );
  return [];
}

/** @returns {Promise<import('./suite.mjs').Report>} */
async function check(name, [command, ...args]) {
  const { code, output } = await run(join(root, 'node_modules', '.bin', command), args);
  const failures = code === 0 ? [] : [{ name, message: output.trim() }];
  return { passed: code === 0 ? 1 : 0, failures, skipped: [], secondTries: [] };
}

const wanted = process.argv.slice(2);
execFileSync(process.execPath, [join(root, 'scripts', 'setup.mjs'), 'test'], { stdio: 'inherit' });
install();
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const { name, command, project, isolated } of SECTIONS) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const started = performance.now();
  const report = command
    ? await check(name, command)
    : await suite(['--root=homebridge', `--project=${project}`], {}, isolated ? isolation() : []);
  printReport(name, report, started);
  totals.passed += report.passed;
  totals.failed += report.failures.length;
  totals.skipped += report.skipped.length;
}
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.failed === 0 ? 0 : 1;
