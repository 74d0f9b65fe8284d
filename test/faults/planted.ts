import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Secrets that are easy to find again: each has a heart that survives every way of writing a text down. */
export class Planted {
  readonly #hearts: Map<string, string> = new Map();
  #count = 0;

  /** A new secret for a field; `awkward` ones have characters that JSON, URLs and shells write differently. */
  secret(field: string, awkward = true): string {
    this.#count += 1;
    const heart = `qzx${String(this.#count).padStart(3, '0')}secret${this.#count}zq`;
    this.#hearts.set(field, heart);
    return awkward ? `${heart} "p\\a$$' & %41+/=${heart}` : heart;
  }

  /** The fields whose secrets stand in a text, also encoded in base64 or hex, or in other letters. */
  in(text: string): string[] {
    const lower = text.toLowerCase();
    return [...this.#hearts]
      .filter(([, heart]) => lower.includes(heart) || encodings(heart).some((form) => text.includes(form)))
      .map(([field]) => field);
  }

  /** The fields whose secrets stand in the files of a folder, with the file; `except` are file names. */
  inFiles(folder: string, except: readonly string[]): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !except.includes(entry.name))
      .flatMap((entry) => {
        const path = join(entry.parentPath, entry.name);
        return this.in(`${path}\n${readFileSync(path, 'latin1')}`).map((field) => `${field} in ${path}`);
      });
  }
}

/** Forms that hold a text in the middle of something encoded. */
function encodings(heart: string): string[] {
  // Three places in which a text may stand in its base64, without the characters that its neighbours change.
  const base64 = ['', 'x', 'xx'].map((before) =>
    Buffer.from(before + heart)
      .toString('base64')
      .replace(/=+$/, '')
      .slice(before === '' ? 0 : 4, -2),
  );
  return [...base64, Buffer.from(heart).toString('hex')];
}
