import { httpTarget, shownAddress } from '../http-address.ts';
import { limited } from '../limit.ts';
import type { CheckLeaf } from './check.ts';
import type { Look, Verdict } from './verdict.ts';
import { seconds, verdict } from './verdict.ts';

type HttpSpec = Pick<Extract<CheckLeaf, { kind: 'http' }>, 'url' | 'status'>;

const WELL = '200-299';

/** Whether an address answers GET with a status that was asked for; a redirect is an answer and is not followed. */
export async function checkHttp({ url, status }: HttpSpec, look: Look): Promise<Verdict> {
  const target = httpTarget(url);
  if (target === undefined) return verdict('unknown', look, 'http.url');
  const wanted = status === undefined || status.trim() === '' ? WELL : status.trim();
  const accepts = acceptedStatus(wanted);
  if (accepts === undefined) return verdict('unknown', look, 'http.status', { status: wanted });
  const address = shownAddress(url);
  const { origin, host } = target.url;
  try {
    const response = await fetch(target.url, {
      headers: target.headers,
      redirect: 'manual',
      signal: limited(look),
    });
    // Only the status is of interest, however long the page is.
    await response.body?.cancel();
    const found = response.status;
    if (accepts(found)) return verdict('yes', look, 'http.yes', { address, found });
    const denied = found === 401 || found === 403 ? 'denied' : 'no';
    return verdict('no', look, `http.${denied}`, { address, found, wanted });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'TimeoutError' || code === 'AbortError')
      return verdict('no', look, 'http.timeout', { address, seconds: seconds(look) });
    if (code === 'ECONNREFUSED') return verdict('no', look, 'http.refused', { host });
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return verdict('no', look, 'port.name', { host });
    if (/CERT|SELF_SIGNED|ISSUER/.test(code)) return verdict('unknown', look, 'http.certificate', { origin });
    return verdict('no', look, 'http.unreachable', { address, code });
  }
}

/** Reads `200`, `200-399` and lists such as `200, 401`; undefined for anything else. */
function acceptedStatus(text: string): ((status: number) => boolean) | undefined {
  const ranges = text.split(',').map((part) => /^\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*$/.exec(part));
  if (ranges.includes(null)) return undefined;
  return (status) =>
    ranges.some((range) => status >= Number(range?.[1]) && status <= Number(range?.[2] ?? range?.[1]));
}

/** `fetch` says "fetch failed" and hides what happened in the cause. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return error.name;
}
