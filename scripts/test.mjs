// `npm test`: every section in order, one line each, and the total as the last line. `npm test -- unit runtime` runs
// only those. A failed section does not stop the next one.
import { printReport, run, suite } from './suite.mjs';

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

/** @returns {Promise<import('./suite.mjs').Report>} */
async function check({ name, script }) {
  const { code, output } = await run('npm', ['run', '--silent', script]);
  const failures = code === 0 ? [] : [{ name, message: output.trim() }];
  return { passed: code === 0 ? 1 : 0, failures, skipped: [], secondTries: [] };
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
  const report = await (section.script ? check(section) : suite([section.folder]));
  printReport(section.name, report, started);
  totals.passed += report.passed;
  totals.failed += report.failures.length;
  totals.skipped += report.skipped.length;
}
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.failed === 0 ? 0 : 1;
