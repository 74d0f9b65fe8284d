import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { plan, repository, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, LANGUAGES } from './catalogue.ts';
import { Dialog } from './dialog.ts';

const FIELD = '#node-input-';
const SECRET = 'Authorization: Bearer a-token-that-nobody-sees';

let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
beforeEach(needsBrowser);
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

test.for(LANGUAGES)('in %s a plan saves a command or a download instead of folders', async (language) => {
  const text = expectedTexts('backup-plan', language);
  // Node-RED keeps credentials by the node's id.
  const id = `plan-${language}`;
  await nodeRed.deploy([
    tab(),
    repository('usb', { url: '/mnt/usb/restic', name: 'USB drive' }, { password: 'only for tests' }),
    plan({ id }, { repository: 'usb', key: 'house', name: 'House', scheduleKind: 'event' }),
  ]);
  await using editor = await Editor.open(nodeRed, language);
  await editor.showTab('tab');
  const dialog = await Dialog.ofNode(editor, id);
  expect(await dialog.speaks(language)).toContain(text('error.noPaths'));

  await dialog.choose(`${FIELD}source`, 'command');
  expect(await dialog.speaks(language)).toContain(text('hint.sourceCommand'));
  expect(await dialog.find('#backup-plan-paths').isVisible()).toBe(false);
  await dialog.type('#backup-plan-command', "sh -c 'dump | gzip'");

  await dialog.choose(`${FIELD}source`, 'download');
  expect(await dialog.speaks(language)).toContain(text('hint.sourceHeaders'));
  expect(await dialog.find('#backup-plan-command').isVisible()).toBe(false);
  await dialog.type(`${FIELD}sourceUrl`, 'supervisor');
  expect(await dialog.complaint(`${FIELD}sourceUrl`)).toContain(text('error.address'));
  await dialog.type(`${FIELD}sourceUrl`, 'http://supervisor/backups/abc/download');
  await dialog.accepts(`${FIELD}sourceUrl`);
  await dialog.type(`${FIELD}sourceHeaders`, 'no header');
  expect(await dialog.find('#backup-plan-headers-problem').innerText()).toBe(
    text('error.header', { line: 1 }),
  );
  await dialog.type(`${FIELD}sourceHeaders`, SECRET);
  expect(await dialog.find('#backup-plan-headers-problem').textContent()).toBe('');
  await dialog.type(`${FIELD}sourceName`, 'a/b');
  expect(await dialog.complaint(`${FIELD}sourceName`)).toContain(text('error.fileName'));
  await dialog.type(`${FIELD}sourceName`, 'house.tar');
  await dialog.done();

  expect(await editor.evaluate(`RED.nodes.node('${id}').valid`)).toBe(true);
  await editor.deploy();
  const flows = await nodeRed.flows();
  expect(flows.find((node) => node.id === id)).toMatchObject({
    source: 'download',
    sourceCommand: ['sh', '-c', 'dump | gzip'],
    sourceUrl: 'http://supervisor/backups/abc/download',
    sourceName: 'house.tar',
    paths: [],
  });
  expect(JSON.stringify(flows)).not.toContain('nobody-sees');

  const again = await Dialog.ofNode(editor, id);
  expect(await again.find('#backup-plan-headers-stored').innerText()).toContain(text('stored'));
  expect(await again.find(`${FIELD}sourceHeaders`).isVisible()).toBe(false);
  expect(await again.speaks(language)).not.toContain('nobody-sees');
});
