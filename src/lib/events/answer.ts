import { commandFor } from './command.ts';
import type { CommandReading, Said } from './reading.ts';
import { field } from './reading.ts';

/** A plan's key (SEMANTICS: `[a-z0-9-]`), and more of them than a house has plans. */
const ID = /^lastgood\/([a-z-]{1,20})(?:=([a-z0-9.]{1,20}))?\/([a-z0-9-]{1,64}(?:,[a-z0-9-]{1,64}){0,99})$/;

/** What the button of a notification in Home Assistant's app sends as an event. */
const BUTTON_PRESSED = 'mobile_app_notification_action';

/**
 * The answer to an alert by its id (`lastgood/run/photos`): as text, or as the event of Home Assistant's app, whose
 * `action` is the id.
 */
export function answer({ payload }: Said): CommandReading | undefined {
  if (typeof payload === 'string') return answerWithId(payload);
  if (field(payload, 'event_type') !== BUTTON_PRESSED) return undefined;
  const action = field(field(payload, 'event'), 'action');
  return typeof action === 'string' ? answerWithId(action) : undefined;
}

function answerWithId(id: string): CommandReading | undefined {
  const [, name, length, keys] = ID.exec(id.trim()) ?? [];
  if (name === undefined || keys === undefined) return undefined;
  const found = commandFor(name, length);
  return found === undefined ? undefined : { ...found, plans: keys.split(',') };
}
