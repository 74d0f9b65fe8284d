// Runs one suite of Vitest files and tells what it found; for scripts/test.mjs and scripts/test-faults.mjs.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
// Node 24 of node_modules for everything, however this script was started.
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };

/** What a section found: how many passed, which failed, which were skipped and why, and which passed only at the second try.
 * @typedef {{ passed: number, failures: Failure[], skipped: { name: string, reason: string }[], secondTries: Failure[] }} Report
 * @typedef {{ name: string, message: string }} Failure */

/** So many files do not fail by chance. */
const MOST_SECOND_TRIES = 6;

/** Runs a command to its end; everything it prints, and its exit code. */
export function run(command, args, extraEnv = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...env, ...extraEnv },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', (error) => resolve({ code: 1, output: `${output}${error.message}` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * Runs the test files whose paths begin so. A file that failed is run once more when all others have ended, alone, for a
 * machine that is busy may be too slow for one or another test; what is broken fails twice. What begins with `--` is an
 * option of Vitest; `wrapper` is a command that Vitest is run by.
 * @returns {Promise<Report>}
 */
export async function suite(paths, extraEnv = {}, wrapper = []) {
  const files = await vitest(paths, extraEnv, wrapper);
  const options = paths.filter((path) => path.startsWith('--'));
  const failed = files.filter(({ failures }) => failures.length > 0);
  const secondTries = [];
  if (failed.length <= MOST_SECOND_TRIES) {
    for (const file of failed) {
      // What belongs to no file cannot be run again.
      if (file.path === '') continue;
      const again = await vitest([...options, file.path], extraEnv, wrapper);
      const failures = again.flatMap((one) => one.failures);
      if (failures.length > 0) {
        file.failures = twice(file.failures, failures);
        continue;
      }
      secondTries.push(...file.failures);
      files.splice(files.indexOf(file), 1, ...again);
    }
  }
  return {
    passed: files.reduce((sum, { passed }) => sum + passed, 0),
    failures: files.flatMap(({ failures }) => failures),
    skipped: files.flatMap(({ skipped }) => skipped),
    secondTries,
  };
}

/** What failed in either of two tries, each test once. */
function twice(first, second) {
  const both = first.map(({ name, message }) => {
    const again = second.find((other) => other.name === name);
    return { name, message: again === undefined ? message : `${message}\nand again:\n${again.message}` };
  });
  return [...both, ...second.filter(({ name }) => first.every((other) => other.name !== name))];
}

/** One run of Vitest; what each test file found. What belongs to none has an entry with an empty path. */
async function vitest(paths, extraEnv, wrapper) {
  const scratch = mkdtempSync(join(tmpdir(), 'lastgood-report-'));
  const report = join(scratch, 'report.json');
  try {
    const reporter = join(root, 'scripts', 'section-reporter.mjs');
    const [command, ...args] = [...wrapper, join(bin, 'vitest'), 'run', ...paths, `--reporter=${reporter}`];
    const environment = { LASTGOOD_TEST_REPORT: report, FORCE_COLOR: '0', ...extraEnv };
    const { code, output } = await run(command, args, environment);
    const broken = (message) => ({
      path: '',
      passed: 0,
      failures: [{ name: paths.join(' '), message }],
      skipped: [],
    });
    let files;
    try {
      files = JSON.parse(readFileSync(report, 'utf8'));
    } catch {
      return [broken(`vitest wrote no report.\n${output.trim()}`)];
    }
    if (code !== 0 && files.every(({ failures }) => failures.length === 0))
      files.push(broken(output.trim() || `vitest ended with exit code ${code}`));
    return files;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Begins the line of a test that failed first; .ci/run looks for it. */
const SECOND_TRY = 'passed at the second try: ';

/** Prints how a section went, what failed in it, and what passed only at the second try. */
export function printReport(name, { passed, failures, skipped, secondTries }, startedMs) {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(
    `${name.padEnd(8)} ${passed} passed, ${failures.length} failed, ${skipped.length} skipped (${seconds} s)\n`,
  );
  for (const failure of failures)
    process.stdout.write(`  FAILED ${failure.name}\n${indented(failure.message)}\n`);
  for (const failure of secondTries)
    process.stdout.write(`${SECOND_TRY}${failure.name}\n${indented(failure.message)}\n`);
  for (const skip of skipped) process.stdout.write(`  skipped ${skip.name}: ${skip.reason}\n`);
}

/** A message's first lines, indented. */
function indented(message) {
  const lines = message.split('\n');
  const cut = lines.length > 60 ? [...lines.slice(0, 60), `... and ${lines.length - 60} more lines`] : lines;
  return cut.map((line) => `    ${line}`).join('\n');
}
