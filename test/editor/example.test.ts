import { existsSync, rmSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import type { FlowNode } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home } from '../runtime/restic.ts';
import { Editor, needsBrowser } from './browser.ts';
import { LANGUAGES } from './catalogue.ts';

/** What is wrong with nodes in the editor, by type. */
const INVALID = `(() => {
  const bad = [];
  const look = (node) => { if (node.valid === false) bad.push([node.type, node.validationErrors]); };
  RED.nodes.eachNode(look); RED.nodes.eachConfig(look);
  return bad;
})()`;

test.for(LANGUAGES)(
  'in %s the example is imported from the menu, deployed, and played by its buttons to a good backup',
  async (language, context) => {
    needsBrowser(context);
    using home = await Home.make();
    // As a person starts: a drive with its marker, and no repository yet.
    rmSync(home.repository, { recursive: true });
    const env = { LASTGOOD_EXAMPLE_FOLDER: home.folder, LASTGOOD_EXAMPLE_PASSWORD_FILE: home.passwordFile };
    await using nodeRed = await NodeRed.start({ env, language });
    await using editor = await Editor.open(nodeRed, language);
    await editor.importExample('@lastgood/node-red-restic', 'flows');
    expect(await editor.evaluate(INVALID)).toEqual([]);
    const tab = await editor.evaluate<string>("RED.nodes.filterNodes({ type: 'backup-plan' })[0].z");
    await editor.showTab(tab);
    await editor.deploy();

    const flows: FlowNode[] = await nodeRed.flows();
    const idOf = (type: string, name: string): string =>
      flows.find((one) => one.type === type && one['name'] === name)?.id ?? '';
    const press = (name: string): Promise<void> => editor.press(idOf('inject', name));
    const state = (wanted: (state: PlanState) => boolean): Promise<PlanState> =>
      nodeRed.untilContext(tab, 'backup_example-documents', wanted);
    /** What a person sees under a node. */
    const shown = async (id: string, pattern: RegExp): Promise<void> => {
      const label = `document.querySelector('[id="${id}"] .red-ui-flow-node-status-label')?.textContent`;
      await editor.page.waitForFunction(`${pattern}.test(${label} ?? '')`);
    };
    const plan = idOf('backup-plan', 'Documents');
    const gate = idOf('retry-gate', 'try until it is good');
    await shown(plan, language === 'zh-CN' ? /下次/ : /^next/);

    await press('create the repository');
    await nodeRed.untilStatus(idOf('restic-run', 'create the repository'), ({ fill }) => fill === 'green');
    await press('unplug the drive');
    await vi.waitFor(() => expect(existsSync(home.drive)).toBe(false), 10_000);
    await press('back up now');
    await state(({ pending }) => pending !== null);
    await shown(gate, language === 'zh-CN' ? /第 ?2/ : /attempt 2/);
    await press('plug the drive in');
    const { lastSuccess } = await state(({ lastSuccessAt }) => lastSuccessAt !== null);
    expect((await home.snapshots()).map(({ id }) => id)).toEqual([lastSuccess?.snapshotId]);
    await shown(plan, language === 'zh-CN' ? /下次/ : /^next/);
  },
);
