import { probe } from '../drive/probe.ts';
import type { Look, Verdict } from './verdict.ts';
import { failedProbe, verdict } from './verdict.ts';

/** Whether something that is to be backed up is there. */
export async function checkSource(path: string, look: Look): Promise<Verdict> {
  const found = await probe({ op: 'stat', path }, look.timeoutMs);
  if (found.ok) return verdict('yes', look, 'sources.yes', { path });
  if (found.code === 'ENOENT' || found.code === 'ENOTDIR')
    return verdict('no', look, 'sources.absent', { path });
  return failedProbe(found, path, look);
}
