import type { NodeAPI } from 'node-red';
import type {
  RepositoryCredentials,
  RepositoryDefinition,
} from '../../nodes/restic-repository/definition.ts';
import { Problem } from '../problem.ts';
import type { RepositorySettings } from '../restic/repository-settings.ts';
import { readRepositorySettings } from './repository-settings.ts';

/** What the editor shows in place of a credential that it does not have. */
export const UNTOUCHED = '__PWRD__';

const LONGEST_TEXT = 20_000;
const MOST_TEXTS = 1000;

/** Texts of a list from outside; all else in it is left out. */
export function textsIn(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((text): text is string => typeof text === 'string' && text.length < LONGEST_TEXT)
    .slice(0, MOST_TEXTS);
}

/** A text from outside; empty for all else. */
export function textIn(value: unknown): string {
  return typeof value === 'string' && value.length < LONGEST_TEXT ? value : '';
}

/**
 * The credentials that Node-RED keeps for a repository; empty for one that was never deployed, and for every other node:
 * the password of a broker is no business of a dialog of ours.
 */
export function storedCredentials(red: Pick<NodeAPI, 'nodes'>, id: string): RepositoryCredentials {
  let isRepository = false;
  red.nodes.eachNode((node) => {
    if (node.id === id && node.type === 'restic-repository') isRepository = true;
  });
  const stored: unknown = isRepository ? red.nodes.getCredentials(id) : undefined;
  if (typeof stored !== 'object' || stored === null) return {};
  const { password, environment } = { password: '', environment: '', ...stored };
  return { password: textIn(password), environment: textIn(environment) };
}

/**
 * The repository of a dialog that may never have been deployed: what was typed, and what Node-RED keeps where a secret
 * was left untouched. `${NAME}` is filled in as Node-RED does at deploy.
 *
 * @param body the stored properties of a `restic-repository`, its `id`, `password` and `environment`
 * @throws Problem when it says too little, as a deployed node would report
 */
export function repositoryDraft(
  red: Pick<NodeAPI, 'nodes' | 'util'>,
  body: Readonly<Record<string, unknown>>,
): RepositorySettings {
  const id = textIn(body['id']);
  const filled = (value: unknown): string => {
    const text = textIn(value);
    const [, name] = /^\$\{([A-Za-z_]\w*)\}$/.exec(text) ?? [];
    if (name === undefined) return text;
    return textIn(red.util.evaluateNodeProperty(name, 'env', red.nodes.getNode(id), {})) || text;
  };
  const stored = storedCredentials(red, id);
  const secret = (name: 'password' | 'environment'): string =>
    filled(body[name] === UNTOUCHED ? stored[name] : body[name]);
  const source = body['passwordSource'];
  const definition: RepositoryDefinition = {
    name: filled(body['name']),
    url: filled(body['url']),
    passwordSource: source === 'file' || source === 'command' ? source : 'password',
    passwordFile: filled(body['passwordFile']),
    passwordCommand: filled(body['passwordCommand']),
    binary: filled(body['binary']),
    cacheFolder: filled(body['cacheFolder']),
    uploadLimit: Number(body['uploadLimit']) || '',
    downloadLimit: Number(body['downloadLimit']) || '',
    options: textsIn(body['options']).map(filled),
    retryLock: filled(body['retryLock']),
    // A draft is tried, not used: it switches, mounts and maintains nothing.
    device: '',
    mountCommand: [],
    unmountCommand: [],
    pruneEvery: '',
    checkEvery: '',
    checkSubset: '',
  };
  const read = readRepositorySettings(id || 'draft', definition, {
    password: secret('password'),
    environment: secret('environment'),
  });
  if ('problem' in read) throw read.problem;
  if (read.settings.url.includes('\0')) throw new Problem('repository-url', { name: read.settings.name });
  return read.settings;
}
