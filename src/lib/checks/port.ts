import { once } from 'node:events';
import { connect } from 'node:net';
import { limited } from '../limit.ts';
import type { Look, Verdict } from './verdict.ts';
import { seconds, verdict } from './verdict.ts';

/** Whether something accepts a TCP connection at `host`:`port` within the time limit. */
export async function checkPort(host: string, port: number, look: Look): Promise<Verdict> {
  const code = await connectCode(host, port, look);
  if (code === undefined) return verdict('yes', look, 'port.yes', { host, port });
  if (code === 'ABORT_ERR')
    return verdict('no', look, 'port.timeout', { host, port, seconds: seconds(look) });
  if (code === 'ECONNREFUSED') return verdict('no', look, 'port.refused', { host, port });
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return verdict('no', look, 'port.name', { host, port });
  return verdict('no', look, 'port.unreachable', { host, port, code });
}

/** Connects and hangs up; the error code of an attempt that failed. */
async function connectCode(host: string, port: number, look: Look): Promise<string | undefined> {
  const signal = limited(look);
  const socket = connect({
    host,
    port,
    // Node's default of 250 ms for each of several addresses gives up on a NAS that is waking.
    autoSelectFamilyAttemptTimeout: Math.max(250, Math.round(look.timeoutMs / 3)),
  });
  try {
    await once(socket, 'connect', { signal });
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
  } finally {
    // A late error has nobody to hear it.
    socket.on('error', () => {});
    socket.destroy();
  }
}
