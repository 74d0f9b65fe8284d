import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';

/** A message as a client published it. */
export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

/** A real MQTT broker on a free port of 127.0.0.1, with retained messages and wills. Use with `await using`. */
export class Broker implements AsyncDisposable {
  readonly port: number;
  #aedes: Aedes;
  #server: Server;
  #sockets: Set<Socket>;
  #subscribed = new Set<string>();
  #watchers = new Set<() => void>();

  private constructor(aedes: Aedes, server: Server, sockets: Set<Socket>) {
    this.#aedes = aedes;
    this.#server = server;
    this.#sockets = sockets;
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    aedes.on('subscribe', (subscriptions) => {
      for (const { topic } of subscriptions) this.#subscribed.add(topic);
      for (const look of this.#watchers) look();
    });
    // A client that left is subscribed to nothing until it is back; the broker has one client, Node-RED.
    aedes.on('clientDisconnect', () => this.#subscribed.clear());
  }

  /** @param port of an earlier one, which it takes the place of; nothing of what that one kept is there */
  static async start(port = 0): Promise<Broker> {
    const aedes = await Aedes.createBroker();
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      aedes.handle(socket);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Broker(aedes, server, sockets);
  }

  /** Publishes as a device of the house does. Resolves when the broker has passed it on. */
  async publish(topic: string, payload: string, { retain = false } = {}): Promise<void> {
    const packet = { cmd: 'publish', topic, payload, qos: 0, retain, dup: false } as const;
    await new Promise<void>((resolve, reject) => {
      this.#aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Hears what is published on a topic from now on. */
  async subscribe(topic: string, hear: (message: Published) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#aedes.subscribe(
        topic,
        (packet, done) => {
          hear({ topic: packet.topic, payload: String(packet.payload), retain: packet.retain });
          done();
        },
        resolve,
      );
    });
  }

  /** Waits until Node-RED has subscribed to a topic: what is published before is lost to it. */
  async untilSubscribed(topic: string): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!this.#subscribed.has(topic)) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#aedes.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
