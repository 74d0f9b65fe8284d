/// <reference types="jquery" />
import { joinCommandLine, splitCommandLine } from './command-line.ts';

/** A text input for a command and its arguments, which are stored as a list of words. */
export interface CommandField {
  words(): string[];
}

/**
 * Shows the words as one line, and complains about a quote that was not closed.
 *
 * @param input selector of the input
 */
export function commandField(input: string, words: readonly string[], unclosedQuote: string): CommandField {
  const field = $(input).val(joinCommandLine(words));
  const typed = (): ReturnType<typeof splitCommandLine> => splitCommandLine(String(field.val()));
  const mark = (): void => {
    const bad = typed().unclosedQuote;
    field.toggleClass('input-error', bad).attr('title', bad ? unclosedQuote : '');
  };
  field.on('input', mark);
  mark();
  return { words: () => typed().words };
}
