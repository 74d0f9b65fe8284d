import { expect } from 'vitest';
import { inject, probe, tab } from '../runtime/flows.ts';
import { NodeRed } from '../runtime/node-red.ts';
import { HomeAssistant } from './home-assistant.ts';
import { AVAILABILITY, broker, mqttIn, mqttOut, untilConnected } from './house.ts';
import { Mosquitto } from './mosquitto.ts';
import { testWithHomeAssistant } from './needs.ts';

// That the rig tells the truth: a device made by hand, without our nodes.

const DISCOVERY = 'homeassistant/device/by_hand/config';

const payload = {
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

testWithHomeAssistant('a device that Node-RED announces is seen, pressed, missed and removed', async () => {
  await using mosquitto = await Mosquitto.start();
  await using homeAssistant = await HomeAssistant.start({ brokerPort: mosquitto.port });
  await using nodeRed = await NodeRed.start();
  await nodeRed.deploy([
    tab(),
    broker('broker', mosquitto),
    inject('say', 'out'),
    mqttOut('out', 'broker'),
    mqttIn('commands', 'broker', 'by_hand/cmd', 'heard'),
    probe('heard'),
  ]);
  await untilConnected(nodeRed, 'out');

  const say = (topic: string, told: unknown): Promise<void> =>
    nodeRed.inject('say', { topic, payload: told, retain: true });
  await say(DISCOVERY, payload);
  await say('by_hand/state', { problem: true, size: null });

  await homeAssistant.untilState('binary_sensor.by_hand_problem', 'on');
  await homeAssistant.untilState('sensor.by_hand_size', 'unknown');
  await homeAssistant.press('button.by_hand_run');
  expect((await nodeRed.next('heard'))['payload']).toBe('run');

  await nodeRed.kill9();
  await homeAssistant.untilState('binary_sensor.by_hand_problem', 'unavailable');
  await homeAssistant.restart();
  await homeAssistant.untilState('binary_sensor.by_hand_problem', 'unavailable');
  await mosquitto.restart();
  await nodeRed.start();
  await homeAssistant.untilState('binary_sensor.by_hand_problem', 'on');

  await untilConnected(nodeRed, 'out');
  await say(DISCOVERY, '');
  await homeAssistant.untilGone('binary_sensor.by_hand_problem');
  expect(homeAssistant.mqttComplaints()).toEqual([]);
});
