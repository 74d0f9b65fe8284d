// `npm run test:faults`: what docs/reliability.md promises, earned. `npm run test:faults -- kill soak` runs only the
// files that begin so. Prints each suite's counts, their sums by promise, and the total as the last line.
// KILLS, CYCLES and such make it longer, SEED repeats a run that failed; in CI it is always the same one. A file that failed
// may pass at its second try (scripts/suite.mjs), but what the suites counted as a broken promise stays counted.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printReport, suite } from './suite.mjs';

const PROMISES = [
  'no success is lost, moved back or made up',
  'retry, pause and due time survive everything',
  'one run at a time, one catch-up, no hot loop',
  'no repository stays locked by us',
  'cancel, stop and redeploy end cleanly',
  'retention holds back and keeps the last good',
  'what hangs is stopped and reported',
  'bad input, secrets, permissions',
];

/** What the suites counted, one object for each call of test/faults/counts.ts. */
function counted(file) {
  let lines = '';
  try {
    lines = readFileSync(file, 'utf8');
  } catch {
    // Nothing was counted.
  }
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

const names = process.argv.slice(2);
const paths = names.length === 0 ? ['test/faults'] : names.map((name) => `test/faults/${name}`);
const scratch = mkdtempSync(join(tmpdir(), 'lastgood-faults-'));
const file = join(scratch, 'counts');
const started = performance.now();
const report = await suite(paths, { LASTGOOD_FAULT_COUNTS: file });
const lines = counted(file);
const counts = lines.filter((line) => line.promise !== undefined);
rmSync(scratch, { recursive: true, force: true });

printReport('faults', report, started);
for (const { what, cases, violations } of counts) say(`  ${what}: ${cases} cases, ${violations} violations`);
say('promise                                            cases  violations');
for (const [index, promise] of PROMISES.entries()) {
  const own = counts.filter((count) => count.promise === index + 1);
  const sum = (field) => own.reduce((total, count) => total + count[field], 0);
  const cells = [`${index + 1} ${promise}`.padEnd(48), String(sum('cases')).padStart(8)];
  say(`${cells.join('')}${String(sum('violations')).padStart(12)}`);
}
for (const { note } of lines) if (note !== undefined) say(note);
const violations = counts.reduce((total, count) => total + count.violations, 0);
const failed = report.failures.length;
say(`${report.passed} passed, ${failed} failed, ${report.skipped.length} skipped`);
process.exitCode = failed === 0 && violations === 0 ? 0 : 1;
