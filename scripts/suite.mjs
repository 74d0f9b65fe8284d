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

/** What a section found: how many passed, which failed and which were skipped, and why.
 * @typedef {{ passed: number, failures: { name: string, message: string }[], skipped: { name: string, reason: string }[] }} Report */

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

/** Runs the test files whose paths begin so; `wrapper` is a command that Vitest is run by.
 * @returns {Promise<Report>} */
export async function suite(paths, extraEnv = {}, wrapper = []) {
  const scratch = mkdtempSync(join(tmpdir(), 'lastgood-report-'));
  const file = join(scratch, 'report.json');
  try {
    const reporter = join(root, 'scripts', 'section-reporter.mjs');
    const [command, ...args] = [...wrapper, join(bin, 'vitest'), 'run', ...paths, `--reporter=${reporter}`];
    const environment = { LASTGOOD_TEST_REPORT: file, FORCE_COLOR: '0', ...extraEnv };
    const { code, output } = await run(command, args, environment);
    let report = { passed: 0, failures: [], skipped: [] };
    try {
      report = JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      report.failures.push({ name: paths.join(' '), message: `vitest wrote no report.\n${output.trim()}` });
    }
    if (code !== 0 && report.failures.length === 0) {
      const message = output.trim() || `vitest ended with exit code ${code}`;
      report.failures.push({ name: paths.join(' '), message });
    }
    return report;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Prints how a section went, and what failed in it. */
export function printReport(name, { passed, failures, skipped }, startedMs) {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(
    `${name.padEnd(8)} ${passed} passed, ${failures.length} failed, ${skipped.length} skipped (${seconds} s)\n`,
  );
  for (const failure of failures)
    process.stdout.write(`  FAILED ${failure.name}\n${indented(failure.message)}\n`);
  for (const skip of skipped) process.stdout.write(`  skipped ${skip.name}: ${skip.reason}\n`);
}

/** A message's first lines, indented. */
function indented(message) {
  const lines = message.split('\n');
  const cut = lines.length > 60 ? [...lines.slice(0, 60), `... and ${lines.length - 60} more lines`] : lines;
  return cut.map((line) => `    ${line}`).join('\n');
}
