import { StringDecoder } from 'node:string_decoder';

/** A line longer than this is cut; the rest of it is read and thrown away. In UTF-16 units. */
export const LONGEST_LINE = 1_048_576;

// Cursor and colour sequences: restic clears its status line with ESC [2K before some messages.
const ESCAPE = '\u001B';
const TERMINAL_SEQUENCE = new RegExp(`${ESCAPE}\\[[0-9;?]*[A-Za-z]`, 'g');

/**
 * Cuts a byte stream into lines at LF, CR or both. Never holds more than one line of `longest`; the chunks may
 * break inside a character. Empty lines are left out, terminal sequences taken away.
 */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string, cut: boolean) => void;
  readonly #longest: number;
  #pending = '';
  #cut = false;

  /** `cut`: the line was longer than `longest` and is its beginning only. */
  constructor(onLine: (line: string, cut: boolean) => void, longest: number = LONGEST_LINE) {
    this.#onLine = onLine;
    this.#longest = longest;
  }

  push(chunk: Uint8Array | string): void {
    this.#text(typeof chunk === 'string' ? chunk : this.#decoder.write(chunk));
  }

  /** The stream has ended: what is left is a line. */
  end(): void {
    this.#text(this.#decoder.end());
    this.#finish('');
  }

  #text(text: string): void {
    let start = 0;
    let lf = text.indexOf('\n');
    let cr = text.indexOf('\r');
    while (lf !== -1 || cr !== -1) {
      const at = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
      this.#finish(text.slice(start, at));
      start = at + 1;
      if (at === lf) lf = text.indexOf('\n', start);
      else cr = text.indexOf('\r', start);
    }
    this.#append(text.slice(start));
  }

  #append(piece: string): void {
    const room = this.#longest - this.#pending.length;
    if (piece.length > room) this.#cut = true;
    this.#pending += piece.slice(0, room);
  }

  #finish(piece: string): void {
    this.#append(piece);
    const line = this.#pending.includes(ESCAPE)
      ? this.#pending.replace(TERMINAL_SEQUENCE, '')
      : this.#pending;
    const cut = this.#cut;
    this.#pending = '';
    this.#cut = false;
    if (line !== '') this.#onLine(line, cut);
  }
}

/** Is this an object, as restic's messages are? */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The JSON object that a line is, or undefined for anything else (also arrays). Never throws. */
export function readJsonLine(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What a line is made of: restic 0.14 and 0.16 forget the line break after some messages, so that a JSON message, a
 * `Fatal:` or the next retry is glued behind them.
 */
export function unglue(line: string): string[] {
  if (line.startsWith('{')) return [line];
  const json = line.indexOf('{"message_type":');
  const isGlued = json > 0 && readJsonLine(line.slice(json)) !== undefined;
  const text = isGlued ? line.slice(0, json) : line;
  const parts = text.split(/(?<=\S)(?=Fatal: |(?:Save|Load|Stat|Remove|List)\(<?\w+)/);
  return isGlued ? [...parts, line.slice(json)] : parts;
}
