// Run by progress-lines.ts: reads the stand-in's lines as restic-run does and prints a `Reading` as JSON.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/lib/clock.ts';
import { startRestic } from '../src/lib/restic/process/run.ts';

export interface Reading {
  readonly lines: number;
  readonly seconds: number;
  /** Bytes by which the peak of the second half exceeds that of the first, resident. */
  readonly growth: number;
  /** Bytes of heap more than before, after garbage collection. */
  readonly kept: number;
  /** ms by which a timer was late. */
  readonly p99: number;
  readonly worst: number;
  readonly told: number;
}

const RESOLUTION_MS = 1;
const SAMPLE_MS = 20;

const lines = Number(process.argv[2]);
const standIn = fileURLToPath(new URL('stand-in-restic.mjs', import.meta.url));
await import('execa');
const heap = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};
const heapBefore = heap();
const samples: number[] = [];
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
let told = 0;

const began = performance.now();
const sampling = setInterval(() => samples.push(process.memoryUsage.rss()), SAMPLE_MS);
const restic = startRestic({
  binary: { path: process.execPath, version: '0.18.0' },
  arguments: [standIn, String(lines)],
  environment: {},
  workingFolder: process.cwd(),
  redact: (text) => text,
  clock: systemClock,
  onProgress: () => {
    told += 1;
  },
});
await restic.started;
delays.enable();
const { exitCode, summary } = await restic.done;
delays.disable();
clearInterval(sampling);
const seconds = (performance.now() - began) / 1000;
if (exitCode !== 0 || summary === undefined) throw new Error('the stand-in was not read to its end');

const half = Math.floor(samples.length / 2);
const peak = (part: readonly number[]): number => Math.max(...part);
const delay = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
const reading: Reading = {
  lines,
  seconds,
  growth: Math.max(0, peak(samples.slice(half)) - peak(samples.slice(0, half))),
  kept: Math.max(0, heap() - heapBefore),
  p99: delay(delays.percentile(99)),
  worst: delay(delays.max),
  told,
};
console.log(JSON.stringify(reading));
