import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CheckAnswer, CheckKind, CheckReport } from '../../src/lib/checks/check.ts';
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

const FLOW: readonly FlowNode[] = [
  tab(),
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
            { kind: 'mount', path: '/mnt/b' },
            { kind: 'port', host: 'nas', port: 445 },
          ],
        },
        { kind: 'none', checks: [{ kind: 'state', of: { type: 'flow', value: 'busy' }, operator: 'true' }] },
      ],
    },
  ),
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

  test('"Check now" shows what the deployed node saw, and wakes only when told to', async () => {
    const part = (kind: CheckKind, subject: string, answer: CheckAnswer, reason: string) => {
      return { kind, answer, reason, subject, durationMs: 5 };
    };
    const mounted = part('mount', '/mnt/b', 'no', '/mnt/b: 123');
    const port = part('port', 'nas:445', 'unknown', 'nas:445 456');
    const report: CheckReport = {
      passed: false,
      reason: '/mnt/b: 123',
      results: [
        part('wake', 'nas:22', 'yes', 'nas 789'),
        { ...part('any', '', 'unknown', '/mnt/b: 123'), parts: [mounted, port] },
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
      line(text('sentence.mount', { path: '/mnt/a' }), 'unneeded'),
      line(text('sentence.mount', { path: '/mnt/b' }), 'no', '/mnt/b: 123'),
      line(text('sentence.port', { host: 'nas', port: 445 }), 'unknown', 'nas:445 456'),
      line(text('kind.none.name'), 'unneeded'),
      line(`flow.busy ${text('operator.true')}`, 'unneeded'),
    ]);
    const mark = async (row: string): Promise<string | null> =>
      await dialog.find(`${row} > .lastgood-check > div > .lastgood-check-mark`).getAttribute('title');
    expect(await mark(at(1))).toBe(`${text('answer.yes')}: nas 789`);
    expect(await mark(at(2, 3))).toBe(`${text('answer.unknown')}: nas:445 456`);
    expect(await mark(at(2, 1))).toBe(text('answer.unneeded'));
    expect(await mark(at(3, 1))).toBe(text('answer.unneeded'));
    await dialog.press('#lastgood-check-act');
    expect(await dialog.speaks(language)).toContain(text('now.question'));
    expect(asked).toEqual([{ language }]);
    await dialog.press('#lastgood-check-act-yes');
    await expect.poll(() => asked).toEqual([{ language }, { language, act: true }]);
    await dialog.verdict('#lastgood-check-results', 'warn');

    // What stands in the dialog is not what was looked at.
    await dialog.type(fieldOf(at(2, 1), 'path'), '/mnt/c');
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
