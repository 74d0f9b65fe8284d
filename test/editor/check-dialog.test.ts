import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CheckKind, CheckReport, CheckSpec } from '../../src/lib/checks/check.ts';
import { check, type FlowNode, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, LANGUAGES } from './catalogue.ts';
import { Dialog } from './dialog.ts';

let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

const FIELD = '#node-input-';
const LIST = '#lastgood-checks';
const INSIDE = '> .lastgood-check > .lastgood-check-inside > .red-ui-editableList';

/** A row by its place: `at(2, 1)` is the first check of the second check, a group. */
function at(...place: readonly number[]): string {
  return place.reduce(
    (list, row, depth) =>
      `${depth === 0 ? list : `${list} ${INSIDE} > .red-ui-editableList-container > ol`} > li:nth-child(${row})`,
    LIST,
  );
}

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
const UNSHOWN: readonly object[] = [
  { kind: 'phase-of-the-moon', is: 'full' },
  { shade: 'blue', kind: 'mount', timeout: '1h30m', path: '/mnt/a' },
  { id: ['drive A'], path: '/mnt/a/mine', kind: 'marker' },
  { kind: 'any', checks: [{ kind: 'of-tomorrow', checks: [1, 2] }], weight: 3 },
  { kind: 'time', weekdays: [1, 2, 3, 4, 5, 6, 7], to: '06:00', from: '22:00' },
  { kind: 'source', mounted: false },
];

const FLOW: readonly FlowNode[] = [
  tab(),
  check({ id: 'every' }),
  check({ id: 'groups' }),
  check({ id: 'starter' }),
  check({ id: 'kept' }, { checks: Object([...EVERYTHING, ...UNSHOWN]) }),
  check(
    { id: 'look' },
    {
      inOrder: true,
      checks: [
        { kind: 'wake', mac: '00:11:22:33:44:55', host: 'nas', port: 22 },
        {
          kind: 'any',
          inOrder: true,
          checks: [
            { kind: 'mount', path: '/mnt/a' },
            { kind: 'port', host: 'nas', port: 445 },
            { kind: 'mount', path: '/mnt/b' },
          ],
        },
        { kind: 'none', checks: [{ kind: 'state', of: { type: 'flow', value: 'busy' }, operator: 'true' }] },
      ],
    },
  ),
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

  const note = async (row: string): Promise<string> =>
    await dialog.find(`${row} > .lastgood-check > .lastgood-check-body > .lastgood-check-note`).innerText();
  const kindOf = (row: string): string =>
    `${row} > .lastgood-check > .lastgood-check-line [data-field="kind"]`;
  const field = (row: string, name: string): string =>
    `${row} > .lastgood-check > :not(.lastgood-check-inside) [data-field="${name}"]`;

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
    for (const [name, value] of Object.entries(fields)) await dialog.type(field(row, name), value);
    return await note(row);
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
    await dialog.type(field(at(9), 'path'), '/mnt/usb');
    await more(at(9));
    await dialog.choose(field(at(9), 'unknownIs'), 'yes');
    await dialog.choose(kindOf(at(10)), 'state');
    await dialog.type(
      `${at(10)} .red-ui-typedInput-container >> nth=0 >> input.red-ui-typedInput-input`,
      'busy',
    );
    expect(await note(at(10))).toBe(text('kind.state.hint'));
    await dialog.choose(field(at(10), 'operator'), 'false');
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
    expect(await note(at(1))).toBe(text('kind.any.hint'));
    await addCheck(at(1));
    await fill(at(1, 1), 'mount', { path: '/mnt/a' });
    await addGroup(at(1));
    await dialog.choose(kindOf(at(1, 2)), 'at-least');
    for (let row = 1; row <= 3; row++) await addCheck(at(1, 2));
    await dialog.type(field(at(1, 2), 'count'), '4');
    expect(await note(at(1, 2))).toBe(text('problem.count', { count: 3 }));
    await dialog.type(field(at(1, 2), 'count'), '2');
    expect(await note(at(1, 2))).toBe(text('kind.at-least.hint'));
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
    expect(await dialog.find(field(at(1, 1), 'path')).isVisible()).toBe(false);
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
    expect(await dialog.find(field(at(1, 2, 3), 'path')).inputValue()).toBe('/mnt/a/mine');
    await dialog.done();
    expect(await editor.evaluate('RED.nodes.dirty()')).toBe(false);
    expect(await editor.evaluate("RED.nodes.node('groups').checks")).toEqual(expected);
  });

  test('what is wrong deep in a group is named at the node, and what is removed is gone', async () => {
    await open('groups');
    await dialog.type(field(at(1, 2, 3), 'path'), 'mine');
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
    expect(await note(at(2))).toBe(text('problem.groupEmpty'));
    await dialog.done();
    const kinds = "RED.nodes.node('groups').checks[0].checks[1].checks.map(({ kind }) => kind)";
    expect(await editor.evaluate<string[]>(kinds)).toContain('state');
  });

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
    const row = EVERYTHING.length + 2;
    await dialog.type(field(at(row), 'path'), '/mnt/c');
    await dialog.done();
    expect(await editor.evaluate(`RED.nodes.node('kept').checks[${row - 1}]`)).toEqual({
      shade: 'blue',
      kind: 'mount',
      timeout: '1h30m',
      path: '/mnt/c',
    });
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

  test('"Check now" shows what the deployed node saw, and wakes only when told to', async () => {
    const part = (kind: CheckKind, answer: 'yes' | 'no' | 'unknown', reason: string) => {
      return { kind, answer, reason, subject: kind, durationMs: 5 };
    };
    const mounted = part('mount', 'no', '/mnt/a: 123');
    const port = part('port', 'unknown', 'nas:445 456');
    const report: CheckReport = {
      passed: false,
      reason: '/mnt/a: 123',
      results: [
        part('wake', 'yes', 'nas 789'),
        { ...part('any', 'unknown', '/mnt/a: 123'), parts: [mounted, port] },
      ],
    };
    const asked: unknown[] = [];
    await editor.page.route('**/lastgood/checks/look/look', async (route) => {
      asked.push(route.request().postDataJSON());
      await route.fulfill({ json: { report, acts: true } });
    });
    await open('look');
    expect(await dialog.find('#lastgood-check-now-hint').innerText()).toBe(text('now.hint'));
    expect(await dialog.find('#lastgood-check-act').isVisible()).toBe(false);
    await dialog.press('#lastgood-check-now');
    expect(await dialog.verdict('#lastgood-check-results', 'warn')).toBe(
      text('now.notReady', { reason: report.reason }),
    );
    const lines = (await dialog.find('.lastgood-result').allInnerTexts()).map((line) =>
      line.split(/\s*\n\s*/),
    );
    const line = (sentence: string, answer: string, ...reason: string[]): string[] => [
      `${sentence}${text(`answer.${answer}`)}`,
      ...reason,
    ];
    expect(lines).toEqual([
      line(text('sentence.wake', { host: 'nas' }), 'yes', 'nas 789'),
      line(text('kind.any.name'), 'unknown'),
      line(text('sentence.mount', { path: '/mnt/a' }), 'no', '/mnt/a: 123'),
      line(text('sentence.port', { host: 'nas', port: 445 }), 'unknown', 'nas:445 456'),
      line(text('sentence.mount', { path: '/mnt/b' }), 'unneeded'),
      line(text('kind.none.name'), 'unneeded'),
      line(`flow.busy ${text('operator.true')}`, 'unneeded'),
    ]);
    const mark = async (row: string): Promise<string | null> =>
      await dialog.find(`${row} > .lastgood-check > div > .lastgood-check-mark`).getAttribute('title');
    expect(await mark(at(1))).toBe(`${text('answer.yes')}: nas 789`);
    expect(await mark(at(2, 2))).toBe(`${text('answer.unknown')}: nas:445 456`);
    expect(await mark(at(2, 3))).toBe(text('answer.unneeded'));
    expect(await mark(at(3, 1))).toBe(text('answer.unneeded'));
    await dialog.press('#lastgood-check-act');
    expect(await dialog.speaks(language)).toContain(text('now.question'));
    expect(asked).toEqual([{ language }]);
    await dialog.press('#lastgood-check-act-yes');
    await expect.poll(() => asked).toEqual([{ language }, { language, act: true }]);
    await dialog.verdict('#lastgood-check-results', 'warn');

    // What stands in the dialog is not what was looked at.
    await dialog.type(field(at(2, 1), 'path'), '/mnt/c');
    expect(await dialog.find('#lastgood-check-now-hint').innerText()).toBe(text('now.older'));
    expect(await dialog.find('.lastgood-check-mark').count()).toBe(0);
    await dialog.cancel();
  });

  test('"Check now" says why it cannot', async () => {
    await open('look');
    const message = language === 'zh-CN' ? '此节点尚未部署。' : 'This node is not deployed.';
    const answers = [
      { status: 404, json: { message } },
      { status: 403, json: {} },
    ];
    await editor.page.unroute('**/lastgood/checks/look/look');
    await editor.page.route('**/lastgood/checks/look/look', async (route) => {
      const answer = answers.shift();
      await (answer === undefined ? route.abort() : route.fulfill(answer));
    });
    await dialog.press('#lastgood-check-now');
    expect(await dialog.verdict('#lastgood-check-results', 'bad')).toBe(message);
    for (let answer = 2; answer <= 3; answer++) {
      await dialog.press('#lastgood-check-now');
      await expect.poll(async () => await dialog.verdict('#lastgood-check-results', 'bad')).not.toBe(message);
    }
    await dialog.cancel();
    // The browser complains about each of these answers.
    editor.complaints.length = 0;

    const added = await editor.drag('precondition-check', { x: 300, y: 500 });
    await open(added);
    expect(await dialog.find('#lastgood-check-now').isDisabled()).toBe(true);
    expect(await dialog.find('#lastgood-check-now-hint').innerText()).toBe(text('now.notDeployed'));
    await dialog.cancel();
  });
});
