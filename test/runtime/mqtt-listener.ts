import { createRequire } from 'node:module';

/** The little of MQTT.js that is used here. */
interface MqttClient {
  on(event: 'message', hear: (topic: string, payload: Buffer, packet: { retain: boolean }) => void): void;
  subscribeAsync(topic: string, options: { qos: 0 | 1 }): Promise<unknown>;
  publishAsync(topic: string, payload: string, options: { qos: 0 | 1; retain: boolean }): Promise<unknown>;
  endAsync(): Promise<void>;
}

// Node-RED brings a client; the project has none of its own.
const { connectAsync }: { connectAsync: (this: void, url: string) => Promise<MqttClient> } = createRequire(
  createRequire(import.meta.url).resolve('@node-red/nodes/package.json'),
)('mqtt');

/** A message as it was heard. */
export interface Heard {
  readonly topic: string;
  readonly payload: string;
  /** The broker had kept it from before. */
  readonly retain: boolean;
}

/** Long enough for a slow machine; a test that waits this long has failed. */
const LIMIT_MS = 60_000;

/** Another client of a broker, as Home Assistant is: hears everything and knows what is kept. Use with `await using`. */
export class MqttListener implements AsyncDisposable {
  /** Everything that was heard, in its order. */
  readonly heard: Heard[] = [];
  /** The last payload of each topic; a topic that was emptied is not there. */
  readonly latest: Map<string, string> = new Map();
  readonly #client: MqttClient;
  readonly #watchers = new Set<() => void>();

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (topic, bytes, { retain }) => {
      const payload = String(bytes);
      this.heard.push({ topic, payload, retain });
      if (payload === '') this.latest.delete(topic);
      else this.latest.set(topic, payload);
      for (const look of this.#watchers) look();
    });
  }

  static async on(port: number): Promise<MqttListener> {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
    const listener = new MqttListener(client);
    await client.subscribeAsync('#', { qos: 1 });
    return listener;
  }

  async publish(topic: string, payload: string, { retain = false } = {}): Promise<void> {
    await this.#client.publishAsync(topic, payload, { qos: 1, retain });
  }

  /** Calls `find` now and after every message until it finds something. */
  async until<T>(what: string, find: () => T | undefined): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        settle();
      };
      const look = (): void => {
        const found = find();
        if (found !== undefined) finish(() => resolve(found));
      };
      const timer = setTimeout(
        () => finish(() => reject(new Error(`${what} did not come.\n${this.story()}`))),
        LIMIT_MS,
      );
      this.#watchers.add(look);
      look();
    });
  }

  /** Waits for a topic whose last payload, as JSON, is as wanted. */
  async untilJson<T>(topic: string, wanted: (value: T) => boolean = () => true): Promise<T> {
    return await this.until(topic, () => {
      const payload = this.latest.get(topic);
      if (payload === undefined) return undefined;
      const value: T = JSON.parse(payload);
      return wanted(value) ? value : undefined;
    });
  }

  async untilGone(topic: string): Promise<void> {
    await this.until(`${topic} to be emptied`, () => (this.latest.has(topic) ? undefined : true));
  }

  story(): string {
    return this.heard
      .slice(-60)
      .map(({ topic, payload, retain }) => `  ${topic}${retain ? ' (kept)' : ''} ${payload.slice(0, 200)}`)
      .join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync();
  }
}
