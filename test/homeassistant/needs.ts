import { test } from 'vitest';
import { Mosquitto } from './mosquitto.ts';

/** Why Home Assistant cannot be tested with here; undefined: it can. */
export const missing: string | undefined =
  process.env['LASTGOOD_HASS'] === undefined
    ? (process.env['LASTGOOD_NO_HASS'] ?? 'run it with npm run test:homeassistant')
    : Mosquitto.binary() === undefined
      ? 'mosquitto is not installed'
      : undefined;

/** A test that needs both; skipped, with the reason, where one of them is missing. */
export function testWithHomeAssistant(name: string, body: () => Promise<void>): void {
  test(name, async (context) => {
    context.skip(missing !== undefined, missing);
    await body();
  });
}
