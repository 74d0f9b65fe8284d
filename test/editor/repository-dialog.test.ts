import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, LANGUAGES, type Language } from './catalogue.ts';
import { Dialog } from './dialog.ts';

let nodeRed: NodeRed;
const folder = mkdtempSync(join(tmpdir(), 'lastgood-repository-dialog-'));
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
beforeEach(needsBrowser);
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const FIELD = '#node-config-input-';
const VERDICT = '#restic-repository-verdict';
const PASSWORD = 'correct horse battery';

/** What restic itself lists with a password. */
function snapshotsWith(place: string, password: string): string {
  return execFileSync('restic', ['--no-cache', '-r', place, 'snapshots', '--json'], {
    env: { PATH: process.env['PATH'], RESTIC_PASSWORD: password },
    encoding: 'utf8',
  });
}

test.for(LANGUAGES)(
  'in %s a repository is tested, created, printed, filled in and saved',
  async (language) => {
    await nodeRed.deploy([tab()]);
    await using editor = await Editor.open(nodeRed, language);
    await testCreateAndPrint(editor, language);
    await fillInAndSave(editor, language);
  },
);

async function fillInAndSave(editor: Editor, language: Language): Promise<void> {
  const text = expectedTexts('restic-repository', language);
  const dialog = await Dialog.ofConfig(editor, 'restic-repository', '_ADD_');
  expect(await dialog.speaks(language)).toContain(text('label.url'));

  expect(await dialog.complaint(`${FIELD}url`)).toContain(text('label.url'));
  expect(await dialog.complaint(`${FIELD}password`)).toContain(text('label.password'));
  await dialog.type(`${FIELD}name`, 'NAS');
  await dialog.type(`${FIELD}url`, 'backup');
  expect(await dialog.find('#restic-repository-url-hint').innerText()).toBe(text('url.relative'));
  await dialog.type(`${FIELD}url`, 'rest:http://nas:8000/');
  await dialog.accepts(`${FIELD}url`);
  expect(await dialog.find('#restic-repository-url-hint').innerText()).toBe(text('url.rest'));

  await dialog.choose(`${FIELD}passwordSource`, 'command');
  expect(await dialog.complaint(`${FIELD}passwordCommand`)).toContain(text('label.passwordCommand'));
  await dialog.speaks(language);
  await dialog.choose(`${FIELD}passwordSource`, 'file');
  expect(await dialog.complaint(`${FIELD}passwordFile`)).toContain(text('label.passwordFile'));
  await dialog.type(`${FIELD}passwordFile`, '/config/restic-password');
  await dialog.accepts(`${FIELD}passwordFile`);

  await dialog.type(`${FIELD}environment`, 'RESTIC_REST_USERNAME');
  expect(await dialog.find('#restic-repository-environment-problem').innerText()).toBe(
    text('error.environment', { line: 1 }),
  );
  await dialog.type(`${FIELD}environment`, 'RESTIC_REST_USERNAME=anna');

  await fillInUpkeep(dialog, language);

  await dialog.section('restic-repository-advanced');
  await dialog.speaks(language);
  await dialog.type('#restic-repository-uploadLimit', 'much');
  expect(await dialog.complaint('#restic-repository-uploadLimit')).toContain(text('label.uploadLimit'));
  await dialog.type('#restic-repository-uploadLimit', '2000');
  await dialog.accepts('#restic-repository-uploadLimit');
  await dialog.typeDuration(`${FIELD}retryLock`, 'soon');
  expect(await dialog.complaint(`${FIELD}retryLock-amount`)).toContain(text('label.retryLock'));
  await dialog.typeDuration(`${FIELD}retryLock`, '3', 'm');
  await dialog.accepts(`${FIELD}retryLock-amount`);
  await dialog.add('#restic-repository-options', 'rest.connections');
  expect(await dialog.find('#restic-repository-advanced .lastgood-problem').innerText()).toContain(
    'rest.connections',
  );
  await dialog.type('#restic-repository-options input', 'rest.connections=3');
  await dialog.done();
  await editor.deploy();

  const saved = (await nodeRed.flows()).find(({ type }) => type === 'restic-repository');
  expect(saved).toMatchObject({
    name: 'NAS',
    url: 'rest:http://nas:8000/',
    passwordSource: 'file',
    passwordFile: '/config/restic-password',
    uploadLimit: 2000,
    downloadLimit: '',
    retryLock: '3m',
    options: ['rest.connections=3'],
    device: 'plug',
    mountCommand: ['sudo', 'mount', '/mnt/my drive'],
    unmountCommand: [],
    pruneEvery: '6w',
    checkEvery: '',
    checkSubset: '1/12',
  });

  // What was stored is shown by name only; the value never comes back.
  const again = await Dialog.ofConfig(editor, 'restic-repository', saved?.id ?? '');
  await again.find('#restic-repository-environment-stored code').waitFor();
  const shown = await again.speaks(language);
  expect(shown).toContain('RESTIC_REST_USERNAME');
  expect(shown).not.toContain('anna');
  const mountLine = again.find('#restic-repository-mountCommand');
  expect(await mountLine.inputValue()).toBe("sudo mount '/mnt/my drive'");
}

async function fillInUpkeep(dialog: Dialog, language: Language): Promise<void> {
  const text = expectedTexts('restic-repository', language);
  await dialog.section('restic-repository-upkeep');
  await dialog.speaks(language);
  await dialog.type(`${FIELD}device`, 'plug');
  const mount = '#restic-repository-mountCommand';
  await dialog.type(mount, "sudo mount '/mnt/my drive");
  expect(await dialog.complaint(mount)).toBe(text('error.quote'));
  await dialog.type(mount, "sudo mount '/mnt/my drive'");
  await dialog.accepts(mount);
  await dialog.typeDuration(`${FIELD}pruneEvery`, '0', 'd');
  expect(await dialog.complaint(`${FIELD}pruneEvery-amount`)).toContain(text('label.pruneEvery'));
  await dialog.typeDuration(`${FIELD}pruneEvery`, '6', 'w');
  await dialog.accepts(`${FIELD}pruneEvery-amount`);
  // Empty: never by itself.
  await dialog.typeDuration(`${FIELD}checkEvery`, '');
  await dialog.accepts(`${FIELD}checkEvery-amount`);
  await dialog.type(`${FIELD}checkSubset`, 'some');
  expect(await dialog.complaint(`${FIELD}checkSubset`)).toContain(text('label.checkSubset'));
  await dialog.type(`${FIELD}checkSubset`, '1/12');
  await dialog.accepts(`${FIELD}checkSubset`);
}

/** All before the first deploy, with what is typed. */
async function testCreateAndPrint(editor: Editor, language: Language): Promise<void> {
  const text = expectedTexts('restic-repository', language);
  const place = join(folder, language, 'repository');
  mkdirSync(join(folder, language), { recursive: true });
  const dialog = await Dialog.ofConfig(editor, 'restic-repository', '_ADD_');
  await dialog.type(`${FIELD}url`, place);
  await dialog.type(`${FIELD}password`, PASSWORD);

  await dialog.press('#restic-repository-test');
  expect(await dialog.verdict(VERDICT, 'warn')).toContain(place);
  await dialog.speaks(language);

  await dialog.press('#restic-repository-create');
  const create = dialog.find('#restic-repository-creation .primary');
  await dialog.type('#restic-repository-repeated', `${PASSWORD} or so`);
  expect(await create.isDisabled()).toBe(true);
  expect(existsSync(place)).toBe(false);
  await dialog.speaks(language);
  await dialog.type('#restic-repository-repeated', PASSWORD);
  await create.click();
  expect(await dialog.verdict(VERDICT, 'ok')).toContain(text('create.printSheet'));
  expect(JSON.parse(snapshotsWith(place, PASSWORD))).toEqual([]);

  await dialog.press('#restic-repository-test');
  await dialog
    .find(VERDICT)
    .getByText(text('test.version', { version: '' }).trim())
    .waitFor();
  expect(await dialog.verdict(VERDICT, 'ok')).not.toContain(text('create.printSheet'));
  await dialog.type(`${FIELD}password`, 'something else');
  await dialog.press('#restic-repository-test');
  expect(await dialog.verdict(VERDICT, 'bad')).not.toContain('something else');
  await dialog.type(`${FIELD}password`, PASSWORD);

  const sheet = async (): Promise<string> => {
    const opened = editor.page.waitForEvent('popup');
    await dialog.press('#restic-repository-sheet');
    const page = await opened;
    await page.waitForURL(/^blob:/);
    const content = await page.innerText('body');
    await page.close();
    return content;
  };
  const bare = await sheet();
  expect(bare).toContain(place);
  expect(bare).toContain('restic');
  expect(bare).not.toContain(PASSWORD);
  await dialog.press('#restic-repository-with-secrets');
  expect(await sheet()).toContain(PASSWORD);

  await dialog.press('#restic-repository-create');
  expect(await dialog.verdict(VERDICT, 'bad')).toContain(place);
  expect(await dialog.find('#restic-repository-creation').innerText()).toBe('');
  await dialog.cancel();
}

test('a repository is created with a proposed password, which is shown once, or with that of a file', async () => {
  const place = join(folder, 'proposed');
  await nodeRed.deploy([tab()]);
  await using editor = await Editor.open(nodeRed);
  const dialog = await Dialog.ofConfig(editor, 'restic-repository', '_ADD_');
  await dialog.type(`${FIELD}url`, place);
  await dialog.press('#restic-repository-create');
  const proposed = await dialog.find('.lastgood-password').innerText();
  expect(proposed.length).toBeGreaterThan(20);
  await dialog.press('#restic-repository-creation .primary');
  expect(await dialog.speaks('en-US')).not.toContain(proposed);
  await dialog.type('#restic-repository-repeated', proposed);
  await dialog.press('#restic-repository-creation .primary');
  await dialog.verdict(VERDICT, 'ok');
  expect(JSON.parse(snapshotsWith(place, proposed))).toEqual([]);
  await dialog.done();
  await editor.deploy();

  // The stored password is used without coming back to the browser.
  const id = (await nodeRed.flows()).find(({ type }) => type === 'restic-repository')?.id ?? '';
  const again = await Dialog.ofConfig(editor, 'restic-repository', id);
  await again.press('#restic-repository-test');
  await again.verdict(VERDICT, 'ok');
  await again.cancel();

  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, `${PASSWORD}\n`);
  const other = await Dialog.ofConfig(editor, 'restic-repository', '_ADD_');
  await other.type(`${FIELD}url`, join(folder, 'from-file'));
  await other.choose(`${FIELD}passwordSource`, 'file');
  await other.type(`${FIELD}passwordFile`, passwordFile);
  await other.press('#restic-repository-create');
  await other.press('#restic-repository-creation .primary');
  await other.verdict(VERDICT, 'ok');
  expect(JSON.parse(snapshotsWith(join(folder, 'from-file'), PASSWORD))).toEqual([]);
});
