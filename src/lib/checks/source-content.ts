import { mountOf, readMounts } from '../drive/mountinfo.ts';
import { probe } from '../drive/probe.ts';
import type { Look, Verdict } from './verdict.ts';
import { failedProbe, verdict } from './verdict.ts';

/**
 * Whether what is to be backed up is there with something in it: the folder under a drive that is not mounted is
 * empty. `mounted`: it must also lie in another mount than the system's own. Of several the first no, then the first
 * unknown, decides.
 */
export async function checkSources(paths: readonly string[], mounted: boolean, look: Look): Promise<Verdict> {
  const verdicts = await Promise.all(paths.map((path) => checkSourceContent(path, mounted, look)));
  const decisive =
    verdicts.find(({ answer }) => answer === 'no') ?? verdicts.find(({ answer }) => answer === 'unknown');
  if (decisive !== undefined) return decisive;
  return verdicts[0] ?? verdict('unknown', look, 'source.none');
}

async function checkSourceContent(path: string, mounted: boolean, look: Look): Promise<Verdict> {
  const [found, list] = await Promise.all([
    probe({ op: 'stat', path }, look.timeoutMs),
    probe({ op: 'list', path }, look.timeoutMs),
  ]);
  if (!found.ok) {
    return found.code === 'ENOENT' || found.code === 'ENOTDIR'
      ? verdict('no', look, 'sources.absent', { path })
      : failedProbe(found, path, look);
  }
  if (found.type === 'directory') {
    if (!list.ok) return failedProbe(list, path, look);
    if (list.empty) return verdict('no', look, 'source.empty', { path });
  }
  if (!mounted) return verdict('yes', look, 'source.yes', { path });
  const mount = mountOf(found.realPath, await readMounts());
  if (mount === undefined) return verdict('unknown', look, 'source.no-table', { path });
  return mount.mountPoint === '/' || mount.fsType === 'autofs'
    ? verdict('no', look, 'source.not-mounted', { path })
    : verdict('yes', look, 'source.mounted', { path, mountPoint: mount.mountPoint });
}
