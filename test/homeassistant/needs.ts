import { test } from 'vitest';
import { Mosquitto, needsMosquitto } from '../runtime/mosquitto.ts';
import { HomeAssistant } from './home-assistant.ts';

/** A house with a broker and a Home Assistant that is connected to it. */
export interface House {
  readonly mosquitto: Mosquitto;
  readonly homeAssistant: HomeAssistant;
}

/** A test in a house of its own; skipped, with the reason, where it cannot be had. */
export function testInHouse(name: string, body: (house: House) => Promise<void>): void {
  test(name, async (context) => {
    const without = process.env['LASTGOOD_NO_HASS'] ?? 'run it with npm run test:homeassistant';
    context.skip(process.env['LASTGOOD_HASS'] === undefined, without);
    needsMosquitto(context);
    await using mosquitto = await Mosquitto.start();
    await using homeAssistant = await HomeAssistant.start({ brokerPort: mosquitto.port });
    await body({ mosquitto, homeAssistant });
  });
}
