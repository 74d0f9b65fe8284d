import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home, PASSWORD } from '../runtime/restic.ts';
import { Editor, needsBrowser } from './browser.ts';
import { Dialog } from './dialog.ts';

const NEXT = { 'en-US': /^next /, 'zh-CN': /\p{Script=Han}/u } as const;

/** Draws a wire with the mouse, from an output port (counted from 1) to an input. */
async function wire(editor: Editor, from: string, port: number, to: string): Promise<void> {
  const { page } = editor;
  const centre = async (id: string, side: string): Promise<[number, number]> => {
    const box = await page.locator(`[id="${id}"] ${side} .red-ui-flow-port`).boundingBox();
    if (box === null) throw new Error(`no port ${side} at ${id}`);
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  await page.mouse.move(...(await centre(from, `.red-ui-flow-port-output >> nth=${port - 1} >>`)));
  await page.mouse.down();
  await page.mouse.move(...(await centre(to, '.red-ui-flow-port-input')), { steps: 8 });
  await page.mouse.up();
}

// The main job as a person does it: nothing is imported, nothing is posted.
test.for(['en-US', 'zh-CN'] as const)(
  'in %s four nodes are dragged, wired and filled in by hand, and make a good backup',
  async (language, context) => {
    needsBrowser(context);
    using home = await Home.make();
    rmSync(home.repository, { recursive: true });
    await using nodeRed = await NodeRed.start({ language });
    await using editor = await Editor.open(nodeRed, language);
    const { page } = editor;
    const tab = await editor.evaluate<string>('RED.workspaces.active()');

    const plan = await editor.drag('backup-plan', { x: 160, y: 160 });
    const check = await editor.drag('precondition-check', { x: 340, y: 280 });
    const run = await editor.drag('restic-run', { x: 520, y: 400 });
    const gate = await editor.drag('retry-gate', { x: 700, y: 520 });
    await wire(editor, plan, 1, check);
    await wire(editor, check, 1, run);
    await wire(editor, run, 1, gate);
    expect(
      await editor.evaluate(
        `RED.nodes.filterLinks({}).map((link) => [link.source.id, link.sourcePort, link.target.id])`,
      ),
    ).toEqual([
      [plan, 0, check],
      [check, 0, run],
      [run, 0, gate],
    ]);

    const planDialog = await Dialog.ofNode(editor, plan);
    await planDialog.type('#node-input-name', 'Documents');
    const repository = await planDialog.addConfig('repository');
    await repository.type('#node-config-input-name', 'USB drive');
    await repository.type('#node-config-input-url', home.repository);
    await repository.type('#node-config-input-password', PASSWORD);
    await repository.press('#restic-repository-create');
    await repository.type('#restic-repository-repeated', PASSWORD);
    await repository.press('#restic-repository-creation .primary');
    await repository.verdict('#restic-repository-verdict', 'ok');
    await repository.done();
    await planDialog.accepts('#node-input-repository');
    await planDialog.add('#backup-plan-paths', home.documents);
    await planDialog.section('backup-plan-keep');
    await planDialog.press('#backup-plan-suggested');
    await planDialog.done();

    const checkDialog = await Dialog.ofNode(editor, check);
    await checkDialog.press('.red-ui-editableList-addButton >> nth=0');
    await checkDialog.choose('[data-field="kind"]', 'marker');
    await checkDialog.type('[data-field="path"]', home.marker);
    await checkDialog.done();
    await editor.deploy();

    const status = (id: string): string =>
      `document.querySelector('[id="${id}"] .red-ui-flow-node-status-label')?.textContent.trim()`;
    await page.waitForFunction(`${NEXT[language]}.test(${status(plan)} ?? '')`);
    expect(await home.snapshots()).toEqual([]);
    await editor.press(plan);
    const state = await nodeRed.untilContext<PlanState>(
      tab,
      'backup_documents',
      ({ lastSuccess, run: now }) => lastSuccess !== null && now === null,
    );
    const [snapshot] = await home.snapshots();
    expect(snapshot).toMatchObject({
      id: state.lastSuccess?.snapshotId,
      paths: [home.documents],
      tags: expect.arrayContaining(['plan:documents']),
    });

    // What the nodes show is words of the person's language, not keys.
    for (const id of [plan, run, gate]) {
      await page.waitForFunction(`(${status(id)} ?? '') !== ''`);
      const shown = await editor.evaluate<string>(status(id));
      expect(shown).not.toMatch(/^[\w-]+\.[\w.-]+$/);
      if (language === 'zh-CN') expect(shown).toMatch(/\p{Script=Han}/u);
    }

    // A plan that was changed and not deployed cannot be mistaken for the one that runs.
    const again = await Dialog.ofNode(editor, plan);
    await again.type('#node-input-name', 'Papers');
    await again.done();
    await page.waitForSelector(`[id="${plan}"] .red-ui-flow-node-button-disabled`);
  },
);
