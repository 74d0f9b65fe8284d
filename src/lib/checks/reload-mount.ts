import { durationOr } from '../duration.ts';
import { limited } from '../limit.ts';
import type { CheckLeaf } from './check.ts';
import { checkMount } from './mount.ts';
import { untilSo } from './until-so.ts';
import type { Look, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

type ReloadSpec = Pick<Extract<CheckLeaf, { kind: 'reload-mount' }>, 'name' | 'upTo'>;

/** Home Assistant's Supervisor, as it is reached from inside one of its apps. */
export interface Supervisor {
  readonly url: string;
  /** A secret. */
  readonly token: string | undefined;
}

/** The Supervisor of the app that we run in. */
function ownSupervisor(): Supervisor {
  return { url: 'http://supervisor', token: process.env['SUPERVISOR_TOKEN'] };
}

/** A network storage in the Supervisor's list (developers.home-assistant.io, "Endpoints", mounts). */
interface Storage {
  readonly name: string;
  readonly state?: string | null;
  readonly read_only?: boolean;
  /** Where apps see it. */
  readonly user_path?: string | null;
}

/** How long a reload may take where nothing else is said: a server that just woke is slow. */
const RELOADING_MS = 120_000;
const EVERY_MS = 5000;

/** What the Supervisor answered: `data`, or why there is none. */
type Answer =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly key: string; readonly detail: string };

/**
 * Whether a network storage of Home Assistant is mounted; if not, and if the check may act, the Supervisor is asked to
 * mount it again, and it is waited for up to `upTo`, beyond the time limit of the look.
 */
export async function checkReloadMount(
  { name, upTo }: ReloadSpec,
  mayAct: boolean,
  look: Look,
  supervisor: Supervisor = ownSupervisor(),
): Promise<Verdict> {
  if (supervisor.token === undefined || supervisor.token === '')
    return verdict('unknown', look, 'reload-mount.outside');
  const upToMs = durationOr(upTo, RELOADING_MS);
  if (upToMs === undefined) return verdict('unknown', look, 'timeout', { timeout: upTo ?? '' });
  const before = await lookAtStorage(name, look, supervisor);
  if (before.answer === 'yes' || before.listed !== true) return before;
  if (!mayAct) return verdict('no', look, 'reload-mount.would', { name });
  const reload: Look = { ...look, timeoutMs: upToMs };
  const path = `/mounts/${encodeURIComponent(name)}/reload`;
  let asked = await ask(supervisor, 'POST', path, reload);
  if (!asked.ok && asked.key !== 'refused') return failed(asked, name, look);
  let last: Verdict = before;
  const looks = async (): Promise<boolean> => {
    last = await lookAtStorage(name, look, supervisor);
    if (last.answer === 'yes') return true;
    // Refused while the server is still starting; it may be ready now.
    if (!asked.ok) asked = await ask(supervisor, 'POST', path, reload);
    return false;
  };
  if (await untilSo(looks, EVERY_MS, limited(reload)))
    return verdict('yes', look, 'reload-mount.reloaded', { name });
  return asked.ok ? { answer: last.answer, reason: last.reason } : failed(asked, name, look);
}

/** `listed`: a reload may help. */
async function lookAtStorage(
  name: string,
  look: Look,
  supervisor: Supervisor,
): Promise<Verdict & { readonly listed?: boolean }> {
  const answer = await ask(supervisor, 'GET', '/mounts', look);
  if (!answer.ok) return failed(answer, name, look);
  const storages = storagesIn(answer.data);
  const found = storages.find((storage) => storage.name === name);
  if (found === undefined) {
    const names = storages.map((storage) => storage.name).join(', ');
    const key = names === '' ? 'none' : 'unlisted';
    return verdict('no', look, `reload-mount.${key}`, { name, names });
  }
  if (found.state !== 'active') {
    return { ...verdict('no', look, 'reload-mount.no', { name, state: found.state ?? '?' }), listed: true };
  }
  const { user_path: path } = found;
  // One that is meant to be read-only, or that apps do not see, is as the Supervisor says.
  if (typeof path === 'string' && found.read_only !== true) {
    const mounted = await checkMount({ path }, look);
    if (mounted.answer !== 'yes') return { ...mounted, listed: true };
  }
  return verdict('yes', look, 'reload-mount.yes', { name });
}

function failed({ key, detail }: Extract<Answer, { ok: false }>, name: string, look: Look): Verdict {
  return verdict(key === 'refused' ? 'no' : 'unknown', look, `reload-mount.${key}`, { name, detail });
}

function storagesIn(data: unknown): Storage[] {
  const { mounts } = (data ?? {}) as { mounts?: unknown };
  return Array.isArray(mounts) ? mounts : [];
}

async function ask(
  { url, token }: Supervisor,
  method: 'GET' | 'POST',
  path: string,
  look: Look,
): Promise<Answer> {
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token ?? ''}` },
      signal: limited(look),
    });
    const { result, data, message } = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    if (response.status === 401 || response.status === 403)
      return { ok: false, key: 'denied', detail: String(response.status) };
    if (result === 'ok') return { ok: true, data };
    return {
      ok: false,
      key: 'refused',
      detail: typeof message === 'string' ? message : `${response.status}`,
    };
  } catch (error) {
    return { ok: false, key: 'unreachable', detail: error instanceof Error ? error.name : '' };
  }
}
