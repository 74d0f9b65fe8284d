import { readFile } from 'node:fs/promises';
import { SHORTEST_TOKEN } from '../../src/protocol/protocol.ts';
import type { Access } from './hub-client.ts';
import { causeOf, HubProblem } from './hub-problem.ts';
import { TOKEN_VARIABLE } from './settings.ts';
import { LANGUAGES, type Language, type Texts, textsIn } from './texts.ts';

/** The platform's settings after they were looked at. */
export interface Settings {
  /** Where Node-RED's HTTP nodes are reached; ends with a slash. */
  readonly base: URL;
  readonly token: { readonly text: string } | { readonly file: string };
  /** User name and password of something before the hub. */
  readonly login: { readonly username: string; readonly password: string } | null;
  /** PEM file of a certificate authority. */
  readonly caFile: string | null;
  /** Switching off cancels a backup that runs. */
  readonly cancelBySwitch: boolean;
  readonly battery: boolean;
  readonly language: Language;
}

export type ReadSettings =
  | { readonly settings: Settings }
  | { readonly problem: string; readonly language: Language };

/**
 * Looks at what stands in config.json. A problem is one sentence in the language asked for, without secrets.
 *
 * @param environment may hold the token
 */
export function readSettings(
  config: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
): ReadSettings {
  const asked = textOf(config, 'language') || 'en';
  const language = LANGUAGES.find((known) => known === asked);
  if (language === undefined) return { problem: textsIn('en').badLanguage, language: 'en' };
  const texts = textsIn(language);
  const base = readBase(textOf(config, 'url'), texts);
  if (typeof base === 'string') return { problem: base, language };
  const token = readTokenPlace(config, environment, texts);
  if (typeof token === 'string') return { problem: token, language };
  const username = textOf(config, 'username');
  return {
    settings: {
      base,
      token,
      login: username === '' ? null : { username, password: textOf(config, 'password') },
      caFile: textOf(config, 'caFile') || null,
      cancelBySwitch: config['cancelBySwitch'] === true,
      battery: config['battery'] === true,
      language,
    },
  };
}

/** Reads what goes with each request; rejects with a {@link HubProblem} when a file cannot be read. */
export async function readAccess({ token, login, caFile }: Settings): Promise<Access> {
  const secret = 'text' in token ? token.text : (await contentOf(token.file)).trim();
  if (secret.length < SHORTEST_TOKEN || !isHeaderText(secret)) {
    throw new HubProblem('no-token', 'what the token file holds is no token');
  }
  return {
    token: secret,
    ...(login === null ? {} : { authorization: basic(login.username, login.password) }),
    ...(caFile === null ? {} : { ca: await contentOf(caFile) }),
  };
}

/** Does what is sent there stay on this machine, or is it encrypted? */
export function isPrivate({ protocol, hostname }: URL): boolean {
  return (
    protocol === 'https:' ||
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127\.[\d.]+$/.test(hostname)
  );
}

function readBase(url: string, texts: Texts): URL | string {
  if (url === '') return texts.noUrl;
  const base = URL.canParse(url) ? new URL(url) : null;
  if (base === null || !/^https?:$/.test(base.protocol)) return texts.badUrl;
  if (base.username !== '' || base.password !== '') return texts.urlWithPassword;
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

function readTokenPlace(
  config: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>>,
  texts: Texts,
): Settings['token'] | string {
  const file = textOf(config, 'tokenFile');
  const token = textOf(config, 'token') || (file === '' ? (environment[TOKEN_VARIABLE] ?? '').trim() : '');
  if (token === '') return file === '' ? texts.noToken(TOKEN_VARIABLE) : { file };
  if (token.length < SHORTEST_TOKEN || !isHeaderText(token)) return texts.shortToken(SHORTEST_TOKEN);
  return { text: token };
}

/** A header takes printable ASCII only. */
function isHeaderText(value: string): boolean {
  return /^[\x21-\x7e]+$/.test(value);
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new HubProblem('no-token', causeOf(error));
  }
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

function textOf(config: Readonly<Record<string, unknown>>, name: string): string {
  const value = config[name];
  return typeof value === 'string' ? value.trim() : '';
}
