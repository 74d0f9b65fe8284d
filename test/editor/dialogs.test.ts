import { expect, test } from 'vitest';
import type { FlowNode } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home, PASSWORD, resticIn } from '../runtime/restic.ts';
import { Editor, needsBrowser } from './browser.ts';

const TYPES = ['backup-plan', 'precondition-check', 'restic-run', 'retry-gate'] as const;

/** Switches a long dialog to one of its sections. */
async function section(editor: Editor, id: string): Promise<void> {
  await editor.page.click(`.lastgood-sections a[href="#${id}"]`);
  await editor.page.waitForSelector(`#${id}`, { state: 'visible' });
}

/** Adds a line to a list of texts. */
async function addLine(editor: Editor, list: string, text: string): Promise<void> {
  const container = editor.page.locator('.red-ui-editableList').filter({ has: editor.page.locator(list) });
  await container.locator('.red-ui-editableList-addButton').click();
  await editor.page.locator(`${list} input`).last().fill(text);
}

/** Types a duration where `durationField` put an amount beside a hidden input. */
async function duration(editor: Editor, input: string, amount: string): Promise<void> {
  await editor.page.locator(`${input} + .lastgood-duration input`).fill(amount);
}

test.for(['en-US', 'zh-CN'] as const)(
  'every dialog in %s is filled, complains, is saved, deployed and opened again',
  async (language, context) => {
    needsBrowser(context);
    using home = await Home.make();
    await using nodeRed = await NodeRed.start({ language });
    await using editor = await Editor.open(nodeRed, language);
    const { page } = editor;
    // The editor looks at a field when it is left.
    const look = async (selector: string): Promise<void> => {
      await page.evaluate('document.activeElement?.blur()');
      await page.waitForSelector(selector, { state: 'attached' });
    };
    const wrong = (input: string): Promise<void> => look(`${input}.input-error`);
    const right = (input: string): Promise<void> => look(`${input}:not(.input-error)`);

    // A repository, tested with real restic before anything is deployed.
    await editor.openConfigDialog('restic-repository', '_ADD_');
    expect(await editor.untranslated()).toEqual([]);
    await wrong('#node-config-input-url');
    await page.fill('#node-config-input-name', 'drive');
    await page.fill('#node-config-input-url', home.repository);
    await right('#node-config-input-url');
    await page.fill('#node-config-input-password', 'wrong');
    await page.click('#restic-repository-test');
    await page.waitForSelector(
      '#restic-repository-verdict .lastgood-verdict-bad, #restic-repository-verdict.lastgood-verdict-bad',
    );
    await page.fill('#node-config-input-password', PASSWORD);
    await page.click('#restic-repository-test');
    await page.waitForSelector(
      '#restic-repository-verdict .lastgood-verdict-ok, #restic-repository-verdict.lastgood-verdict-ok',
    );
    await section(editor, 'restic-repository-advanced');
    await duration(editor, '#node-config-input-retryLock', '3');
    await editor.closeDialog('done');
    const repository = await editor.evaluate<string>(
      "(() => { let id; RED.nodes.eachConfig((node) => { if (node.type === 'restic-repository') id = node.id; return true; }); return id; })()",
    );

    // A plan.
    const planId = await editor.drag('backup-plan', { x: 300, y: 300 });
    await editor.openDialog(planId);
    expect(await editor.untranslated()).toEqual([]);
    await page.fill('#node-input-name', 'My Documents');
    await page.selectOption('#node-input-repository', repository);
    await addLine(editor, '#backup-plan-paths', home.documents);
    await addLine(editor, '#backup-plan-excludes', '*.tmp');
    await section(editor, 'backup-plan-when');
    await page.fill('#node-input-cron', 'every evening');
    await wrong('#node-input-cron');
    await page.fill('#node-input-cron', '0 19 * * *');
    await right('#node-input-cron');
    await page.waitForFunction(
      "document.querySelector('#backup-plan-cron-preview').innerText.includes('19:00')",
    );
    await duration(editor, '#node-input-settle', '20');
    expect(await editor.untranslated()).toEqual([]);
    await section(editor, 'backup-plan-keep');
    await page.click('#backup-plan-suggested');
    expect(await editor.untranslated()).toEqual([]);
    await editor.closeDialog('done');

    // A check.
    const checkId = await editor.drag('precondition-check', { x: 300, y: 400 });
    await editor.openDialog(checkId);
    expect(await editor.untranslated()).toEqual([]);
    const checks = page.locator('.red-ui-editableList').filter({ has: page.locator('#lastgood-checks') });
    await checks.locator('.red-ui-editableList-addButton').click();
    await page.selectOption('#lastgood-checks [data-field="kind"]', 'marker');
    await page.fill('#lastgood-checks [data-field="path"]', 'no/full/path');
    await wrong('#lastgood-checks [data-field="path"]');
    await page.fill('#lastgood-checks [data-field="path"]', home.marker);
    await right('#lastgood-checks [data-field="path"]');
    expect(await editor.untranslated()).toEqual([]);
    await editor.closeDialog('done');

    // restic-run: every operation shows its own fields; forget insists on a plan.
    const runId = await editor.drag('restic-run', { x: 300, y: 500 });
    await editor.openDialog(runId);
    const operations = await page
      .locator('#node-input-operation option')
      .evaluateAll((options) => options.map((option) => option.getAttribute('value') ?? ''));
    expect(operations).toHaveLength(11);
    for (const operation of operations) {
      await page.selectOption('#node-input-operation', operation);
      expect(await editor.untranslated()).toEqual([]);
    }
    await page.selectOption('#node-input-operation', 'forget');
    await wrong('#lastgood-run-plan');
    await page.selectOption('#lastgood-run-plan', planId);
    await right('#lastgood-run-plan');
    await page.selectOption('#node-input-operation', 'backup');
    await editor.closeDialog('done');

    // A gate.
    const gateId = await editor.drag('retry-gate', { x: 300, y: 600 });
    await editor.openDialog(gateId);
    for (const id of [
      'lastgood-gate-retries',
      'lastgood-gate-waiting',
      'lastgood-gate-failures',
      'lastgood-gate-state',
    ]) {
      await section(editor, id);
      expect(await editor.untranslated()).toEqual([]);
    }
    await section(editor, 'lastgood-gate-retries');
    await duration(editor, '#node-input-delay', 'soon');
    await wrong('#node-input-delay');
    await duration(editor, '#node-input-delay', '7');
    await right('#node-input-delay');
    await editor.closeDialog('done');

    await editor.deploy();
    const deployed = new Map((await nodeRed.flows()).map((one) => [one.id, one]));
    expect(deployed.get(repository)).toMatchObject({ name: 'drive', url: home.repository, retryLock: '3m' });
    expect(JSON.stringify([...deployed.values()])).not.toContain(PASSWORD);
    expect(deployed.get(planId)).toMatchObject({
      name: 'My Documents',
      key: expect.stringMatching(/^[a-z0-9-]+$/),
      repository,
      paths: [home.documents],
      excludes: ['*.tmp'],
      cron: '0 19 * * *',
      settle: '20s',
      retention: { daily: 7, weekly: 4, monthly: 12 },
      host: expect.stringMatching(/./),
    });
    expect(deployed.get(checkId)).toMatchObject({ checks: [{ kind: 'marker', path: home.marker }] });
    expect(deployed.get(runId)).toMatchObject({ operation: 'backup' });
    expect(deployed.get(gateId)).toMatchObject({ policy: 'exponential', delay: '7m', failureBudget: 8 });

    // Opened again and left unchanged, nothing has changed.
    for (const id of [planId, checkId, runId, gateId]) {
      await editor.openDialog(id);
      await editor.closeDialog('done');
    }
    await editor.openConfigDialog('restic-repository', repository);
    await editor.closeDialog('done');
    const changed = await editor.evaluate<string[]>(
      `${JSON.stringify([planId, checkId, runId, gateId, repository])}.filter((id) => RED.nodes.node(id).changed)`,
    );
    expect(changed).toEqual([]);
  },
);

test('every port and every palette entry has a label in both languages', async (context) => {
  needsBrowser(context);
  await using nodeRed = await NodeRed.start();
  const found: string[][] = [];
  for (const language of ['en-US', 'zh-CN'] as const) {
    await using editor = await Editor.open(nodeRed, language);
    found.push(
      await editor.evaluate<string[]>(`${JSON.stringify(TYPES)}.flatMap((type) => {
        const definition = RED.nodes.getType(type);
        const ports = Array.from({ length: definition.outputs }, (_, port) => definition.outputLabels.call({ type }, port));
        const input = definition.inputLabels;
        return [definition.paletteLabel.call(definition), typeof input === 'function' ? input.call({ type }, 0) : input, ...ports];
      })`),
    );
  }
  const [english = [], chinese = []] = found;
  expect(english).toHaveLength(4 + 4 + 3 + 2 + 3 + 4);
  for (const label of english) expect(label).toMatch(/^[A-Za-z][^.]*$/);
  // Product words such as "restic" stay; everything that is a sentence or a noun is Chinese.
  for (const label of chinese) expect(label).toMatch(/\p{Script=Han}|restic/u);
});

test('a repository is created by its button only after its password was typed back', async (context) => {
  needsBrowser(context);
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await using editor = await Editor.open(nodeRed);
  const { page } = editor;
  const place = `${home.folder}/new-repository`;
  await editor.openConfigDialog('restic-repository', '_ADD_');
  await page.fill('#node-config-input-url', place);
  await page.click('#restic-repository-create');
  const password = await page.innerText('#restic-repository-creation .lastgood-password');
  expect(password.length).toBeGreaterThan(15);
  await page.click('#restic-repository-creation .red-ui-button.primary');
  const create = page.locator('#restic-repository-creation .red-ui-button.primary');
  await page.fill('#restic-repository-repeated', 'something else');
  expect(await create.isDisabled()).toBe(true);
  await page.fill('#restic-repository-repeated', password);
  await create.click();
  await page.waitForSelector(
    '#restic-repository-verdict .lastgood-verdict-ok, #restic-repository-verdict.lastgood-verdict-ok',
  );
  await editor.closeDialog('done');
  await editor.deploy();
  const flows: FlowNode[] = await nodeRed.flows();
  expect(flows.find(({ type }) => type === 'restic-repository')).toMatchObject({ url: place });
  expect(await resticIn(place, ['snapshots', '--json'], password)).toMatch(/^(\[\]|null)/);
});
