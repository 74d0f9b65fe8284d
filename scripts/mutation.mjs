// `npm run test:mutation`: mutates the code that decides (when, whether, again, what it was) and counts which mutants the
// unit tests notice. `npm run test:mutation -- src/lib/plan/owed.ts` takes single files. Stryker is no dependency of the
// project: it is installed in .cache/mutation from test/mutation. Takes about an hour for all files; no part of CI.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'test', 'mutation');
const cache = join(root, '.cache', 'mutation');

/** Mutants that tests noticed; the others were survived or never reached. */
const NOTICED = new Set(['Killed', 'Timeout']);
const UNNOTICED = new Set(['Survived', 'NoCoverage']);

/** Installs Stryker unless what the lock file says is there. */
function install() {
  const lock = 'package-lock.json';
  const isInstalled =
    existsSync(join(cache, 'node_modules', '.package-lock.json')) &&
    existsSync(join(cache, lock)) &&
    readFileSync(join(source, lock), 'utf8') === readFileSync(join(cache, lock), 'utf8');
  if (isInstalled) return;
  process.stdout.write('installing Stryker in .cache/mutation\n');
  mkdirSync(cache, { recursive: true });
  for (const file of ['package.json', lock, '.npmrc']) cpSync(join(source, file), join(cache, file));
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: cache, stdio: 'inherit' });
}

/** Mutates one file and runs the tests that import it; its mutants. */
function mutantsOf(file) {
  const report = join(cache, 'reports', `${basename(file, '.ts')}.json`);
  const config = join(cache, 'stryker.json');
  const settings = {
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: { configFile: 'test/mutation/vitest.config.ts' },
    mutate: [file],
    coverageAnalysis: 'perTest',
    warnings: { slow: false },
    concurrency: Number(process.env.LASTGOOD_MUTATION_WORKERS ?? 1),
    reporters: ['json'],
    jsonReporter: { fileName: report },
    tempDirName: join(cache, 'sandbox'),
    // There is no such file: Stryker's way with tsconfig.json needs an older TypeScript than ours.
    tsconfigFile: 'none.json',
    ignorePatterns: ['.cache', 'dist', 'docs', 'examples', 'homebridge'],
    // What a test makes of a loop without end.
    timeoutMS: 5000,
    allowEmpty: false,
    logLevel: 'warn',
  };
  writeFileSync(config, JSON.stringify(settings));
  const stryker = join(cache, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const { status } = spawnSync(join(root, 'node_modules', '.bin', 'node'), [stryker, 'run', config], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`Stryker ended with ${status} on ${file}`);
  return Object.values(JSON.parse(readFileSync(report, 'utf8')).files).flatMap(({ mutants }) => mutants);
}

/** Such as `93.4 %`. */
function score(noticed, all) {
  return all === 0 ? '-' : `${((100 * noticed) / all).toFixed(1)} %`;
}

install();
const asked = process.argv.slice(2);
const files = asked.length > 0 ? asked : JSON.parse(readFileSync(join(source, 'files.json'), 'utf8'));
const total = { noticed: 0, all: 0 };
for (const file of files) {
  const began = performance.now();
  const mutants = mutantsOf(file);
  const noticed = mutants.filter(({ status }) => NOTICED.has(status)).length;
  const missed = mutants.filter(({ status }) => UNNOTICED.has(status));
  total.noticed += noticed;
  total.all += noticed + missed.length;
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  process.stdout.write(
    `${file}: ${score(noticed, noticed + missed.length)}, ${noticed} of ${noticed + missed.length} (${minutes} min)\n`,
  );
  for (const { location, mutatorName, replacement, status } of missed) {
    const { line, column } = location.start;
    const shown = (replacement ?? '').replaceAll(/\s+/g, ' ').slice(0, 100);
    process.stdout.write(`  ${status} ${line}:${column} ${mutatorName}: ${shown}\n`);
  }
}
process.stdout.write(
  `score ${score(total.noticed, total.all)}: ${total.noticed} of ${total.all} mutants noticed\n`,
);
