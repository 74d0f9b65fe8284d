import type { Clock } from '../../clock.ts';
import type { Progress } from '../outcome.ts';
import { readJsonLine } from './lines.ts';

/** More `status` lines a second than this are not parsed, except the last of them. */
const PARSED_PER_SECOND = 20;
/** A little less than a second, as restic's own seconds are not exact. */
const EMIT_MS = 900;
/** restic prints 10^12 and more where it does not know (stdin). */
const LONGEST_SECONDS_LEFT = 365 * 86_400;
/** Weight of the past in the speed: e^(-t / this). */
const SPEED_MEMORY_MS = 10_000;
const SPEED_STEP_MS = 500;

const TEXT_PROGRESS = /^\[(?:(\d+):)?(\d+):(\d+)\]\s+(?:(\d+(?:\.\d+)?)%\s+(\d+) \/ (\d+)|(\d+))\s+(\S.*)$/;

/** Is this a progress line of a text command, such as `[0:04] 72.22%  13 / 18 packs`? */
export function isTextProgress(line: string): boolean {
  return line.startsWith('[') && TEXT_PROGRESS.test(line);
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

const NOTHING: Progress = {
  fraction: 0,
  filesDone: 0,
  filesTotal: 0,
  bytesDone: 0,
  bytesTotal: 0,
  bytesPerSecond: 0,
  elapsedSeconds: 0,
};

/** Makes a steady `Progress` of restic's lines. Cheap for any number of lines; never throws. */
export class ProgressTracker {
  readonly #clock: Clock;
  readonly #emit: (progress: Progress) => void;
  #progress: Progress = NOTHING;
  #growth = 0;
  #second = Number.NaN;
  #parsed = 0;
  #waiting: string | undefined;
  #emittedAt = Number.NaN;
  #changed = false;
  #scanned = false;
  #speedAt = Number.NaN;
  #speedBytes = 0;

  /** `emit` is called at most once a second, and a last time by `end`. */
  constructor(clock: Clock, emit: (progress: Progress) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /** Rises whenever restic got further; what stays the same is no progress, however many lines come. */
  get growth(): number {
    return this.#growth;
  }

  /** A `status` message, unparsed. */
  status(line: string): void {
    const now = this.#clock.now();
    if (!(Math.abs(now - this.#second) < 1000)) {
      this.#second = now;
      this.#parsed = 0;
    }
    if (this.#parsed >= PARSED_PER_SECOND) {
      this.#waiting = line;
      return;
    }
    this.#parsed += 1;
    this.#waiting = undefined;
    this.#take(line, now);
    this.#offer(now);
  }

  /** A line for which `isTextProgress` holds. */
  text(line: string): void {
    const [, hours, minutes, seconds, percent, done, total, bare, phase = ''] =
      TEXT_PROGRESS.exec(line) ?? [];
    const before = this.#progress.phase === phase ? this.#progress : NOTHING;
    const filesDone = Math.max(before.filesDone, Number(done ?? bare ?? 0));
    if (filesDone > before.filesDone || before === NOTHING) this.#growth += 1;
    this.#progress = {
      ...NOTHING,
      phase,
      fraction: Math.max(before.fraction, Math.min(1, Number(percent ?? 0) / 100)),
      filesDone,
      filesTotal: Number(total ?? 0),
      elapsedSeconds: Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0),
    };
    this.#changed = true;
    this.#offer(this.#clock.now());
  }

  /** restic has ended: tells what was held back. */
  end(): void {
    if (this.#waiting !== undefined) this.#take(this.#waiting, this.#clock.now());
    this.#waiting = undefined;
    if (this.#changed) this.#tell(this.#clock.now());
  }

  #take(line: string, now: number): void {
    const json = readJsonLine(line);
    // restic 0.14 reports the end of its scan as a status without a percentage.
    if (json === undefined || typeof json['percent_done'] !== 'number') return;
    const before = this.#progress;
    const bytesDone = Math.max(before.bytesDone, count(json['bytes_done'] ?? json['bytes_restored']));
    const filesDone = Math.max(before.filesDone, count(json['files_done'] ?? json['files_restored']));
    if (bytesDone > before.bytesDone || filesDone > before.filesDone) this.#growth += 1;
    const bytesTotal = count(json['total_bytes']);
    const secondsLeft = count(json['seconds_remaining']);
    const plausible = secondsLeft > 0 && secondsLeft <= LONGEST_SECONDS_LEFT && bytesTotal > 0;
    // Until the scan has ended the percentage is of what was found so far and swings; only then restic gives an
    // estimate (in every capture the totals are final from the first one on). A restore knows its totals at once.
    this.#scanned ||= plausible || 'bytes_restored' in json || 'files_restored' in json;
    const fraction = this.#scanned ? Math.min(1, count(json['percent_done'])) : 0;
    this.#progress = {
      fraction: Math.max(before.fraction, fraction),
      filesDone,
      filesTotal: count(json['total_files']),
      bytesDone,
      bytesTotal,
      bytesPerSecond: this.#speed(bytesDone, now),
      ...(plausible ? { secondsLeft } : {}),
      elapsedSeconds: Math.max(before.elapsedSeconds, count(json['seconds_elapsed'])),
    };
    this.#changed = true;
  }

  #speed(bytesDone: number, now: number): number {
    const before = this.#progress.bytesPerSecond;
    const ms = now - this.#speedAt;
    if (ms >= 0 && ms < SPEED_STEP_MS) return before;
    const bytes = bytesDone - this.#speedBytes;
    this.#speedAt = now;
    this.#speedBytes = bytesDone;
    // The first line, or a clock that was set back.
    if (!(ms > 0)) return before;
    const present = (bytes * 1000) / ms;
    const past = before === 0 ? 0 : Math.exp(-ms / SPEED_MEMORY_MS);
    return before * past + present * (1 - past);
  }

  #offer(now: number): void {
    const since = Math.abs(now - this.#emittedAt);
    if (this.#changed && !(since < EMIT_MS)) this.#tell(now);
  }

  #tell(now: number): void {
    this.#emittedAt = now;
    this.#changed = false;
    this.#emit(this.#progress);
  }
}
