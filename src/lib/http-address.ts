/** An address for people: without the parts that may hold a secret. */
export function shownAddress(url: string): string {
  const found = httpTarget(url);
  return found === undefined ? '' : `${found.url.origin}${found.url.pathname}`;
}

/**
 * An http or https address, with the user and password in it as the header that a server takes them in; undefined for
 * anything else.
 */
export function httpTarget(text: string): { url: URL; headers: Record<string, string> } | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  const login = `${decoded(url.username)}:${decoded(url.password)}`;
  url.username = '';
  url.password = '';
  if (login === ':') return { url, headers: {} };
  return { url, headers: { authorization: `Basic ${Buffer.from(login).toString('base64')}` } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
