import { probe } from '../drive/probe.ts';
import type { Look, Verdict } from './verdict.ts';
import { failedProbe, verdict } from './verdict.ts';

/**
 * Whether a small file can be written, synced and removed in the folder `path`. Only a write tells: after an error
 * some kernels refuse writes while every mount option and permission says that they are allowed.
 */
export async function checkWritable(path: string, look: Look): Promise<Verdict> {
  const written = await probe({ op: 'write', path }, look.timeoutMs);
  return written.ok ? verdict('yes', look, 'writable.yes', { path }) : failedProbe(written, path, look);
}
