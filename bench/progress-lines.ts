// A restic that prints progress as fast as it can: memory must stay flat and the event loop free.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Figure, figure, megabytes, milliseconds, scaled, times } from './figures.ts';
import type { Reading } from './read-progress-lines.ts';

export const title = 'Reading a stream of progress lines';

const LINES = 1_000_000;
const RUNS = 3;
/** What a garbage collector may leave behind; lines kept for ever would show as hundreds of MB. */
const FLAT_BYTES = 5 * 2 ** 20;
/** V8 doubles its space for new objects (up to 16 MB, twice) with anything that makes many; that is not what is asked. */
const V8_OPTIONS = ['--expose-gc', '--max-semi-space-size=1'];
const LONGEST_DELAY_MS = 20;

export function measure(): Figure[] {
  const reader = fileURLToPath(new URL('read-progress-lines.ts', import.meta.url));
  const readings = Array.from({ length: RUNS }, (): Reading => {
    // A process of its own, so that nothing else of the benches is in its memory.
    const answer = execFileSync(process.execPath, [...V8_OPTIONS, reader, String(scaled(LINES))], {
      encoding: 'utf8',
    });
    return JSON.parse(answer) as Reading;
  });
  return [
    figure(
      'lines a second',
      readings.map(({ lines, seconds }) => Math.round(lines / seconds)),
      times,
    ),
    figure(
      'memory, growth of the peak in the second half',
      readings.map(({ growth }) => growth),
      megabytes,
      FLAT_BYTES,
    ),
    figure(
      'memory, kept at the end',
      readings.map(({ kept }) => kept),
      megabytes,
    ),
    figure(
      'event-loop delay p99',
      readings.map(({ p99 }) => p99),
      milliseconds,
      LONGEST_DELAY_MS,
    ),
    figure(
      'event-loop delay, worst',
      readings.map(({ worst }) => worst),
      milliseconds,
    ),
    figure(
      'progress told',
      readings.map(({ told }) => told),
      times,
    ),
  ];
}
