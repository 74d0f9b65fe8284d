// `npm test`: every section in order, one line each, and the total as the last line. `npm test -- unit runtime` runs
// only those. A failed section does not stop the next one.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
// Node 24 of node_modules for everything, however this script was started.
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` };

/** Checks are npm scripts and count as one test; suites are folders of Vitest files. */
const SECTIONS = [
  { name: 'types', script: 'types' },
  { name: 'lint', script: 'lint' },
  { name: 'format', script: 'format' },
  { name: 'unit', folder: 'test/unit' },
  { name: 'node', folder: 'test/node' },
  { name: 'runtime', folder: 'test/runtime' },
  { name: 'browser', folder: 'test/editor' },
  { name: 'package', folder: 'test/package' },
];

/** Runs a command to its end; everything it prints, and its exit code. */
function run(command, args, extraEnv = {}) {
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

/** A message's first lines, indented. */
function indented(message) {
  const lines = message.split('\n');
  const cut = lines.length > 60 ? [...lines.slice(0, 60), `... and ${lines.length - 60} more lines`] : lines;
  return cut.map((line) => `    ${line}`).join('\n');
}

/** What a section found: how many passed, which failed and which were skipped, and why.
 * @typedef {{ passed: number, failures: { name: string, message: string }[], skipped: { name: string, reason: string }[] }} Report */

/** @returns {Promise<Report>} */
async function check({ name, script }) {
  const { code, output } = await run('npm', ['run', '--silent', script]);
  const failures = code === 0 ? [] : [{ name, message: output.trim() }];
  return { passed: code === 0 ? 1 : 0, failures, skipped: [] };
}

/** @returns {Promise<Report>} */
async function suite({ folder }) {
  const scratch = mkdtempSync(join(tmpdir(), 'lastgood-report-'));
  const file = join(scratch, 'report.json');
  try {
    const reporter = join(root, 'scripts', 'section-reporter.mjs');
    const { code, output } = await run(join(bin, 'vitest'), ['run', folder, `--reporter=${reporter}`], {
      LASTGOOD_TEST_REPORT: file,
      FORCE_COLOR: '0',
    });
    let report = { passed: 0, failures: [], skipped: [] };
    try {
      report = JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      report.failures.push({ name: folder, message: `vitest wrote no report.\n${output.trim()}` });
    }
    if (code !== 0 && report.failures.length === 0) {
      report.failures.push({ name: folder, message: output.trim() || `vitest ended with exit code ${code}` });
    }
    return report;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SECTIONS.some((section) => section.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no such section: ${unknown.join(', ')}. There are: ${SECTIONS.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(2);
}
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const section of SECTIONS) {
  if (wanted.length > 0 && !wanted.includes(section.name)) continue;
  const started = performance.now();
  const report = await (section.script ? check(section) : suite(section));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const { passed, failures, skipped } = report;
  process.stdout.write(
    `${section.name.padEnd(8)} ${passed} passed, ${failures.length} failed, ${skipped.length} skipped (${seconds} s)\n`,
  );
  for (const { name, message } of failures) process.stdout.write(`  FAILED ${name}\n${indented(message)}\n`);
  for (const { name, reason } of skipped) process.stdout.write(`  skipped ${name}: ${reason}\n`);
  totals.passed += passed;
  totals.failed += failures.length;
  totals.skipped += skipped.length;
}
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.failed === 0 ? 0 : 1;
