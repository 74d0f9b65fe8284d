import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import { localPath } from './lane.ts';
import { redactor } from './process/redact.ts';
import type { RepositorySettings } from './repository-settings.ts';
import { planTag } from './snapshots.ts';

/** A plan as it stands on the sheet. */
export interface RecoveryPlan {
  readonly name: string;
  readonly key: string;
  readonly host: string;
  readonly paths: readonly string[];
}

/** What a person needs who has only this sheet, the drive, and a bare machine. */
export interface RecoverySheet {
  readonly repository: RepositorySettings;
  readonly plans: readonly RecoveryPlan[];
  /** Undefined: restic was not found. */
  readonly resticVersion: string | undefined;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Print the password and the values of the variables. Only when the person asked for it. */
  readonly withSecrets: boolean;
}

/** A printable page, complete in itself; a string of HTML. Without `withSecrets` no secret is in it. */
export function recoveryPage(sheet: RecoverySheet, language: Language): string {
  const { repository, plans, resticVersion = '?', createdAt } = sheet;
  const text = (key: string, values: Record<string, string> = {}): string =>
    escapeHtml(translate(language, `restic:recovery.${key}`, values));
  const rows: [string, string][] = [
    [text('repository'), escapeHtml(shownUrl(sheet))],
    [text('version'), escapeHtml(resticVersion)],
    [text('password'), passwordText(sheet, language)],
    [text('date'), escapeHtml(createdAt.slice(0, 10))],
  ];
  const drive = localPath(repository.url) === undefined ? '' : `<p>${text('drive')}</p>`;
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><title>${text('title', { name: repository.name })}</title>
<style>
body { font: 11pt/1.5 sans-serif; max-width: 48em; margin: 2em auto; padding: 0 1em; color: #000; background: #fff }
h1 { font-size: 16pt } h2 { font-size: 12pt; margin-top: 1.5em }
th { text-align: left; vertical-align: top; padding-right: 1em; white-space: nowrap }
td, pre { font-family: monospace; overflow-wrap: anywhere; white-space: pre-wrap }
pre { border: 1px solid #888; padding: .7em }
</style></head><body>
<h1>${text('title', { name: repository.name })}</h1>
<p>${text('purpose')}</p>
<table>${rows.map(([name, value]) => `<tr><th>${name}</th><td>${value}</td></tr>`).join('')}</table>
${drive}
<h2>${text('open')}</h2>
<pre>${escapeHtml([...exportLines(sheet), 'restic snapshots'].join('\n'))}</pre>
${plans.map((plan) => planSection(plan, text)).join('\n')}
<p>${text('check')}</p>
</body></html>
`;
}

function planSection(
  plan: RecoveryPlan,
  text: (key: string, values?: Record<string, string>) => string,
): string {
  const target = `/restore/${plan.key}`;
  const commands = [
    `restic snapshots --tag ${quote(planTag(plan.key))} --host ${quote(plan.host)}`,
    `restic restore latest --tag ${quote(planTag(plan.key))} --host ${quote(plan.host)} --target ${quote(target)}`,
  ];
  return `<h2>${text('plan', { name: plan.name })}</h2>
<p>${text('paths')} ${plan.paths.map((path) => `<code>${escapeHtml(path)}</code>`).join(', ')}</p>
<pre>${escapeHtml(commands.join('\n'))}</pre>
<p>${text('target')} <code>${escapeHtml(target)}</code></p>`;
}

function exportLines(sheet: RecoverySheet): string[] {
  const { secrets, options } = sheet.repository;
  const asked = (value: string): string => (sheet.withSecrets ? quote(value) : "'…'");
  const lines = Object.entries(secrets.environment).map(([name, value]) => `export ${name}=${asked(value)}`);
  lines.push(`export RESTIC_REPOSITORY=${quote(shownUrl(sheet))}`);
  if (sheet.withSecrets && isSet(secrets.password))
    lines.push(`export RESTIC_PASSWORD=${quote(secrets.password)}`);
  // On a bare machine the file or command of the old one is gone: restic asks, or the person gives what it held.
  if (options.length > 0)
    lines.push(`alias restic=${quote(`restic ${options.map((o) => `-o ${quote(o)}`).join(' ')}`)}`);
  return lines;
}

function passwordText({ repository, withSecrets }: RecoverySheet, language: Language): string {
  const { password, passwordFile, passwordCommand } = repository.secrets;
  const say = (key: string, value = ''): string =>
    escapeHtml(translate(language, `restic:recovery.${key}`, { value }));
  if (isSet(password)) return withSecrets ? escapeHtml(password) : say('passwordBlank');
  if (isSet(passwordFile)) return say('passwordFile', passwordFile);
  // The command itself may hold a secret.
  if (isSet(passwordCommand))
    return withSecrets ? say('passwordCommand', passwordCommand) : say('passwordBlank');
  return say('passwordBlank');
}

function shownUrl({ repository, withSecrets }: RecoverySheet): string {
  return withSecrets ? repository.url : redactor(repository.secrets, repository.url)(repository.url);
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

/** For a POSIX shell. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
