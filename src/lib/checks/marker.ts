import { probe } from '../drive/probe.ts';
import type { Look, Verdict } from './verdict.ts';
import { failedProbe, verdict } from './verdict.ts';

const LONGEST_MARKER = 64 * 1024;

/** Whether `path` is a file that can be read and, where `id` is given, is that id or has a line that is. */
export async function checkMarker(path: string, id: string | undefined, look: Look): Promise<Verdict> {
  const wanted = id?.trim() ?? '';
  const limit = wanted === '' ? 1 : LONGEST_MARKER;
  const found = await probe({ op: 'read', path, limit }, look.timeoutMs);
  if (found.ok) {
    if (wanted === '') return verdict('yes', look, 'marker.yes', { path });
    return says(Buffer.from(found.content).toString('utf8'), wanted)
      ? verdict('yes', look, 'marker.right', { path, id: wanted })
      : verdict('no', look, 'marker.other', { path, id: wanted });
  }
  if (found.code === 'ENOENT' || found.code === 'ENOTDIR')
    return verdict('no', look, 'marker.absent', { path });
  return failedProbe(found, path, look);
}

/** Whole lines only: `disk-1` is not `disk-10`. `trim` takes the byte order mark of Windows editors away. */
function says(content: string, id: string): boolean {
  return content.trim() === id || content.split(/\r\n|[\r\n]/).some((line) => line.trim() === id);
}
