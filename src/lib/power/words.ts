import type { PowerWords } from '../plan/settings.ts';

/** What plugs understand for on and off; the payload of the plan's power output. */
const WORDS: Readonly<Record<PowerWords, readonly [on: unknown, off: unknown]>> = {
  'true-false': [true, false],
  'ON-OFF': ['ON', 'OFF'],
  'on-off': ['on', 'off'],
  'state-json': [{ state: 'ON' }, { state: 'OFF' }],
};

/** The payload that switches a plug on or off. */
export function powerPayload(words: PowerWords, on: boolean): unknown {
  const [forOn, forOff] = WORDS[words] ?? WORDS['true-false'];
  return structuredClone(on ? forOn : forOff);
}
