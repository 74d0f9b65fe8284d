import { isRecord, LineSplitter, readJsonLine, unglue } from './lines.ts';
import { isTextProgress } from './progress.ts';
import type { CollectedOutput, ItemError } from './result.ts';
import type { Sign } from './signs.ts';
import { isRetry, signOf, signOfItem } from './signs.ts';

const MOST_ERRORS = 20;
const MOST_TAIL_LINES = 64;
const LONGEST_TAIL_LINE = 2048;
const LONGEST_SIGN_LINE = 300;
const STATUS = '{"message_type":"status"';

/** Go prints the stack of an error behind its message. */
const STACK_LINE = /^\s|^(?:github\.com|golang\.org|main|runtime)[./]/;

const SYSTEM_ERRORS: Readonly<Record<number, string>> = {
  1: 'operation not permitted',
  2: 'no such file or directory',
  5: 'input/output error',
  13: 'permission denied',
};

/** What a live run wants to know while the output passes. Must not throw. */
export interface OutputListener {
  /** A `status` message, unparsed: there may be very many. */
  onStatus?(line: string): void;
  /** A progress line of a command without JSON progress (`check`, `prune`). */
  onTextProgress?(line: string): void;
  /** Any other JSON object on stdout. */
  onDocument?(json: Record<string, unknown>): void;
  /** restic will try a back end operation again. */
  onRetry?(): void;
  /** Output that shows that restic works: anything but progress and retries. */
  onLife?(): void;
}

export interface CollectorOptions {
  readonly redact: (text: string) => string;
  /** Bytes of stdout to keep. */
  readonly collectStdout?: number;
  readonly listener?: OutputListener;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The words of an `error` member: `{message}` from 0.17.1, `{}` or Go's `{Op, Path, Err}` before. */
function messageOf(error: unknown): string {
  const { message, Op, Path, Err } = isRecord(error) ? error : {};
  if (typeof message === 'string') return message.trim();
  if (typeof Err !== 'number') return '';
  return `${text(Op)} ${text(Path)}: ${SYSTEM_ERRORS[Err] ?? `error ${Err}`}`;
}

/**
 * Takes in restic's stdout and stderr, live or from a recording, and keeps what matters of it, bounded. Never throws
 * whatever the bytes are.
 */
export class OutputCollector {
  readonly #redact: (text: string) => string;
  readonly #listener: OutputListener;
  readonly #stdoutRoom: number;
  readonly #splitters = {
    stdout: new LineSplitter((line) => this.#stdoutLine(line)),
    stderr: new LineSplitter((line) => this.#stderrLine(line)),
  };
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #stdoutCut = false;
  readonly #signs = new Map<Sign, string>();
  readonly #errors = new Map<string, ItemError>();
  #errorCount = 0;
  readonly #tail: string[] = [];
  #summary: Record<string, unknown> | undefined;
  #initialized: Record<string, unknown> | undefined;
  #exitError: { code: number; message: string } | undefined;

  constructor(options: CollectorOptions) {
    this.#redact = options.redact;
    this.#listener = options.listener ?? {};
    this.#stdoutRoom = options.collectStdout ?? 0;
  }

  push(stream: 'stdout' | 'stderr', chunk: Uint8Array | string): void {
    if (stream === 'stdout' && this.#stdoutRoom > 0) this.#keep(chunk);
    this.#splitters[stream].push(chunk);
  }

  /** Both streams have ended. */
  end(): void {
    this.#splitters.stdout.end();
    this.#splitters.stderr.end();
  }

  result(): CollectedOutput {
    return {
      ...(this.#summary === undefined ? {} : { summary: this.#summary }),
      ...(this.#initialized === undefined ? {} : { initialized: this.#initialized }),
      ...(this.#exitError === undefined ? {} : { exitError: this.#exitError }),
      errors: [...this.#errors.values()],
      errorCount: this.#errorCount,
      signs: [...this.#signs].map(([sign, line]) => ({ sign, line })),
      stderrTail: [...this.#tail],
      stdout: Buffer.concat(this.#kept).toString('utf8'),
      stdoutCut: this.#stdoutCut,
    };
  }

  #keep(chunk: Uint8Array | string): void {
    const bytes = Buffer.from(chunk);
    const room = this.#stdoutRoom - this.#keptBytes;
    if (bytes.length > room) this.#stdoutCut = true;
    if (room <= 0) return;
    this.#kept.push(bytes.subarray(0, room));
    this.#keptBytes += Math.min(bytes.length, room);
  }

  #stdoutLine(line: string): void {
    if (line.startsWith(STATUS)) {
      this.#listener.onStatus?.(line);
      return;
    }
    if (isTextProgress(line)) {
      this.#listener.onTextProgress?.(line);
      return;
    }
    this.#listener.onLife?.();
    const json = readJsonLine(line);
    if (json === undefined) return;
    if (json['message_type'] === 'summary') this.#summary = json;
    if (json['message_type'] === 'initialized') this.#initialized = json;
    this.#listener.onDocument?.(json);
  }

  #stderrLine(line: string): void {
    for (const part of unglue(line)) {
      const json = readJsonLine(part);
      if (json === undefined || !this.#message(json)) this.#stderrText(part);
    }
  }

  /** Takes in a JSON message of stderr; false: it is none that we know. */
  #message(json: Record<string, unknown>): boolean {
    if (json['message_type'] === 'exit_error') {
      const message = text(json['message']).trim();
      this.#exitError = {
        code: Number(json['code']),
        message: this.#redact(message).slice(0, LONGEST_TAIL_LINE),
      };
      for (const line of message.split('\n')) this.#sign(signOf(line), line);
      this.#listener.onLife?.();
      return true;
    }
    if (json['message_type'] !== 'error') return false;
    if (typeof json['during'] !== 'string') {
      // The form of `check` and of warnings in JSON mode.
      for (const line of text(json['message']).split('\n')) this.#stderrText(line);
      return true;
    }
    this.#listener.onLife?.();
    // What the scanner could not read is reported again when it is the archiver's turn.
    if (json['during'] === 'scan') return true;
    this.#itemError(
      json['during'] === 'restore' ? 'restore' : 'archival',
      text(json['item']),
      messageOf(json['error']),
    );
    return true;
  }

  #itemError(during: 'archival' | 'restore', item: string, message: string): void {
    this.#errorCount += 1;
    this.#sign(signOfItem(during, item, message), message === '' ? `error for ${item}` : message);
    const shown = this.#redact(item).slice(0, LONGEST_TAIL_LINE);
    if (this.#errors.size >= MOST_ERRORS || this.#errors.has(shown)) return;
    this.#errors.set(shown, { item: shown, message: this.#redact(message).slice(0, LONGEST_TAIL_LINE) });
  }

  #stderrText(line: string): void {
    if (line.trim() === '') return;
    if (isRetry(line)) this.#listener.onRetry?.();
    else this.#listener.onLife?.();
    this.#sign(signOf(line), line);
    if (STACK_LINE.test(line)) return;
    this.#tail.push(this.#redact(line).slice(0, LONGEST_TAIL_LINE));
    if (this.#tail.length > MOST_TAIL_LINES) this.#tail.shift();
  }

  #sign(sign: Sign | undefined, line: string): void {
    if (sign === undefined || this.#signs.has(sign)) return;
    this.#signs.set(sign, this.#redact(line.trim()).slice(0, LONGEST_SIGN_LINE));
  }
}
