import { expect } from 'vitest';
import { type FlowNode, hub, mqttBroker, mqttIn, mqttOut } from '../runtime/flows.ts';
import { mainFlow, untilReady, untilState } from '../runtime/main-flow.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { Home } from '../runtime/restic.ts';
import type { HomeAssistant } from './home-assistant.ts';
import { testInHouse } from './needs.ts';

// A plan in a real Home Assistant: it appears by itself, is right, works, and goes.

/** The main flow with a hub between it and the core MQTT nodes, as a person wires it. */
function flow(home: Home, port: number): FlowNode[] {
  const availability = 'lastgood/availability';
  return [
    ...mainFlow(home, { plan: { name: 'My documents' } }),
    mqttBroker('broker', port, availability),
    mqttIn('commands', 'broker', 'lastgood/plan/+/cmd', 'hub'),
    mqttIn('availability', 'broker', availability, 'hub'),
    mqttIn('birth', 'broker', 'homeassistant/status', 'hub'),
    hub({ id: 'hub', wires: [[], ['out']] }),
    mqttOut('out', 'broker'),
  ];
}

/** The entity that shows something of the plan; the house's with the key `house`. */
async function entityOf(homeAssistant: HomeAssistant, name: string, key = 'documents'): Promise<string> {
  return await homeAssistant.untilEntity(key === 'house' ? `lastgood_${name}` : `lastgood_${key}_${name}`);
}

async function isIn(homeAssistant: HomeAssistant, name: string, state: string, key?: string): Promise<void> {
  await homeAssistant.untilState(await entityOf(homeAssistant, name, key), state);
}

testInHouse('a plan appears with every entity, and its button makes a real snapshot', async (house) => {
  const { homeAssistant, mosquitto } = house;
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flow(home, mosquitto.port));
  await untilReady(nodeRed);

  for (const [name, state] of [
    ['problem', 'off'],
    ['overdue', 'off'],
    ['running', 'off'],
    ['state', 'idle'],
    ['last_successful', 'unknown'],
    ['last_attempted', 'unknown'],
    ['next_due', 'unknown'],
    ['next_attempt', 'unknown'],
    ['duration', 'unknown'],
    ['data_added', 'unknown'],
    ['size', 'unknown'],
    ['retries', '0'],
    ['backup', 'unknown'],
    ['run_now', 'unknown'],
    ['cancel', 'unknown'],
    ['paused', 'off'],
  ] as const) {
    await isIn(homeAssistant, name, state);
  }
  await isIn(homeAssistant, 'all_well', 'on', 'house');
  await isIn(homeAssistant, 'problems', '0', 'house');
  await isIn(homeAssistant, 'oldest_successful', 'unknown', 'house');
  const device = (await homeAssistant.devices()).find(({ name }) => name === 'My documents');
  expect(device).toMatchObject({ manufacturer: 'Lastgood', identifiers: [['mqtt', 'lastgood_documents']] });
  const mine = (await homeAssistant.entities()).filter(({ device_id }) => device_id === device?.id);
  expect(mine).toHaveLength(17);

  await homeAssistant.press(await entityOf(homeAssistant, 'run_now'));
  const running = await entityOf(homeAssistant, 'running');
  await homeAssistant.until('it to run', () =>
    homeAssistant.changes.find(({ entity_id, state }) => entity_id === running && state === 'on'),
  );
  await isIn(homeAssistant, 'running', 'off');
  const lastSuccessful = await homeAssistant.untilState(
    await entityOf(homeAssistant, 'last_successful'),
    ({ state }) => state !== 'unknown',
  );
  const [snapshot, ...others] = await home.snapshots();
  expect(others).toEqual([]);
  // Home Assistant shows whole seconds.
  expect(Date.parse(lastSuccessful.state)).toBe(Math.floor(Date.parse(snapshot?.time ?? '') / 1000) * 1000);
  for (const name of ['data_added', 'size', 'duration']) {
    await homeAssistant.untilState(await entityOf(homeAssistant, name), ({ state }) => Number(state) >= 0);
  }
  await homeAssistant.untilState(
    await entityOf(homeAssistant, 'backup'),
    ({ attributes }) => attributes['event_type'] === 'completed',
  );
  await isIn(homeAssistant, 'oldest_successful', lastSuccessful.state, 'house');
  await homeAssistant.untilState(await entityOf(homeAssistant, 'summary', 'house'), ({ state }) =>
    state.includes('My documents'),
  );
  expect(homeAssistant.mqttComplaints()).toEqual([]);
});

testInHouse('a plan that waits and fails is shown so, and its switch pauses it', async (house) => {
  const { homeAssistant, mosquitto } = house;
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flow(home, mosquitto.port));
  await untilReady(nodeRed);

  const paused = await entityOf(homeAssistant, 'paused');
  await homeAssistant.untilState(paused, 'off');
  await homeAssistant.turn(paused, true);
  await untilState(nodeRed, (state) => state.paused !== null);
  await homeAssistant.untilState(paused, 'on');
  await isIn(homeAssistant, 'state', 'paused');
  await homeAssistant.turn(paused, false);
  await untilState(nodeRed, (state) => state.paused === null);
  await homeAssistant.untilState(paused, 'off');

  home.unplug();
  await homeAssistant.press(await entityOf(homeAssistant, 'run_now'));
  await isIn(homeAssistant, 'state', 'waiting');
  await isIn(homeAssistant, 'problem', 'off');
  await homeAssistant.press(await entityOf(homeAssistant, 'cancel'));
  await isIn(homeAssistant, 'state', 'idle');
  await homeAssistant.untilState(
    await entityOf(homeAssistant, 'backup'),
    ({ attributes }) => attributes['event_type'] === 'cancelled',
  );
  expect(homeAssistant.mqttComplaints()).toEqual([]);
});

testInHouse('each party may go and come back, and a plan that is deleted is gone', async (house) => {
  const { homeAssistant, mosquitto } = house;
  using home = await Home.make();
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy(flow(home, mosquitto.port));
  await untilReady(nodeRed);
  await homeAssistant.press(await entityOf(homeAssistant, 'run_now'));
  const success = await entityOf(homeAssistant, 'last_successful');
  const { state: good } = await homeAssistant.untilState(success, ({ state }) => state !== 'unknown');

  await homeAssistant.restart();
  await homeAssistant.untilState(success, good);
  await isIn(homeAssistant, 'state', 'idle');

  // It forgets everything that it had kept.
  await mosquitto.stop();
  await homeAssistant.untilState(success, 'unavailable');
  await mosquitto.start();
  await homeAssistant.untilState(success, good);

  await nodeRed.stop();
  await homeAssistant.untilState(success, 'unavailable');
  await nodeRed.start();
  await homeAssistant.untilState(success, good);

  // Nobody says goodbye: the broker speaks the last will.
  await nodeRed.kill9();
  await homeAssistant.untilState(success, 'unavailable');
  await isIn(homeAssistant, 'all_well', 'unavailable', 'house');
  await nodeRed.start();
  await homeAssistant.untilState(success, good);
  await isIn(homeAssistant, 'all_well', 'on', 'house');

  const plans = ['plan', 'check', 'run', 'gate', 'ask'];
  await nodeRed.deploy(flow(home, mosquitto.port).filter(({ id }) => !plans.includes(id)));
  await homeAssistant.untilGone(success);
  const devices = await homeAssistant.devices();
  expect(devices.flatMap(({ identifiers }) => identifiers).map(([, id]) => id)).toEqual(['lastgood']);
  expect(homeAssistant.mqttComplaints()).toEqual([]);
});
