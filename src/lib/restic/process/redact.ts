import type { RepositorySecrets } from '../repository-settings.ts';

/** No text that was redacted is longer. */
const LONGEST_TEXT = 65_536;

/** Values of variables that are shorter tell nothing and would make every text unreadable (`1`, `yes`). */
const SHORTEST_VALUE = 4;

const MASK = '***';

/** `//user:password@` of any URL. Ends at the last `@` before a slash or a blank. */
const USER_INFO = /(?<=:\/\/)[^\s/"'<>]*(?=@)/g;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Every form in which a text may appear in what restic and Go print. */
function forms(secret: string): string[] {
  const plain = decoded(secret);
  return [secret, plain, encodeURIComponent(plain), encodeURI(plain)].flatMap((form) => [
    form,
    JSON.stringify(form).slice(1, -1),
  ]);
}

/**
 * A function that takes the secrets of a repository out of any text, and bounds the text to 64 Ki characters: the
 * password, the password command, the values of the variables, the user part of URLs, each also as it looks encoded.
 */
export function redactor(secrets: RepositorySecrets, url: string): (text: string) => string {
  const userInfo = url.match(/:\/\/([^/\s]*)@/)?.[1] ?? '';
  const urlPassword = userInfo.slice(userInfo.indexOf(':') + 1);
  const values = [...Object.values(secrets.environment), secrets.passwordCommand ?? '', urlPassword]
    // A key of several lines is printed line by line.
    .flatMap((value) => [value, ...value.split(/[\r\n]+/)])
    .filter((value) => value.trim().length >= SHORTEST_VALUE);
  const hidden = [...new Set([secrets.password ?? '', ...values].flatMap(forms))]
    .filter((form) => form !== '')
    .toSorted((a, b) => b.length - a.length);
  const longest = hidden[0]?.length ?? 0;
  const pattern =
    hidden.length === 0
      ? undefined
      : new RegExp(hidden.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'gi');
  return (text) => {
    const whole = text.length <= LONGEST_TEXT;
    let shown = whole ? text : text.slice(0, LONGEST_TEXT + longest);
    if (pattern !== undefined) shown = shown.replace(pattern, MASK);
    shown = shown.replace(USER_INFO, MASK);
    // Where the text was cut, its end may be half a secret.
    return whole ? shown : shown.slice(0, Math.min(LONGEST_TEXT, shown.length - longest));
  };
}
