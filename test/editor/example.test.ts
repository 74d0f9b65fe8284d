import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import type { FlowNode } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home, resticIn } from '../runtime/restic.ts';
import { Editor, needsBrowser } from './browser.ts';

test('the example is imported from the menu, deployed, and played by its buttons to a good backup', async (context) => {
  needsBrowser(context);
  using home = await Home.make();
  const env = { LASTGOOD_EXAMPLE_FOLDER: home.folder, LASTGOOD_EXAMPLE_PASSWORD_FILE: home.passwordFile };
  await using nodeRed = await NodeRed.start({ env });
  await using editor = await Editor.open(nodeRed);
  await editor.importExample('@lastgood/node-red-restic', 'flows');
  const invalid =
    '(() => { const bad = []; RED.nodes.eachNode((n) => { if (n.valid === false) bad.push([n.type, n.validationErrors]); }); RED.nodes.eachConfig((n) => { if (n.valid === false) bad.push([n.type, n.validationErrors]); return true; }); return bad; })()';
  expect(await editor.evaluate(invalid)).toEqual([]);
  const tab = await editor.evaluate<string>("RED.nodes.filterNodes({ type: 'backup-plan' })[0].z");
  await editor.showTab(tab);
  await editor.deploy();

  const flows: FlowNode[] = await nodeRed.flows();
  const idOf = (type: string, name: string): string =>
    flows.find((one) => one.type === type && one['name'] === name)?.id ?? '';
  const press = (name: string): Promise<void> => editor.press(idOf('inject', name));
  const state = (wanted: (state: PlanState) => boolean): Promise<PlanState> =>
    nodeRed.untilContext(tab, 'backup_example-documents', wanted);
  await nodeRed.untilStatus(
    idOf('backup-plan', 'Documents'),
    ({ text }) => text !== 'starting' && text !== undefined,
  );

  await press('unplug the drive');
  await vi.waitFor(() => expect(existsSync(home.drive)).toBe(false), 10_000);
  await press('back up now');
  await state(({ pending }) => pending !== null);
  // What the gate shows is what a person sees under it.
  await editor.page.waitForFunction(
    `document.querySelector('[id="${idOf('retry-gate', 'try until it is good')}"] .red-ui-flow-node-status-label')?.textContent.includes('attempt 2')`,
  );
  await press('plug the drive in');
  const { lastSuccess } = await state(({ lastSuccessAt }) => lastSuccessAt !== null);
  expect((await home.snapshots()).map(({ id }) => id)).toEqual([lastSuccess?.snapshotId]);
});

test('the example creates its repository by a button', async (context) => {
  needsBrowser(context);
  using home = await Home.make();
  // As a person starts: a drive with its marker, and no repository yet.
  const fresh = `${home.folder}/fresh`;
  mkdirSync(`${fresh}/plugged-in/usb-drive`, { recursive: true });
  mkdirSync(`${fresh}/drawer`);
  cpSync(home.documents, `${fresh}/documents`, { recursive: true });
  cpSync(home.marker, `${fresh}/plugged-in/usb-drive/this-is-the-backup-drive`);
  const env = { LASTGOOD_EXAMPLE_FOLDER: fresh, LASTGOOD_EXAMPLE_PASSWORD_FILE: home.passwordFile };
  await using nodeRed = await NodeRed.start({ env });
  await using editor = await Editor.open(nodeRed);
  await editor.importExample('@lastgood/node-red-restic', 'flows');
  const tab = await editor.evaluate<string>("RED.nodes.filterNodes({ type: 'backup-plan' })[0].z");
  await editor.showTab(tab);
  await editor.deploy();
  const init = (await nodeRed.flows()).find(
    (one) => one.type === 'restic-run' && one['operation'] === 'init',
  );
  const button = (await nodeRed.flows()).find(
    (one) => one.type === 'inject' && one['name'] === 'create the repository',
  );
  await editor.press(button?.id ?? '');
  await nodeRed.untilStatus(init?.id ?? '', ({ fill }) => fill === 'green');
  const repository = `${fresh}/plugged-in/usb-drive/repository`;
  expect(await resticIn(repository, ['snapshots', '--json'])).toMatch(/^(\[\]|null)/);
});
