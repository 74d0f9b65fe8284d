import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { check, type FlowNode, gate, hub, node, plan, repository, run, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, helpIntroduction, LANGUAGES, NODE_TYPES } from './catalogue.ts';
import { Dialog } from './dialog.ts';

let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
beforeEach(needsBrowser);
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

const PORTS = {
  'backup-plan': ['port.input', 'port.output1', 'port.output2', 'port.output3'],
  'precondition-check': ['port.run', 'port.ready', 'port.notReady'],
  'restic-run': ['port.run', 'port.finished', 'port.notFinished', 'port.progress'],
  'retry-gate': ['port.outcomes', 'port.tryAgain', 'port.goodBackup', 'port.ended', 'port.alert'],
  'backup-hub': ['port.input', 'port.events', 'port.mqtt'],
} as const;
const PALETTE = ['backup-plan', 'precondition-check', 'restic-run', 'retry-gate', 'backup-hub'] as const;
const CATEGORY = { 'en-US': 'backup', 'zh-CN': '备份' } as const;

/** One node of each type, spread out, as the dialogs save them. */
function oneOfEach(): FlowNode[] {
  return [
    tab(),
    repository('repository', { url: '/mnt/usb/restic', name: 'USB drive' }, { password: 'only for tests' }),
    plan(
      { id: 'backup-plan' },
      { name: 'Photos', key: 'photos', repository: 'repository', paths: ['/home'], retention: { daily: 7 } },
    ),
    check({ id: 'precondition-check' }, { checks: [{ kind: 'port', host: 'nas', port: 22, timeout: '5s' }] }),
    run({ id: 'restic-run' }),
    gate({ id: 'retry-gate' }, { plans: ['backup-plan'] }),
    hub({ id: 'backup-hub' }),
  ].map((one, index) => ({ ...one, ...(one.z === undefined ? {} : { y: 120 * index - 60 }) }));
}

test.for(LANGUAGES)('in %s the palette, every port and the help have words', async (language) => {
  await nodeRed.deploy(oneOfEach());
  await using editor = await Editor.open(nodeRed, language);
  const { page } = editor;
  await editor.showTab('tab');
  expect(await page.innerText('#red-ui-palette-header-backup')).toBe(CATEGORY[language]);
  for (const type of PALETTE) {
    const text = expectedTexts(type, language);
    const entry = page.locator(`#red-ui-palette-base-category-backup [data-palette-type="${type}"]`);
    // The palette breaks long names into lines.
    expect((await entry.innerText()).replaceAll(/\s+/g, ' ').trim()).toBe(text('paletteLabel'));
    const ports = page.locator(`[id="${type}"]`).locator('.red-ui-flow-port-input, .red-ui-flow-port-output');
    for (const [index, key] of PORTS[type].entries()) {
      await page.mouse.move(1, 1);
      await page.waitForSelector('.red-ui-flow-port-tooltip', { state: 'detached' });
      await ports.nth(index).locator('.red-ui-flow-port').hover();
      const shown = await page.locator('.red-ui-flow-port-tooltip').textContent();
      expect(shown?.replaceAll(/\s+/g, '')).toBe(text(key).replaceAll(/\s+/g, ''));
    }
  }
  for (const type of NODE_TYPES) {
    await editor.evaluate(`RED.sidebar.help.show('${type}')`);
    const help = page.locator('.red-ui-sidebar-help-stack .red-ui-help').last();
    await help.getByText(helpIntroduction(type, language).slice(0, 12)).first().waitFor();
    if (type !== 'restic-repository') {
      expect(await help.innerText()).toContain(language === 'zh-CN' ? '输出' : 'Outputs');
    }
  }
});

test('opening a dialog and pressing Done changes nothing', async () => {
  await nodeRed.deploy(oneOfEach());
  const before = await nodeRed.flows();
  await using editor = await Editor.open(nodeRed);
  await editor.showTab('tab');
  for (const type of PALETTE) {
    const dialog = await Dialog.ofNode(editor, type);
    await dialog.done();
    expect(await editor.evaluate(`Boolean(RED.nodes.node('${type}').changed)`), type).toBe(false);
  }
  const dialog = await Dialog.ofConfig(editor, 'restic-repository', 'repository');
  await dialog.done();
  expect(await editor.evaluate("Boolean(RED.nodes.node('repository').changed)")).toBe(false);
  expect(await editor.evaluate('RED.nodes.dirty()')).toBe(false);
  expect(await nodeRed.flows()).toEqual(before);
});

test('nodes of a flow written by hand, with nothing but a type, open and can be completed', async () => {
  await nodeRed.deploy([tab()]);
  await using editor = await Editor.open(nodeRed);
  await editor.importFlow([
    tab('by-hand'),
    { id: 'bare-repository', type: 'restic-repository' },
    ...PALETTE.map((type, index) => {
      const { name: _, ...bare } = node(type, { id: type, z: 'by-hand' });
      return { ...bare, y: 120 * index + 100 };
    }),
  ]);
  await editor.showTab(await editor.evaluate("RED.nodes.filterNodes({ type: 'backup-plan' })[0].z"));
  // The editor gives imported nodes new ids.
  const idOf = (type: string): Promise<string> =>
    editor.evaluate<string>(`(() => {
      let id; const look = (node) => { if (node.type === '${type}') id = node.id; };
      RED.nodes.eachNode(look); RED.nodes.eachConfig(look); return id; })()`);
  const repositoryDialog = await Dialog.ofConfig(
    editor,
    'restic-repository',
    await idOf('restic-repository'),
  );
  await repositoryDialog.type('#node-config-input-url', '/mnt/usb/restic');
  await repositoryDialog.section('restic-repository-advanced');
  await repositoryDialog.speaks('en-US');
  await repositoryDialog.done();
  for (const type of PALETTE) {
    const dialog = await Dialog.ofNode(editor, await idOf(type));
    await dialog.speaks('en-US');
    if (type === 'backup-plan') {
      await dialog.choose('#node-input-repository', await idOf('restic-repository'));
      await dialog.add('#backup-plan-paths', '/home');
    }
    await dialog.done();
    const id = await idOf(type);
    expect(await editor.evaluate(`RED.nodes.node('${id}').validationErrors`), type).toEqual([]);
  }
  await editor.deploy();
  const saved = await nodeRed.flows();
  const find = (type: string): FlowNode | undefined => saved.find((one) => one.type === type);
  expect(find('restic-repository')).toMatchObject({ passwordSource: 'password', options: [] });
  expect(find('backup-plan')).toMatchObject({ scheduleKind: 'cron', catchUp: true, paths: ['/home'] });
  expect(find('precondition-check')).toMatchObject({ checks: [] });
  expect(find('restic-run')).toMatchObject({ operation: 'backup' });
  expect(find('retry-gate')).toMatchObject({ policy: 'exponential', failureBudget: 8 });
  expect(find('backup-hub')).toMatchObject({ baseTopic: 'lastgood', http: false });
});
