import { expect } from 'vitest';
import { inject, mqttBroker, mqttIn, mqttOut, probe, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { testInHouse } from './needs.ts';

// That the rig tells the truth: a device made by hand, without our nodes.

const AVAILABILITY = 'by_hand/availability';
const DISCOVERY = 'homeassistant/device/by_hand/config';

const description = {
  dev: { ids: ['by_hand'], name: 'By hand' },
  o: { name: 'a test' },
  availability: [{ topic: AVAILABILITY }],
  state_topic: 'by_hand/state',
  qos: 1,
  cmps: {
    problem: {
      p: 'binary_sensor',
      unique_id: 'by_hand_problem',
      name: 'Problem',
      device_class: 'problem',
      value_template: "{{ 'ON' if value_json.problem else 'OFF' }}",
    },
    size: { p: 'sensor', unique_id: 'by_hand_size', name: 'Size', value_template: '{{ value_json.size }}' },
    run: {
      p: 'button',
      unique_id: 'by_hand_run',
      name: 'Run',
      command_topic: 'by_hand/cmd',
      payload_press: 'run',
    },
  },
};

testInHouse('a device that Node-RED announces is seen, pressed, missed and removed', async (house) => {
  const { homeAssistant, mosquitto } = house;
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy([
    tab(),
    mqttBroker('broker', mosquitto.port, AVAILABILITY),
    inject('say', 'out'),
    mqttOut('out', 'broker'),
    mqttIn('commands', 'broker', 'by_hand/cmd', 'heard'),
    probe('heard'),
  ]);
  await nodeRed.untilStatus('out', ({ fill }) => fill === 'green');

  const say = (topic: string, payload: unknown): Promise<void> =>
    nodeRed.inject('say', { topic, payload, retain: true });
  await say(DISCOVERY, description);
  await say('by_hand/state', { problem: true, size: null });
  const problem = await homeAssistant.untilEntity('by_hand_problem');
  await homeAssistant.untilState(problem, 'on');
  await homeAssistant.untilState(await homeAssistant.untilEntity('by_hand_size'), 'unknown');
  await homeAssistant.press(await homeAssistant.untilEntity('by_hand_run'));
  expect((await nodeRed.next('heard'))['payload']).toBe('run');

  await nodeRed.kill9();
  await homeAssistant.untilState(problem, 'unavailable');
  await homeAssistant.restart();
  await homeAssistant.untilState(problem, 'unavailable');
  await nodeRed.start();
  await homeAssistant.untilState(problem, 'on');
  await nodeRed.untilStatus('out', ({ fill }) => fill === 'green');
  await say(DISCOVERY, '');
  await homeAssistant.untilGone(problem);
  expect(homeAssistant.mqttComplaints()).toEqual([]);

  // A template that reads what is not there is something to complain of: the list above can be other than empty.
  await say(DISCOVERY, description);
  await homeAssistant.untilEntity('by_hand_problem');
  await say('by_hand/state', { problem: false });
  await homeAssistant.until('a complaint', () => homeAssistant.mqttComplaints()[0]);
});
