import type {
  RepositoryCredentials,
  RepositoryDefinition,
} from '../../nodes/restic-repository/definition.ts';
import { parseDuration } from '../duration.ts';
import { Problem } from '../problem.ts';
import type { RepositorySecrets, RepositorySettings } from '../restic/repository-settings.ts';

/** A repository as stored by the editor, as the domain uses it, or what is wrong with it. */
export function readRepositorySettings(
  id: string,
  definition: RepositoryDefinition,
  credentials: RepositoryCredentials | undefined,
): { settings: RepositorySettings } | { problem: Problem } {
  const name = definition.name || definition.url || id;
  const url = (definition.url ?? '').trim();
  if (url === '') return { problem: new Problem('repository-url', { name }) };
  const retryLockMs = definition.retryLock ? parseDuration(definition.retryLock) : undefined;
  if (definition.retryLock && retryLockMs === undefined) {
    return {
      problem: new Problem('repository-retry-lock', { name, value: definition.retryLock.slice(0, 40) }),
    };
  }
  const uploadLimit = Number(definition.uploadLimit) || undefined;
  const downloadLimit = Number(definition.downloadLimit) || undefined;
  return {
    settings: {
      id,
      name,
      url,
      secrets: secretsOf(definition, credentials ?? {}),
      ...(definition.binary ? { binary: definition.binary } : {}),
      ...(definition.cacheFolder ? { cacheFolder: definition.cacheFolder } : {}),
      ...(uploadLimit === undefined ? {} : { uploadLimit }),
      ...(downloadLimit === undefined ? {} : { downloadLimit }),
      options: (definition.options ?? []).filter((option) => option.trim() !== ''),
      ...(retryLockMs === undefined ? {} : { retryLockMs }),
      checkSubset: definition.checkSubset ?? '5%',
    },
  };
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
