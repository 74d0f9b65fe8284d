/** What a person typed as one line, as words for a start without a shell. */
export interface CommandLine {
  words: string[];
  /** A quote was opened and not closed; the words then run to the end of the line. */
  unclosedQuote: boolean;
}

/**
 * Splits a line at blanks; quotes keep blanks together, and a backslash outside single quotes takes the next
 * character as it is. Nothing is expanded: `$HOME` and `*` stay as they are.
 */
export function splitCommandLine(line: string): CommandLine {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? '';
    if (character === '\\' && quote !== "'" && at + 1 < line.length) {
      at++;
      word = (word ?? '') + line[at];
    } else if (quote !== '') {
      if (character === quote) quote = '';
      else word = (word ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return { words, unclosedQuote: quote !== '' };
}

/** The line that {@link splitCommandLine} takes apart into the same words. */
export function joinCommandLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[^\s"'\\]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
