import { expect, test } from 'vitest';
import { inject, probe, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';

// What the other browser tests stand on, shown with Node-RED's own nodes.
test.for([
  ['en-US', 'Deploy'],
  ['zh-CN', '部署'],
] as const)('the editor in %s imports, opens a dialog, deploys', async ([language, deployLabel], context) => {
  needsBrowser(context);
  await using nodeRed = await NodeRed.start();
  await using editor = await Editor.open(nodeRed, language);
  expect(await editor.page.innerText('#red-ui-header-button-deploy')).toContain(deployLabel);
  await editor.importFlow([
    tab('flow'),
    { ...inject('in', 'out'), z: 'flow', y: 300 },
    { ...probe('out'), z: 'flow', x: 500, y: 300 },
  ]);
  const imported = await editor.evaluate<string>("RED.nodes.filterNodes({ type: 'inject' })[0].id");
  await editor.showTab(await editor.evaluate<string>(`RED.nodes.node('${imported}').z`));
  await editor.openDialog(imported);
  await editor.page.fill('#node-input-name', 'press me');
  await editor.closeDialog('done');
  await editor.deploy();
  expect((await nodeRed.flows()).find(({ type }) => type === 'inject')).toMatchObject({ name: 'press me' });
});

test('an error on the console of the browser fails a test', async (context) => {
  needsBrowser(context);
  await using nodeRed = await NodeRed.start();
  const editor = await Editor.open(nodeRed);
  await editor.evaluate("console.error('look here')");
  await expect(editor[Symbol.asyncDispose]()).rejects.toThrow('look here');
});
