import { Problem } from '../../problem.ts';
import type { RepositorySettings } from '../repository-settings.ts';

/** The machine that restic runs on, as far as its environment goes. */
export interface EnvironmentHost {
  /** Normally `process.env`; only an allowlist of it reaches restic. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A folder that exists: restic 0.19 fails without a cache folder it can open. */
  readonly cacheFolder: string;
}

const ALLOWED = /^(?:PATH|HOME|TMPDIR|LANG|SSH_AUTH_SOCK|(?:SSL_CERT|RCLONE|XDG)_\w+)$/;
const ALLOWED_PROXY = /^(?:https?|all|no)_proxy$/i;

type PasswordVariable = 'PASSWORD' | 'PASSWORD_FILE' | 'PASSWORD_COMMAND';

function passwordOf(settings: RepositorySettings): readonly [PasswordVariable, string] {
  const { password, passwordFile, passwordCommand } = settings.secrets;
  if (password !== undefined && password !== '') return ['PASSWORD', password];
  if (passwordFile !== undefined && passwordFile !== '') return ['PASSWORD_FILE', passwordFile];
  if (passwordCommand !== undefined && passwordCommand !== '') return ['PASSWORD_COMMAND', passwordCommand];
  throw new Problem('credentials-missing', { repository: settings.name });
}

/** Of this process's environment what programs that we start may have; nothing of a repository. */
export function allowedEnvironment(env: EnvironmentHost['env']): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (ALLOWED.test(name) || ALLOWED_PROXY.test(name))) environment[name] = value;
  }
  return environment;
}

/**
 * The whole environment of restic for one repository: an allowlist of ours, the repository's own variables, then
 * what must not be overridden. The Supervisor's tokens of Home Assistant are not on the list.
 * Throws Problem `credentials-missing` when no way to the password is set.
 */
export function resticEnvironment(
  settings: RepositorySettings,
  host: EnvironmentHost,
): Record<string, string> {
  const environment = { ...allowedEnvironment(host.env), ...settings.secrets.environment };
  // restic refuses a password or repository that is given in two ways.
  for (const name of ['REPOSITORY_FILE', 'PASSWORD', 'PASSWORD_FILE', 'PASSWORD_COMMAND']) {
    delete environment[`RESTIC_${name}`];
  }
  const [variable, secret] = passwordOf(settings);
  return {
    ...environment,
    RESTIC_REPOSITORY: settings.url,
    [`RESTIC_${variable}`]: secret,
    RESTIC_CACHE_DIR: settings.cacheFolder ?? host.cacheFolder,
    RESTIC_PROGRESS_FPS: '1',
    LC_ALL: 'C',
  };
}

/**
 * The environment of `restic copy`: that of the repository copied to, and `RESTIC_FROM_*` for the one copied from.
 * Both share one set of back end variables, so Problem `copy-variables-differ` is thrown where they contradict.
 */
export function copyEnvironment(
  to: RepositorySettings,
  from: RepositorySettings,
  host: EnvironmentHost,
): Record<string, string> {
  const different = Object.entries(from.secrets.environment)
    .filter(([name, value]) => (to.secrets.environment[name] ?? value) !== value)
    .map(([name]) => name);
  if (different.length > 0) {
    throw new Problem('copy-variables-differ', {
      variables: different.join(', '),
      from: from.name,
      to: to.name,
    });
  }
  const [variable, secret] = passwordOf(from);
  return {
    ...from.secrets.environment,
    ...resticEnvironment(to, host),
    RESTIC_FROM_REPOSITORY: from.url,
    [`RESTIC_FROM_${variable}`]: secret,
  };
}
