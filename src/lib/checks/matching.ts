import { createContext, Script } from 'node:vm';

/** Longest pattern and text, in characters. */
const LONGEST_PATTERN = 200;
const LONGEST_TEXT = 10_000;
/**
 * A pattern such as `(a+)+$` can take for ever on a text of 40 characters, and Node-RED stands still meanwhile. Others
 * take far less than 1 ms, but the limit is one of the wall clock, and a busy machine may look away for so long.
 */
const LONGEST_MS = 200;

/** Why a text cannot be compared with a pattern. */
export type MatchProblem = 'pattern' | 'long' | 'slow';

let sandbox: { readonly script: Script; readonly context: { pattern: string; text: string } } | undefined;

/** Whether a text matches a regular expression, upper or lower case. What would take too long is given up. */
export function matches(text: string, pattern: string): boolean | MatchProblem {
  if (text.length > LONGEST_TEXT || pattern.length > LONGEST_PATTERN) return 'long';
  try {
    void new RegExp(pattern, 'i');
  } catch {
    return 'pattern';
  }
  // Only a script can be given a time limit: a plain RegExp cannot be stopped.
  sandbox ??= {
    script: new Script("new RegExp(pattern, 'i').test(text)"),
    context: { pattern: '', text: '' },
  };
  const { script, context } = sandbox;
  createContext(context);
  Object.assign(context, { pattern, text });
  try {
    return script.runInContext(context, { timeout: LONGEST_MS }) === true;
  } catch {
    return 'slow';
  }
}
