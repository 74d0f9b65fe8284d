import { probe } from '../drive/probe.ts';
import type { Look, Verdict } from './verdict.ts';
import { failedProbe, verdict } from './verdict.ts';

/** Whether `path` is a file that can be read. */
export async function checkMarker(path: string, look: Look): Promise<Verdict> {
  const found = await probe({ op: 'read', path, limit: 1 }, look.timeoutMs);
  if (found.ok) return verdict('yes', look, 'marker.yes', { path });
  if (found.code === 'ENOENT' || found.code === 'ENOTDIR')
    return verdict('no', look, 'marker.absent', { path });
  return failedProbe(found, path, look);
}
