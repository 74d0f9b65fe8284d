import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SHORTEST_TOKEN } from '../../src/protocol/protocol.ts';
import { type FlowNode, hub, mqttBroker, mqttIn, mqttOut, plan, repository, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Editor, needsBrowser } from './browser.ts';
import { expectedTexts, LANGUAGES } from './catalogue.ts';
import { Dialog } from './dialog.ts';

// The dialog of a hub: what it finds in the flow around it, what it sets in the broker node, its token.

let nodeRed: NodeRed;
beforeAll(async () => {
  nodeRed = await NodeRed.start();
});
afterAll(async () => {
  await nodeRed[Symbol.asyncDispose]();
});

const FIELD = '#node-input-';
const CONNECTIONS = '#lastgood-hub-connections';

/** A hub whose MQTT nodes lack this and that; the broker of port 1 is never there. */
function flow(alone: string): FlowNode[] {
  const hasOwn = { ...mqttOut('out', 'broker'), topic: 'mine', retain: 'false' };
  return [
    tab(),
    repository('usb', { url: '/mnt/usb/restic', name: 'USB drive' }, { password: 'only for tests' }),
    plan({ id: 'photos' }, { name: 'Photos', repository: 'usb', paths: ['/home'] }),
    plan({ id: 'letters' }, { name: 'Letters', repository: 'usb', paths: ['/home'] }),
    { ...mqttBroker('broker', 1), name: 'Mosquitto', autoConnect: false },
    mqttIn('commands', 'broker', 'lastgood/plan/+/cmd', 'hub'),
    hub({ id: 'hub', wires: [[], ['out']] }),
    hasOwn,
    hub({ id: alone, wires: [[], []] }),
  ].map((node, index) => ({ ...node, ...(node.z === undefined ? {} : { y: 80 * index }) }));
}

describe.each(LANGUAGES)('in %s', (language) => {
  // Node-RED keeps the token of a node as long as there is one with its id.
  const alone = `alone-${language}`;
  let editor: Editor | undefined;
  beforeEach(async (context) => {
    needsBrowser(context);
    if (editor !== undefined) return;
    await nodeRed.deploy(flow(alone));
    editor = await Editor.open(nodeRed, language);
    await editor.showTab('tab');
  });
  afterAll(async () => {
    await editor?.[Symbol.asyncDispose]();
  });

  async function open(id: string): Promise<Dialog> {
    if (editor === undefined) throw new Error('no editor');
    return await Dialog.ofNode(editor, id);
  }

  async function deployed(id: string): Promise<FlowNode | undefined> {
    await editor?.deploy();
    return (await nodeRed.flows()).find((node) => node.id === id);
  }

  test('it says what is missing around it, and the broker node is set by one button', async () => {
    const text = expectedTexts('backup-hub', language);
    const dialog = await open('hub');
    await dialog.choose('#lastgood-hub-which', 'chosen');
    expect(await dialog.speaks(language)).toContain(
      text('plans.empty', { names: `Letters${text('comma')}Photos` }),
    );
    await dialog.press('#lastgood-hub-plans input[value="photos"]');
    await dialog.section('lastgood-hub-mqtt');
    const shown = await dialog.speaks(language);
    expect(shown).toContain(
      text('connection.outHasOwn', {
        node: 'mine',
        fields: [text('mqttField.topic'), text('mqttField.retain')].join(text('comma')),
      }),
    );
    const broker = { broker: 'Mosquitto', topic: 'lastgood/availability' };
    expect(shown).toContain(text('connection.willMissing', broker));
    expect(await dialog.find(`${CONNECTIONS} li code`).allInnerTexts()).toEqual([
      'lastgood/availability',
      'homeassistant/status',
    ]);
    await dialog.type(`${FIELD}baseTopic`, 'house/#');
    expect(await dialog.complaint(`${FIELD}baseTopic`)).toContain(text('label.baseTopic'));
    await dialog.type(`${FIELD}baseTopic`, 'house');
    await dialog.accepts(`${FIELD}baseTopic`);
    expect(await dialog.find(`${CONNECTIONS} li code`).allInnerTexts()).toHaveLength(3);
    await dialog.type(`${FIELD}baseTopic`, 'lastgood');
    await dialog.press('#lastgood-hub-teach');
    expect(await dialog.find(CONNECTIONS).innerText()).toContain(text('connection.willRight', broker));
    await dialog.press(`${FIELD}progress`);
    await dialog.done();

    expect(await deployed('hub')).toMatchObject({ plans: ['photos'], baseTopic: 'lastgood', progress: true });
    const flows = await nodeRed.flows();
    expect(flows.find(({ id }) => id === 'broker')).toMatchObject({
      birthTopic: 'lastgood/availability',
      birthPayload: 'online',
      birthRetain: 'true',
      closeTopic: 'lastgood/availability',
      closePayload: 'offline',
      willTopic: 'lastgood/availability',
      willPayload: 'offline',
      willRetain: 'true',
    });
    expect(await editor?.evaluate("RED.nodes.node('hub').valid")).toBe(true);
  });

  test('a broker node that somebody uses otherwise is left alone, and a hub without MQTT says so', async () => {
    const text = expectedTexts('backup-hub', language);
    await editor?.evaluate("RED.nodes.node('broker').birthTopic = 'somebody/else'");
    const dialog = await open('hub');
    await dialog.section('lastgood-hub-mqtt');
    expect(await dialog.find(CONNECTIONS).innerText()).toContain(
      text('connection.willOther', { broker: 'Mosquitto', topic: 'lastgood/availability' }),
    );
    expect(await dialog.find('#lastgood-hub-teach').count()).toBe(0);
    await dialog.cancel();
    const dialogAlone = await open(alone);
    await dialogAlone.section('lastgood-hub-mqtt');
    expect(await dialogAlone.find(CONNECTIONS).innerText()).toContain(text('connection.noOut'));
    await dialogAlone.cancel();
  });

  test('a token is made in the dialog, shown once, kept apart from the flow, and lets in', async () => {
    const text = expectedTexts('backup-hub', language);
    const dialog = await open(alone);
    await dialog.section('lastgood-hub-http');
    expect(await dialog.find('#lastgood-hub-generate').isVisible()).toBe(false);
    await dialog.press(`${FIELD}http`);
    await dialog.speaks(language);
    const token = await dialog.find(`${FIELD}token`).inputValue();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(await dialog.find('#lastgood-hub-curl').innerText()).toContain(`Lastgood-Token: ${token}`);
    await dialog.type(`${FIELD}token`, 'short');
    expect(await dialog.complaint(`${FIELD}token`)).toBe(text('problem.token', { shortest: SHORTEST_TOKEN }));
    await dialog.press('#lastgood-hub-generate');
    await dialog.accepts(`${FIELD}token`);
    const kept = await dialog.find(`${FIELD}token`).inputValue();
    expect(kept).not.toBe(token);
    const address = await dialog.find('#lastgood-hub-address').innerText();
    await dialog.done();
    expect(JSON.stringify(await deployed(alone))).not.toContain(kept);
    const ask = async (value: string): Promise<number> => {
      const controller = new AbortController();
      const response = await fetch(address, {
        headers: { 'Lastgood-Token': value },
        signal: controller.signal,
      });
      controller.abort();
      return response.status;
    };
    await expect.poll(async () => await ask(kept), { timeout: 30_000 }).toBe(200);
    expect(await ask(token)).toBe(401);

    const again = await open(alone);
    await again.section('lastgood-hub-http');
    expect(await again.find('#lastgood-hub-token-hint').innerText()).toBe(text('hint.tokenKept'));
    expect(await again.find('#lastgood-hub-curl').innerText()).toContain('Lastgood-Token: TOKEN');
    await again.done();
    await expect.poll(async () => await ask(kept), { timeout: 30_000 }).toBe(200);
  });
});
