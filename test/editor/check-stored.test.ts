import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CheckSpec } from '../../src/lib/checks/check.ts';
import { check, type FlowNode, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, LANGUAGES } from './catalogue.ts';
import { at, fieldOf } from './check-rows.ts';
import { Dialog } from './dialog.ts';

let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

/** Every kind with every one of its properties. */
const EVERYTHING: readonly CheckSpec[] = [
  { kind: 'mount', path: '/mnt/a', label: 'BACKUP', uuid: '12AB-34CD', fsType: 'ext4', timeout: '20s' },
  { kind: 'marker', path: '/mnt/a/mine', id: 'drive A' },
  { kind: 'present', by: 'uuid', name: '12AB-34CD', hold: '10s' },
  { kind: 'writable', path: '/mnt/a' },
  { kind: 'space', path: '/mnt/a', freeBytes: '10 GB', freePercent: 2.5, freeInodes: 100_000 },
  { kind: 'health', path: '/mnt/a', unknownIs: 'yes' },
  { kind: 'smart', path: '/dev/sda', unknownIs: 'no' },
  { kind: 'repository' },
  { kind: 'answers', timeout: '1m' },
  { kind: 'source', path: '/home', mounted: true },
  { kind: 'source' },
  { kind: 'port', host: 'nas.local', port: 445 },
  { kind: 'http', url: 'http://nas.local:8000/', status: '200-399' },
  { kind: 'command', command: 'test', arguments: ['-e', '/mnt/my drive'] },
  {
    kind: 'state',
    of: { type: 'flow', value: '#:(memory)::busy' },
    operator: 'at-most',
    than: { type: 'num', value: '5' },
    notOlderThan: '5m',
    since: { type: 'msg', value: 'at' },
  },
  { kind: 'state', of: { type: 'jsonata', value: 'payload.on' }, operator: 'not-empty' },
  { kind: 'time', from: '22:00', to: '06:00', weekdays: [1, 5], timeZone: 'Europe/Berlin' },
  { kind: 'mains', batteryAtLeast: 50, unknownIs: 'yes' },
  { kind: 'load', below: 0.7 },
  { kind: 'wake', mac: '00:11:22:33:44:55', broadcast: '192.168.1.255', host: 'nas', port: 22, upTo: '5m' },
  { kind: 'reload-mount', name: 'nas_backup', upTo: '2m' },
  {
    kind: 'all',
    inOrder: true,
    timeout: '30s',
    hold: '5s',
    checks: [
      {
        kind: 'any',
        checks: [
          { kind: 'none', checks: [{ kind: 'at-least', count: 1, checks: [{ kind: 'answers' }] }] },
          { kind: 'repository' },
        ],
      },
    ],
  },
];

/** What this dialog does not show: kinds and properties of other versions, and values in another form. */
const UNSHOWN: readonly unknown[] = [
  null,
  { kind: 'phase-of-the-moon', is: 'full' },
  { shade: 'blue', kind: 'mount', timeout: '1h30m', path: '/mnt/a' },
  { id: ['drive A'], path: '/mnt/a/mine', kind: 'marker' },
  { kind: 'any', checks: [{ kind: 'of-tomorrow', checks: [1, 2] }], weight: 3 },
  { kind: 'time', weekdays: [1, 2, 3, 4, 5, 6, 7], to: '06:00', from: '22:00' },
  { kind: 'source', mounted: false },
];

const FLOW: readonly FlowNode[] = [
  tab(),
  check({ id: 'kept' }, { checks: Object([...EVERYTHING, ...UNSHOWN]) }),
];

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

  test('every kind opens with all that it has, and what the dialog cannot show is kept', async () => {
    await open('kept');
    const shown = await dialog.speaks(language);
    for (const { kind } of EVERYTHING) expect(shown).toContain(text(`kind.${kind}.hint`));
    expect(shown).toContain(text('kept', { kind: 'phase-of-the-moon' }));
    expect(shown).toContain(text('label.since'));
    expect(shown).toContain(text('label.fsType'));
    const words =
      '.lastgood-check-note, .lastgood-check-label, .lastgood-check-tick, option, .red-ui-editableList-addButton';
    const said = await dialog.find(words).allTextContents();
    const isForeign = (word: string): boolean => /\p{Script=Han}/u.test(word) !== (language === 'zh-CN');
    expect(said.filter((word) => isForeign(word) && word !== 'UUID')).toEqual([]);
    await dialog.done();
    expect(await editor.evaluate("RED.nodes.node('kept').changed")).not.toBe(true);
    const stored = await editor.evaluate("JSON.stringify(RED.nodes.node('kept').checks)");
    expect(stored).toBe(JSON.stringify([...EVERYTHING, ...UNSHOWN]));
    // An edit changes what was edited, and nothing beside it.
    await open('kept');
    const row = EVERYTHING.length + 3;
    await dialog.type(fieldOf(at(row), 'path'), '/mnt/c');
    await dialog.done();
    expect(await editor.evaluate(`RED.nodes.node('kept').checks[${row - 1}]`)).toEqual({
      shade: 'blue',
      kind: 'mount',
      timeout: '1h30m',
      path: '/mnt/c',
    });
  });
});
