import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { mountOf, readMounts } from '../drive/mountinfo.ts';
import { probe } from '../drive/probe.ts';
import { checkPort } from './port.ts';
import type { RepositoryEndpoint } from './repository-endpoint.ts';
import { sshDestination } from './ssh-destination.ts';
import type { Look, Verdict } from './verdict.ts';
import { failedProbe, verdict } from './verdict.ts';

/** Where a repository is, and what is remembered of that place. */
export interface RepositoryPlace {
  /** URL of any restic back end, or a local path. Secrets in it are not shown. */
  readonly url: string;
  /** The mounts that its local repositories were on; device numbers change with every replug, these do not. */
  readonly expectedMountPoints?: readonly string[];
  /** SHA-256 (hex) of the `config` files of the repositories that may be there: constant for their lives. */
  readonly expectedConfigs?: readonly string[];
}

/** restic's `config` has some 150 bytes. */
const LONGEST_CONFIG = 64 * 1024;

/** Whether the repository's place is what it was: the same folder on the same mount, or a server that answers. */
export function checkRepository(
  place: RepositoryPlace,
  endpoint: RepositoryEndpoint,
  look: Look,
): Promise<Verdict> | Verdict {
  switch (endpoint.kind) {
    case 'folder':
      return checkFolder(endpoint.path, place, look);
    case 'server':
      return checkServer(endpoint, look);
    default:
      return verdict('yes', look, 'repository.unnamed', { backend: endpoint.backend });
  }
}

async function checkFolder(path: string, place: RepositoryPlace, look: Look): Promise<Verdict> {
  const [folder, config] = await Promise.all([
    probe({ op: 'stat', path }, look.timeoutMs),
    probe({ op: 'read', path: join(path, 'config'), limit: LONGEST_CONFIG }, look.timeoutMs),
  ]);
  const { expectedMountPoints, expectedConfigs } = place;
  if (folder.ok && expectedMountPoints !== undefined) {
    const mounts = await readMounts();
    const mountPoint = mountOf(folder.realPath, mounts)?.mountPoint ?? '';
    if (mounts.length > 0 && !expectedMountPoints.includes(mountPoint)) {
      return verdict('no', look, 'repository.moved', { path, expected: expectedMountPoints.at(-1) ?? '' });
    }
  }
  if (!config.ok) {
    const absent = config.code === 'ENOENT' || config.code === 'ENOTDIR';
    return absent ? verdict('no', look, 'repository.absent', { path }) : failedProbe(config, path, look);
  }
  if (!folder.ok) return failedProbe(folder, path, look);
  const found = createHash('sha256').update(config.content).digest('hex');
  if (expectedConfigs?.includes(found) === false) return verdict('no', look, 'repository.other', { path });
  return verdict('yes', look, 'repository.yes', { path });
}

async function checkServer(
  { backend, host, port }: Extract<RepositoryEndpoint, { kind: 'server' }>,
  look: Look,
): Promise<Verdict> {
  if (backend === 'sftp') {
    const destination = await sshDestination(host, port);
    if (destination.indirect) return verdict('yes', look, 'repository.indirect', { host });
    return checkPort(destination.host, destination.port, look);
  }
  // A proxy reaches servers that we cannot reach.
  if (behindProxy()) return verdict('yes', look, 'repository.indirect', { host });
  return checkPort(host, port ?? 443, look);
}

function behindProxy(): boolean {
  return ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].some(
    (name) => (process.env[name] ?? '') !== '',
  );
}
