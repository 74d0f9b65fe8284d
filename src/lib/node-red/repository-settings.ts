import type {
  RepositoryCredentials,
  RepositoryDefinition,
} from '../../nodes/restic-repository/definition.ts';
import { parseDuration } from '../duration.ts';
import { Problem } from '../problem.ts';
import { isReadDataSubset } from '../restic/read-data-subset.ts';
import type { RepositorySecrets, RepositorySettings } from '../restic/repository-settings.ts';

/** How often a repository is pruned and checked where its dialog was saved before there was a choice. */
const UPKEEP_EVERY = '30d';

/** A repository as stored by the editor, as the domain uses it, or what is wrong with it. */
export function readRepositorySettings(
  id: string,
  definition: RepositoryDefinition,
  credentials: RepositoryCredentials | undefined,
): { settings: RepositorySettings } | { problem: Problem } {
  try {
    return { settings: settingsOf(id, definition, credentials ?? {}) };
  } catch (error) {
    if (error instanceof Problem) return { problem: error };
    throw error;
  }
}

function settingsOf(
  id: string,
  definition: RepositoryDefinition,
  credentials: RepositoryCredentials,
): RepositorySettings {
  const name = definition.name || definition.url || id;
  const url = (definition.url ?? '').trim();
  if (url === '') throw new Problem('repository-url', { name });
  const retryLockMs = duration(definition.retryLock, 'repository-retry-lock', name);
  const uploadLimit = Number(definition.uploadLimit) || undefined;
  const downloadLimit = Number(definition.downloadLimit) || undefined;
  const device = (definition.device ?? '').trim();
  const mountCommand = commandOf(definition.mountCommand);
  const unmountCommand = commandOf(definition.unmountCommand);
  const pruneEveryMs = duration(definition.pruneEvery ?? UPKEEP_EVERY, 'repository-upkeep', name);
  const checkEveryMs = duration(definition.checkEvery ?? UPKEEP_EVERY, 'repository-upkeep', name);
  const checkSubset = (definition.checkSubset ?? '5%').trim();
  if (checkSubset !== '' && !isReadDataSubset(checkSubset)) {
    throw new Problem('repository-check-subset', { name, value: checkSubset.slice(0, 40) });
  }
  return {
    id,
    name,
    url,
    secrets: secretsOf(definition, credentials),
    ...(definition.binary ? { binary: definition.binary } : {}),
    ...(definition.cacheFolder ? { cacheFolder: definition.cacheFolder } : {}),
    ...(uploadLimit === undefined ? {} : { uploadLimit }),
    ...(downloadLimit === undefined ? {} : { downloadLimit }),
    options: (definition.options ?? []).filter((option) => option.trim() !== ''),
    ...(retryLockMs === undefined ? {} : { retryLockMs }),
    ...(device === '' ? {} : { device }),
    ...(mountCommand === undefined ? {} : { mountCommand }),
    ...(unmountCommand === undefined ? {} : { unmountCommand }),
    // Nothing is due every 0 seconds: it means the same as an empty field.
    ...(pruneEveryMs ? { pruneEveryMs } : {}),
    ...(checkEveryMs ? { checkEveryMs } : {}),
    checkSubset,
  };
}

/** ms; undefined for an empty field. Throws Problem `code` for what is no duration. */
function duration(text: string | undefined, code: string, name: string): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) throw new Problem(code, { name, value: text.slice(0, 40) });
  return ms;
}

function commandOf(words: readonly string[] | undefined): [string, ...string[]] | undefined {
  const [program, ...rest] = words ?? [];
  return program === undefined || program === '' ? undefined : [program, ...rest];
}

function secretsOf(definition: RepositoryDefinition, credentials: RepositoryCredentials): RepositorySecrets {
  const environment = readEnvironment(credentials.environment ?? '');
  switch (definition.passwordSource) {
    case 'file':
      return { environment, ...(definition.passwordFile ? { passwordFile: definition.passwordFile } : {}) };
    case 'command':
      return {
        environment,
        ...(definition.passwordCommand ? { passwordCommand: definition.passwordCommand } : {}),
      };
    default:
      return { environment, ...(credentials.password ? { password: credentials.password } : {}) };
  }
}

/** Variables of a `NAME=value` list, one a line; lines that are none are left out. */
export function readEnvironment(text: string): Record<string, string> {
  const pairs = text.split(/\r?\n/).flatMap((line) => {
    const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.trim()] as const];
  });
  return Object.fromEntries(pairs);
}
