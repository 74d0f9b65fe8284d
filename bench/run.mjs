// Prints what the nodes cost, as ratios of runs that were interleaved: `npm run bench`, or `npm run bench -- startup`
// for some of it. BENCH_SCALE=0.05 makes everything smaller for a quick look; TMPDIR says on which disk.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printFigures } from './figures.ts';

const BENCHES = [
  'backup',
  'checking-plans',
  'exec-node',
  'hub',
  'hub-mqtt',
  'plug-to-restic',
  'progress-lines',
  'startup',
  'thousand-plans',
];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !BENCHES.includes(name));
if (unknown.length > 0) {
  console.error(`No such bench: ${unknown.join(', ')}. There are: ${BENCHES.join(', ')}.`);
  process.exit(2);
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const root = fileURLToPath(new URL('..', import.meta.url));
execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });

let targets = 0;
let missed = 0;
for (const name of asked.length > 0 ? asked : BENCHES) {
  const { measure, title } = await import(`./${name}.ts`);
  console.log(`\n${title}`);
  const figures = await measure();
  printFigures(figures);
  targets += figures.filter(({ met }) => met !== undefined).length;
  missed += figures.filter(({ met }) => met === false).length;
}
console.log(`\nTargets: ${targets}, missed: ${missed}.`);
