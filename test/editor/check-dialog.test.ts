import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CheckKind } from '../../src/lib/checks/check.ts';
import { check, type FlowNode, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, LANGUAGES } from './catalogue.ts';
import { at, fieldOf, INSIDE, kindOf, LIST, noteOf } from './check-rows.ts';
import { Dialog } from './dialog.ts';

let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

const FIELD = '#node-input-';

const FLOW: readonly FlowNode[] = [
  tab(),
  check({ id: 'every' }),
  check({ id: 'groups' }),
  check({ id: 'starter' }),
].map((node, index) => ({ ...node, ...(node.z === undefined ? {} : { y: 80 * index }) }));

describe.each(LANGUAGES)('in %s', (language) => {
  const text = expectedTexts('precondition-check', language);
  let editor: Editor;
  let dialog: Dialog;
  beforeEach(async (context) => {
    needsBrowser(context);
    if (editor !== undefined) return;
    await nodeRed.deploy(FLOW);
    editor = await Editor.open(nodeRed, language);
    await editor.showTab('tab');
  });
  afterAll(async () => {
    await editor?.[Symbol.asyncDispose]();
  });

  async function open(id: string): Promise<void> {
    dialog = await Dialog.ofNode(editor, id);
  }

  /** What is deployed of a node, after the Deploy button. */
  async function deployed(id: string): Promise<FlowNode | undefined> {
    // An editor that finds a node wrong asks before it deploys.
    const wrong =
      "RED.nodes.filterNodes({ type: 'precondition-check' }).flatMap((node) => node.validationErrors ?? [])";
    expect(await editor.evaluate(wrong)).toEqual([]);
    await editor.deploy();
    return (await nodeRed.flows()).find((node) => node.id === id);
  }

  /** The buttons under a list: of a group's row, or of the outermost list. */
  function buttons(group?: string): Locator {
    const container =
      group === undefined ? `.red-ui-editableList:has(> div > ${LIST})` : `${group} ${INSIDE}`;
    return dialog.find(`${container} > .red-ui-editableList-addButton`);
  }
  async function addCheck(group?: string): Promise<void> {
    await buttons(group)
      .filter({ hasText: text('add') })
      .first()
      .click();
  }
  async function addGroup(group?: string): Promise<void> {
    await buttons(group)
      .filter({ hasText: text('addGroup') })
      .click();
  }

  async function fill(row: string, kind: CheckKind, fields: Record<string, string>): Promise<string> {
    await dialog.choose(kindOf(row), kind);
    for (const [name, value] of Object.entries(fields)) await dialog.type(fieldOf(row, name), value);
    return await noteOf(dialog, row);
  }

  test('a check of every kind is filled in, checked and saved', async () => {
    await open('every');
    expect(await dialog.speaks(language)).toContain(text('hint.none'));
    const more = async (row: string): Promise<void> => await dialog.press(`${row} .fa-ellipsis-h`);
    for (let row = 1; row <= 11; row++) await addCheck();
    expect(await fill(at(1), 'mount', { path: 'backup' })).toBe(text('problem.pathRelative'));
    expect(await fill(at(1), 'mount', { path: '/mnt/usb' })).toBe(text('kind.mount.hint'));
    expect(await fill(at(2), 'space', { path: '/mnt/usb' })).toBe(text('problem.limitMissing'));
    expect(await fill(at(2), 'space', { freePercent: '200' })).toBe(text('problem.percent'));
    await fill(at(2), 'space', { freeBytes: '10 GB', freePercent: '5' });
    expect(await fill(at(3), 'port', { host: 'nas.local', port: '99999' })).toBe(text('problem.port'));
    await fill(at(3), 'port', { port: '445' });
    await more(at(3));
    await dialog.type(`${at(3)} .lastgood-duration >> nth=0 >> input`, '20');
    expect(await fill(at(4), 'command', { command: "test -e '/mnt/my drive" })).toBe(text('problem.quote'));
    await fill(at(4), 'command', { command: "test -e '/mnt/my drive'" });
    expect(await fill(at(5), 'http', { url: 'nas.local' })).toBe(text('problem.url'));
    await fill(at(5), 'http', { url: 'http://nas.local/' });
    expect(await fill(at(6), 'time', { from: '7', to: '25:00' })).toBe(text('problem.time'));
    await fill(at(6), 'time', { to: '2230' });
    await dialog.press(`${at(6)} [data-day="7"]`);
    expect(await fill(at(7), 'wake', { mac: '00:11', host: 'nas', port: '22' })).toBe(text('problem.mac'));
    await fill(at(7), 'wake', { mac: '00-11-22-33-44-55' });
    expect(await fill(at(8), 'load', { below: '0' })).toBe(text('problem.load'));
    await fill(at(8), 'load', { below: '0.5' });
    await dialog.choose(kindOf(at(9)), 'health');
    await dialog.type(fieldOf(at(9), 'path'), '/mnt/usb');
    await more(at(9));
    await dialog.choose(fieldOf(at(9), 'unknownIs'), 'yes');
    await dialog.choose(kindOf(at(10)), 'state');
    await dialog.type(
      `${at(10)} .red-ui-typedInput-container >> nth=0 >> input.red-ui-typedInput-input`,
      'busy',
    );
    expect(await noteOf(dialog, at(10))).toBe(text('kind.state.hint'));
    await dialog.choose(fieldOf(at(10), 'operator'), 'false');
    await dialog.choose(kindOf(at(11)), 'source');

    await dialog.typeDuration(`${FIELD}waitFor`, 'long');
    expect(await dialog.complaint(`${FIELD}waitFor-amount`)).toContain(text('label.waitFor'));
    await dialog.typeDuration(`${FIELD}waitFor`, '5', 'm');
    await dialog.typeDuration(`${FIELD}lookEvery`, '');
    expect(await dialog.complaint(`${FIELD}lookEvery-amount`)).toContain(text('label.lookEvery'));
    await dialog.typeDuration(`${FIELD}lookEvery`, '15', 's');
    expect(await dialog.speaks(language)).toContain(text('hint.waits'));
    expect(await dialog.speaks(language)).toContain(text('hint.together'));
    await dialog.press(`${FIELD}inOrder`);
    expect(await dialog.speaks(language)).toContain(text('hint.inOrder'));
    await dialog.done();
    const saved = await deployed('every');
    expect(saved).toMatchObject({ inOrder: true, waitFor: '5m', lookEvery: '15s' });
    expect(saved?.['checks']).toEqual([
      { kind: 'mount', path: '/mnt/usb' },
      { kind: 'space', path: '/mnt/usb', freeBytes: '10 GB', freePercent: 5 },
      { kind: 'port', host: 'nas.local', port: 445, timeout: '20s' },
      { kind: 'command', command: 'test', arguments: ['-e', '/mnt/my drive'] },
      { kind: 'http', url: 'http://nas.local/' },
      { kind: 'time', from: '07:00', to: '22:30', weekdays: [1, 2, 3, 4, 5, 6] },
      { kind: 'wake', mac: '00-11-22-33-44-55', host: 'nas', port: 22 },
      { kind: 'load', below: 0.5 },
      { kind: 'health', path: '/mnt/usb', unknownIs: 'yes' },
      { kind: 'state', of: { type: 'flow', value: 'busy' }, operator: 'false' },
      { kind: 'source' },
    ]);
    expect(await editor.evaluate("RED.nodes.node('every').valid")).toBe(true);
  });

  test('groups in groups are built by mouse and keys, saved, and opened again as they were', async () => {
    await open('groups');
    await addGroup();
    expect(await noteOf(dialog, at(1))).toBe(text('kind.any.hint'));
    await addCheck(at(1));
    await fill(at(1, 1), 'mount', { path: '/mnt/a' });
    await addGroup(at(1));
    await dialog.choose(kindOf(at(1, 2)), 'at-least');
    for (let row = 1; row <= 3; row++) await addCheck(at(1, 2));
    await dialog.type(fieldOf(at(1, 2), 'count'), '4');
    expect(await noteOf(dialog, at(1, 2))).toBe(text('problem.count', { count: 3 }));
    await dialog.type(fieldOf(at(1, 2), 'count'), '2');
    expect(await noteOf(dialog, at(1, 2))).toBe(text('kind.at-least.hint'));
    await fill(at(1, 2, 1), 'port', { host: 'nas.local', port: '445' });
    await fill(at(1, 2, 2), 'http', { url: 'http://nas.local:8000/' });
    await fill(at(1, 2, 3), 'marker', { path: '/mnt/a/mine' });
    // A check becomes the first of its group.
    await addCheck();
    await dialog.choose(kindOf(at(2)), 'state');
    await dialog.type(
      `${at(2)} .red-ui-typedInput-container >> nth=0 >> input.red-ui-typedInput-input`,
      'busy',
    );
    const types = `${at(2)} .red-ui-typedInput-container >> nth=1 >> .red-ui-typedInput-type-select`;
    await dialog.press(types);
    await editor.page.locator('.red-ui-typedInput-options:visible a[value="bool"]').click();
    await dialog.choose(kindOf(at(2)), 'none');
    await addCheck();
    await fill(at(3), 'wake', { mac: '00:11:22:33:44:55', host: 'nas.local', port: '445' });
    // The arrow keys move what is to come first.
    await dialog.find(`${at(3)} > .red-ui-editableList-item-handle`).press('ArrowUp');
    await dialog.find(`${at(2)} > .red-ui-editableList-item-handle`).press('ArrowUp');
    await dialog.find(`${at(1)} > .red-ui-editableList-item-handle`).press('ArrowDown');
    await dialog.find(`${at(2)} > .red-ui-editableList-item-handle`).press('ArrowDown');
    await dialog.press(`${at(1)} > .lastgood-check > .lastgood-check-line .lastgood-check-fold`);
    expect(await dialog.find(`${at(1)} > .lastgood-check > .lastgood-check-sentence`).innerText()).toContain(
      text('sentence.mount', { path: '/mnt/a' }),
    );
    expect(await dialog.find(fieldOf(at(1, 1), 'path')).isVisible()).toBe(false);
    await dialog.speaks(language);
    await dialog.done();

    const expected = [
      {
        kind: 'any',
        checks: [
          { kind: 'mount', path: '/mnt/a' },
          {
            kind: 'at-least',
            checks: [
              { kind: 'port', host: 'nas.local', port: 445 },
              { kind: 'http', url: 'http://nas.local:8000/' },
              { kind: 'marker', path: '/mnt/a/mine' },
            ],
            count: 2,
          },
        ],
      },
      {
        kind: 'none',
        checks: [
          {
            kind: 'state',
            of: { type: 'flow', value: 'busy' },
            operator: 'is',
            than: { type: 'bool', value: 'true' },
          },
        ],
      },
      { kind: 'wake', mac: '00:11:22:33:44:55', host: 'nas.local', port: 445 },
    ];
    const first = await deployed('groups');
    expect(first?.['checks']).toEqual(expected);
    await open('groups');
    expect(await dialog.find(fieldOf(at(1, 2, 3), 'path')).inputValue()).toBe('/mnt/a/mine');
    await dialog.done();
    expect(await editor.evaluate('RED.nodes.dirty()')).toBe(false);
    expect(await editor.evaluate("RED.nodes.node('groups').checks")).toEqual(expected);
  });

  test('what is wrong deep in a group is named at the node, and what is removed is gone', async () => {
    await open('groups');
    await dialog.type(fieldOf(at(1, 2, 3), 'path'), 'mine');
    await dialog.done();
    const problem = text('problem.inCheck', {
      number: 3,
      kind: text('kind.marker.name'),
      problem: text('problem.pathRelative'),
    });
    const inside = text('problem.inGroup', { number: 2, kind: text('kind.at-least.name'), problem });
    expect(await editor.evaluate("RED.nodes.node('groups').validationErrors")).toEqual([
      text('problem.inGroup', { number: 1, kind: text('kind.any.name'), problem: inside }),
    ]);
    await open('groups');
    await dialog.press(`${at(1, 2, 3)} > .red-ui-editableList-item-remove`);
    await dialog.done();
    expect(await editor.evaluate("RED.nodes.node('groups').valid")).toBe(true);
    expect(await editor.evaluate("RED.nodes.node('groups').checks[0].checks[1].checks.length")).toBe(2);
  });

  test('a check is dragged from one group into another', async () => {
    await open('groups');
    const box = async (selector: string): Promise<{ x: number; y: number }> => {
      const { x = 0, y = 0, width = 0, height = 0 } = (await dialog.find(selector).boundingBox()) ?? {};
      return { x: x + width / 2, y: y + height / 2 };
    };
    await dialog.find(at(2)).scrollIntoViewIfNeeded();
    const from = await box(`${at(2, 1)} > .red-ui-editableList-item-handle`);
    const to = await box(`${at(1, 2, 2)} > .red-ui-editableList-item-handle`);
    await editor.page.mouse.move(from.x, from.y);
    await editor.page.mouse.down();
    await editor.page.mouse.move(to.x, to.y + 40, { steps: 20 });
    await editor.page.mouse.move(to.x, to.y, { steps: 10 });
    await editor.page.mouse.up();
    expect(await noteOf(dialog, at(2))).toBe(text('problem.groupEmpty'));
    await dialog.done();
    const kinds = "RED.nodes.node('groups').checks[0].checks[1].checks.map(({ kind }) => kind)";
    expect(await editor.evaluate<string[]>(kinds)).toContain('state');
  });

  test('an empty list offers beginnings, which leave open what only a person knows', async () => {
    await open('starter');
    for (const starter of ['nas', 'server', 'folder', 'usb']) {
      await dialog.press(`[data-starter="${starter}"]`);
      expect(await dialog.speaks(language)).not.toContain(text('hint.starters'));
      if (starter === 'usb') break;
      while ((await dialog.find(`${LIST} > li`).count()) > 0) {
        const before = await dialog.find(`${LIST} > li`).count();
        await dialog.press(`${at(1)} > .red-ui-editableList-item-remove`);
        await expect.poll(async () => await dialog.find(`${LIST} > li`).count()).toBe(before - 1);
      }
    }
    // The first field has the focus, and what is typed there goes for the same drive below.
    await editor.page.keyboard.type('/media/usb/');
    await editor.page.keyboard.press('Tab');
    await dialog.done();
    expect(await editor.evaluate("RED.nodes.node('starter').checks")).toEqual([
      { kind: 'mount', path: '/media/usb/' },
      { kind: 'marker', path: `/media/usb/${text('markerName')}` },
      { kind: 'space', path: '/media/usb', freeBytes: '5 GB' },
    ]);
    expect(await editor.evaluate("RED.nodes.node('starter').valid")).toBe(true);
  });
});
