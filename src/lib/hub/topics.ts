import { Problem } from '../problem.ts';

/** The commands of a plan; `+` in the place of a key subscribes to those of all plans. */
const COMMAND = /^plan\/([a-z0-9-]+)\/cmd$/;

/** Where a hub's messages are on the broker. */
export interface HubTopics {
  /** Whether Node-RED is there: birth, close and last will of the user's broker node. */
  readonly availability: string;
  /** Home Assistant says here that it has started. */
  readonly homeAssistant: string;
  /** State of the whole house, retained. */
  readonly house: string;
  /** First part of every id that Home Assistant keeps: two hubs need two base topics. */
  readonly id: string;
  /** What a plan says (`state` is retained, `event` and `progress` are not) and hears (`cmd`). */
  plan(key: string, what: 'state' | 'event' | 'progress' | 'cmd'): string;
  /** Id of a plan's device, of the house's without a key. */
  device(key?: string): string;
  /** Retained description of a device, by the device's id. */
  discovery(deviceId: string): string;
  /** The plan whose commands a topic has. */
  planOfCommand(topic: string): string | undefined;
  /** It is one of those that the hub itself writes to. */
  isOurs(topic: string): boolean;
}

/**
 * The topics under a base topic and Home Assistant's discovery prefix.
 * @throws Problem `hub-topic` when one of them is no topic that can be published to
 */
export function hubTopics(base: string, prefix: string): HubTopics {
  for (const topic of [base, prefix]) {
    if (!isTopic(topic)) throw new Problem('hub-topic', { topic: topic.slice(0, 60) });
  }
  const id = base.replaceAll(/[^\w-]/g, '_');
  const device = (key?: string): string => (key === undefined ? id : `${id}_${key}`);
  return {
    availability: `${base}/availability`,
    homeAssistant: `${prefix}/status`,
    house: `${base}/house/state`,
    id,
    plan: (key, what) => `${base}/plan/${key}/${what}`,
    device,
    // Home Assistant wants [a-zA-Z0-9_-] there.
    discovery: (deviceId) => `${prefix}/device/${deviceId}/config`,
    planOfCommand: (topic) =>
      topic.startsWith(`${base}/`) ? COMMAND.exec(topic.slice(base.length + 1))?.[1] : undefined,
    isOurs: (topic) => topic.startsWith(`${base}/`) || topic.startsWith(`${prefix}/device/${id}`),
  };
}

/** A topic without wildcards, empty levels and characters that brokers refuse. */
function isTopic(topic: string): boolean {
  return topic.length <= 200 && /^[^+#\s\p{Cc}/]+(\/[^+#\s\p{Cc}/]+)*$/u.test(topic);
}
