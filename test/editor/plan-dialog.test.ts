import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { plan, repository, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, LANGUAGES, type Language } from './catalogue.ts';
import { Dialog } from './dialog.ts';

let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
beforeEach(needsBrowser);
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

const FIELD = '#node-input-';

async function fillInWhat(dialog: Dialog, language: Language): Promise<void> {
  const text = expectedTexts('backup-plan', language);
  expect(await dialog.speaks(language)).toContain(text('error.noPaths'));
  expect(await dialog.complaint(`${FIELD}repository`)).toContain(text('label.repository'));
  await dialog.choose(`${FIELD}repository`, 'usb');
  await dialog.accepts(`${FIELD}repository`);

  await dialog.type(`${FIELD}name`, 'Photos of Anna');
  expect(await dialog.find(`${FIELD}key`).inputValue()).toBe('photos-of-anna');

  await dialog.add('#backup-plan-paths', 'photos');
  const paths = dialog.find('.red-ui-editableList:has(#backup-plan-paths) + .lastgood-problem');
  expect(await paths.innerText()).toBe(text('error.relativePath', { path: 'photos' }));
  await dialog.type('#backup-plan-paths input', '/home/anna/photos');
  await dialog.add('#backup-plan-paths', '/home/anna/my letters');
  expect(await paths.textContent()).toBe('');

  await dialog.add('#backup-plan-excludes', '*.tmp');
  await dialog.type(`${FIELD}excludeLargerThan`, 'big');
  expect(await dialog.complaint(`${FIELD}excludeLargerThan`)).toContain(text('label.excludeLargerThan'));
  await dialog.type(`${FIELD}excludeLargerThan`, '500M');
  await dialog.press(`${FIELD}excludeCaches`);
  await dialog.add('#backup-plan-tags', 'anna,photos');
  const tags = dialog.find('.red-ui-editableList:has(#backup-plan-tags) + .lastgood-problem');
  expect(await tags.innerText()).toBe(text('error.tagComma', { tag: 'anna,photos' }));
  await dialog.type('#backup-plan-tags input', 'anna');
  await dialog.find(`${FIELD}host:not([value=""])`).waitFor();
}

async function fillInWhen(dialog: Dialog, language: Language): Promise<void> {
  const text = expectedTexts('backup-plan', language);
  await dialog.section('backup-plan-when');
  await dialog.choose(`${FIELD}situation`, 'docked-laptop');
  expect(await dialog.verdict('#backup-plan-situation-set', 'ok')).toContain(text('set.heading'));
  expect(await dialog.find(`${FIELD}settle-amount`).inputValue()).toBe('2');
  await dialog.speaks(language);
  await dialog.choose(`${FIELD}scheduleKind`, 'event');
  expect(await dialog.speaks(language)).toContain(text('hint.event'));

  await dialog.choose(`${FIELD}scheduleKind`, 'cron');
  const preview = dialog.find('#backup-plan-cron-preview');
  await dialog.type(`${FIELD}cron`, '0 19 * *');
  expect(await dialog.complaint(`${FIELD}cron`)).toContain(text('label.cron'));
  await preview.locator('.lastgood-verdict-bad').waitFor();
  await dialog.type(`${FIELD}cron`, '61 3 * * *');
  await preview.getByText('61').waitFor();
  expect(await dialog.complaint(`${FIELD}cron`)).toContain(text('label.cron'));
  await dialog.speaks(language);
  await dialog.type(`${FIELD}cron`, '15 3 * * 1');
  await preview.locator('.lastgood-verdict-ok').getByText('03:15').nth(3).waitFor();
  await dialog.accepts(`${FIELD}cron`);
  await dialog.type(`${FIELD}timeZone`, 'Mars/Olympus');
  expect(await dialog.complaint(`${FIELD}timeZone`)).toContain(text('label.timeZone'));
  await dialog.type(`${FIELD}timeZone`, 'Asia/Shanghai');
  await preview.locator('.lastgood-verdict-ok').getByText('Asia/Shanghai').waitFor();
  expect(await preview.locator('p').count()).toBe(3);

  await dialog.typeDuration(`${FIELD}settle`, 'a while');
  expect(await dialog.complaint(`${FIELD}settle-amount`)).toContain(text('label.settle'));
  await dialog.typeDuration(`${FIELD}settle`, '45', 's');
  await dialog.accepts(`${FIELD}settle-amount`);
  await dialog.choose(`${FIELD}deviceStarts`, 'nothing');

  expect(await dialog.find(`${FIELD}wattsOn`).isVisible()).toBe(false);
  await dialog.press('#backup-plan-watts summary');
  await dialog.type(`${FIELD}wattsOn`, 'many');
  expect(await dialog.complaint(`${FIELD}wattsOn`)).toContain(text('error.watts'));
  await dialog.type(`${FIELD}wattsOn`, '0.5');
  await dialog.accepts(`${FIELD}wattsOn`);
  expect(await dialog.complaint(`${FIELD}wattsOff`)).toContain(text('error.wattsOrder'));
  await dialog.type(`${FIELD}wattsOn`, '12');
  await dialog.accepts(`${FIELD}wattsOff`);
  await dialog.typeDuration(`${FIELD}wattsOffFor`, '2', 'm');
  expect(await dialog.speaks(language)).toContain(text('hint.watts'));
}

async function fillInDevice(dialog: Dialog, language: Language): Promise<void> {
  const text = expectedTexts('backup-plan', language);
  await dialog.section('backup-plan-device');
  await dialog.type(`${FIELD}device`, 'USB plug');
  await dialog.choose(`${FIELD}powerWords`, 'state-json');
  await dialog.typeDuration(`${FIELD}powerUpWithin`, 'soon');
  expect(await dialog.complaint(`${FIELD}powerUpWithin-amount`)).toContain(text('label.powerUpWithin'));
  await dialog.typeDuration(`${FIELD}powerUpWithin`, '90', 's');
  await dialog.accepts(`${FIELD}powerUpWithin-amount`);
  await dialog.typeDuration(`${FIELD}powerOffAfter`, '20', 's');
  await dialog.press(`${FIELD}powerOffMounted`);
  await dialog.press(`${FIELD}latenessPerDrive`);
  expect(await dialog.speaks(language)).toContain(text('hint.powerOffMounted'));
}

async function fillInKeep(dialog: Dialog, language: Language): Promise<void> {
  const text = expectedTexts('backup-plan', language);
  await dialog.section('backup-plan-keep');
  const summary = '#backup-plan-retention-summary';
  expect(await dialog.verdict(summary, 'warn')).toBe(text('keep.everything'));
  await dialog.press('#backup-plan-suggested');
  expect(await dialog.verdict(summary, 'ok')).toContain(text('keep.daily', { count: 7 }));
  await dialog.type('#backup-plan-keep-weekly', '-1');
  expect(await dialog.verdict(summary, 'bad')).toContain(text('label.keep.weekly'));
  await dialog.type('#backup-plan-keep-weekly', '5');
  await dialog.type('#backup-plan-within', '2 years');
  expect(await dialog.verdict(summary, 'bad')).toContain(text('label.within'));
  await dialog.type('#backup-plan-within', '2y');
  expect(await dialog.verdict(summary, 'ok')).toContain(text('keep.within', { within: '2y' }));
  for (const wrong of ['101', '-1', 'half']) {
    await dialog.type(`${FIELD}shrinkLimit`, wrong);
    expect(await dialog.complaint(`${FIELD}shrinkLimit`)).toContain(text('error.percent'));
  }
  await dialog.type(`${FIELD}shrinkLimit`, '30');
  await dialog.accepts(`${FIELD}shrinkLimit`);
  await dialog.speaks(language);
}

test.for(LANGUAGES)('in %s a plan is filled in, checked and saved', async (language) => {
  await nodeRed.deploy([
    tab(),
    repository('usb', { url: '/mnt/usb/restic', name: 'USB drive' }, { password: 'only for tests' }),
    plan({ id: 'plan' }, { repository: '', key: '', host: '', situation: 'always-there' }),
  ]);
  await using editor = await Editor.open(nodeRed, language);
  await editor.showTab('tab');
  const dialog = await Dialog.ofNode(editor, 'plan');
  await fillInWhat(dialog, language);
  await fillInWhen(dialog, language);
  await fillInDevice(dialog, language);
  await fillInKeep(dialog, language);
  await dialog.done();
  expect(await editor.evaluate("RED.nodes.node('plan').valid")).toBe(true);
  await editor.deploy();
  const saved = (await nodeRed.flows()).find(({ id }) => id === 'plan');
  expect(saved).toMatchObject({
    name: 'Photos of Anna',
    key: 'photos-of-anna',
    repository: 'usb',
    paths: ['/home/anna/photos', '/home/anna/my letters'],
    excludes: ['*.tmp'],
    excludeLargerThan: '500M',
    excludeCaches: true,
    tags: ['anna'],
    host: expect.stringMatching(/./),
    situation: 'docked-laptop',
    scheduleKind: 'cron',
    cron: '15 3 * * 1',
    timeZone: 'Asia/Shanghai',
    interval: '24h',
    minimumGap: '8h',
    settle: '45s',
    deviceStarts: 'nothing',
    wattsOn: 12,
    wattsOnFor: '5s',
    wattsOff: 1,
    wattsOffFor: '2m',
    device: 'USB plug',
    powerWords: 'state-json',
    powerUpWithin: '90s',
    powerOffAfter: '20s',
    powerOffMounted: true,
    latenessPerDrive: true,
    shrinkLimit: 30,
    retention: { daily: 7, weekly: 5, monthly: 12, within: '2y' },
  });

  // A rename keeps the key: snapshots carry it.
  const again = await Dialog.ofNode(editor, 'plan');
  await again.type(`${FIELD}name`, 'Pictures');
  expect(await again.find(`${FIELD}key`).inputValue()).toBe('photos-of-anna');
  // What was changed behind a fold is not hidden afterwards.
  await again.section('backup-plan-when');
  expect(await again.find(`${FIELD}wattsOn`).isVisible()).toBe(true);
});

test.for(LANGUAGES)('in %s a copied plan is offered a key of its own', async (language) => {
  const text = expectedTexts('backup-plan', language);
  const settings = { repository: 'usb', key: 'photos', paths: ['/home'] };
  await nodeRed.deploy([
    tab(),
    repository('usb', { url: '/mnt/usb/restic' }, { password: 'only for tests' }),
    plan({ id: 'first' }, { ...settings, name: 'Photos' }),
    plan({ id: 'copy' }, { ...settings, name: 'Copy' }),
  ]);
  await using editor = await Editor.open(nodeRed, language);
  await editor.showTab('tab');
  const dialog = await Dialog.ofNode(editor, 'copy');
  const problem = '#backup-plan-key-problem';
  expect(await dialog.verdict(problem, 'bad')).toContain(text('error.keyTwin', { name: 'Photos' }));
  expect(await dialog.complaint(`${FIELD}key`)).toContain(text('label.key'));
  await dialog.press('#backup-plan-new-key');
  await dialog.accepts(`${FIELD}key`);
  expect(await dialog.find(problem).innerText()).toBe('');
  await dialog.done();
  await editor.deploy();
  const keys = (await nodeRed.flows()).filter(({ type }) => type === 'backup-plan').map(({ key }) => key);
  expect(keys).toEqual(['photos', 'copy']);
  await editor.page.waitForFunction("RED.nodes.node('first').valid && RED.nodes.node('copy').valid");
});
