import { existsSync, rmSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { PlanState } from '../../src/lib/plan/state.ts';
import { Broker } from '../runtime/broker.ts';
import type { FlowNode } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home, PASSWORD } from '../runtime/restic.ts';
import { Editor, needsBrowser } from './browser.ts';
import { LANGUAGES } from './catalogue.ts';
import { Dialog } from './dialog.ts';

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

/** Where nodes stand on the tab that is shown, with the button that a plan has at its left; pixels. */
const BOXES = `RED.nodes.filterNodes({ z: RED.workspaces.active() }).map((node) => ({
  name: node.name,
  left: node.x - node.w / 2 - (node._def.button && node._def.align !== 'right' ? 26 : 0),
  right: node.x + node.w / 2,
  top: node.y - node.h / 2,
  bottom: node.y + node.h / 2,
}))`;

interface Box {
  name: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

test.for([
  'usb-drive-on-smart-plug',
  'nas-wake-on-lan',
  'docked-laptop',
  'alerts-to-phone',
  'dead-mans-switch-healthchecks',
])('the example %s is seen whole, and deployed once its comment was followed', async (example, context) => {
  needsBrowser(context);
  await using broker = await Broker.start();
  await using nodeRed = await NodeRed.start();
  await using editor = await Editor.open(nodeRed);
  await editor.importExample('@lastgood/node-red-restic', example);
  expect(await editor.evaluate(INVALID)).toEqual([]);
  await editor.showTab(await editor.evaluate<string>("RED.nodes.filterNodes({ type: 'backup-plan' })[0].z"));
  const seen = await editor.evaluate<number>(
    "$('#red-ui-sidebar-container').offset().left - $('#red-ui-workspace-chart').offset().left",
  );
  const boxes = await editor.evaluate<Box[]>(BOXES);
  expect(boxes.length).toBeGreaterThan(6);
  expect(boxes.filter(({ left, right }) => left < 0 || right > seen)).toEqual([]);
  const overlapping = boxes.flatMap((one, at) =>
    boxes.slice(at + 1).filter((other) => {
      const isBeside = one.right < other.left || other.right < one.left;
      const isBelow = one.bottom < other.top || other.bottom < one.top;
      return !isBeside && !isBelow;
    }),
  );
  expect(overlapping).toEqual([]);

  const fill = async (type: string, texts: Readonly<Record<string, string>>): Promise<void> => {
    const find = `(() => { let id; RED.nodes.eachConfig((one) => { if (one.type === '${type}') id = one.id; }); return id; })()`;
    const dialog = await Dialog.ofConfig(editor, type, await editor.evaluate<string>(find));
    // A person fills in one after the other.
    // oxlint-disable-next-line no-await-in-loop
    for (const [field, text] of Object.entries(texts)) await dialog.type(`#node-config-input-${field}`, text);
    await dialog.done();
  };
  await fill('restic-repository', { password: PASSWORD });
  const hasPlug = example === 'usb-drive-on-smart-plug';
  if (hasPlug) await fill('mqtt-broker', { broker: '127.0.0.1', port: String(broker.port) });
  expect(await editor.evaluate(INVALID)).toEqual([]);
  await editor.deploy();
  if (hasPlug) await broker.untilSubscribed('stat/backup-drive/POWER');
  expect(await nodeRed.flows()).toHaveLength(
    await editor.evaluate<number>('RED.nodes.createCompleteNodeSet().length'),
  );
  // The watch node wants a Linux with udev; where there is none it says so.
  const errors = nodeRed.logs.filter(({ level, type }) => level === 'error' && type !== 'watch');
  expect(errors).toEqual([]);
});
