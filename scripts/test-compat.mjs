// `npm run test:compat`: the runtime suite on both ends of what we support, Node-RED 4.1 on Node 20 and Node-RED 5 on
// Node 24. The old pair is installed in .cache/compat-4.1 from test/compat/node-red-4.1.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, '.cache', 'compat-4.1');

/** Installs the old pair unless what the lock file says is there; its Node-RED folder and Node binary. */
function oldPair() {
  const source = join(root, 'test', 'compat', 'node-red-4.1');
  const lock = 'package-lock.json';
  const isInstalled =
    existsSync(join(cache, 'node_modules', '.package-lock.json')) &&
    readFileSync(join(source, lock), 'utf8') === readFileSync(join(cache, lock), 'utf8');
  if (!isInstalled) {
    process.stdout.write('installing Node-RED 4.1 and Node 20 in .cache/compat-4.1\n');
    mkdirSync(cache, { recursive: true });
    for (const file of ['package.json', lock]) cpSync(join(source, file), join(cache, file));
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: cache, stdio: 'inherit' });
  }
  const bundled = join(cache, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  // Where npm has no Node 20 for this system, the machine's own must do.
  const node = existsSync(bundled) ? bundled : (process.env.npm_node_execpath ?? 'node');
  return { nodeRed: join(cache, 'node_modules', 'node-red'), node };
}

/** Runs the runtime suite; its counts (the last line of scripts/test.mjs). */
function runtimeSuite(pair) {
  const version = JSON.parse(readFileSync(join(pair.nodeRed, 'package.json'), 'utf8')).version;
  const nodeVersion = execFileSync(pair.node, ['--version'], { encoding: 'utf8' }).trim();
  process.stdout.write(`Node-RED ${version} on Node ${nodeVersion}\n`);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'scripts', 'test.mjs'), 'runtime'], {
      env: { ...process.env, LASTGOOD_NODE_RED: pair.nodeRed, LASTGOOD_NODE: pair.node },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.on('close', () => {
      const lines = output.trim().split('\n');
      const [, passed, failed, skipped] =
        /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(lines.pop() ?? '') ?? [];
      process.stdout.write(lines.map((line) => `  ${line}\n`).join(''));
      resolve({ passed: Number(passed ?? 0), failed: Number(failed ?? 1), skipped: Number(skipped ?? 0) });
    });
  });
}

execFileSync(process.execPath, [join(root, 'scripts', 'setup.mjs'), 'test'], { stdio: 'inherit' });
const newPair = {
  nodeRed: join(root, 'node_modules', 'node-red'),
  node: join(root, 'node_modules', '.bin', 'node'),
};
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const pair of [oldPair(), newPair]) {
  const counts = await runtimeSuite(pair);
  for (const key of Object.keys(totals)) totals[key] += counts[key];
}
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.failed === 0 ? 0 : 1;
