import { createRequire } from 'node:module';
import type httpClient from 'hap-controller/lib/transport/ip/http-client.js';
import { PIN } from './homebridge.ts';

// This file of the package alone: its index loads drivers for Bluetooth too. Required, because Vitest and Node do not
// agree on what the default export of such a module is.
const { default: HttpClient }: { default: typeof httpClient.default } = createRequire(import.meta.url)(
  'hap-controller/lib/transport/ip/http-client.js',
);

/** Characteristics by the short ids of Apple's list. */
const TYPES = {
  Name: '23',
  SerialNumber: '30',
  ConfiguredName: 'E3',
  On: '25',
  OccupancyDetected: '71',
  ContactSensorState: '6A',
  StatusFault: '77',
  StatusActive: '75',
  BatteryLevel: '68',
  StatusLowBattery: '79',
  ChargingState: '8F',
} as const;
type Type = keyof typeof TYPES;

export interface HapCharacteristic {
  readonly iid: number;
  readonly type: string;
  readonly value?: unknown;
  readonly description?: string;
}
export interface HapService {
  readonly type: string;
  readonly characteristics: readonly HapCharacteristic[];
}
export interface HapAccessory {
  readonly aid: number;
  readonly services: readonly HapService[];
}

interface Reply {
  characteristics: { aid: number | string; iid: number | string; value?: unknown; status?: number }[];
}

/** What one characteristic said: its value, or the status of an error such as -70402, "No Response". */
export type Said = { readonly value: unknown } | { readonly status: number };

/** Apple's side: a controller that is paired with a bridge, reads, writes and hears events. */
export class Home {
  #client: InstanceType<typeof HttpClient>;
  readonly #username: string;
  #accessories: readonly HapAccessory[] = [];
  /** Latest value of each characteristic that sent an event, by `aid.iid`. */
  readonly #heard = new Map<string, unknown>();
  readonly #waiting = new Set<() => void>();

  private constructor(username: string, client: InstanceType<typeof HttpClient>) {
    this.#username = username;
    this.#client = client;
  }

  /** Pairs with the bridge that listens there. */
  static async pair(username: string, port: number): Promise<Home> {
    const client = new HttpClient(username, '127.0.0.1', port, undefined, { usePersistentConnections: true });
    await client.pairSetup(PIN);
    return new Home(username, client);
  }

  /** After a restart of Homebridge, with the pairing that it remembers. */
  async reconnect(port: number): Promise<void> {
    const pairing = this.#client.getLongTermData() ?? undefined;
    await this.close();
    this.#client = new HttpClient(this.#username, '127.0.0.1', port, pairing, {
      usePersistentConnections: true,
    });
  }

  /** Reads which accessories there are, without the bridge itself. */
  async look(): Promise<readonly HapAccessory[]> {
    const { accessories } = (await this.#client.getAccessories()) as unknown as {
      accessories: HapAccessory[];
    };
    this.#accessories = accessories.filter(({ aid }) => Number(aid) !== 1);
    return this.#accessories;
  }

  /** Keys of the plans that have an accessory, in alphabetical order. */
  async plans(): Promise<string[]> {
    const accessories = await this.look();
    return accessories.map((accessory) => String(valueOf(accessory, 'SerialNumber'))).toSorted();
  }

  /** Asks for events of all that may change. */
  async listen(): Promise<void> {
    const changing = new Set([
      'On',
      'OccupancyDetected',
      'ContactSensorState',
      'StatusFault',
      'StatusActive',
    ] as const);
    const ids = this.#accessories.flatMap(({ aid, services }) =>
      services
        .flatMap(({ characteristics }) => characteristics)
        .filter(({ type }) => [...changing].some((name) => isType(type, name)))
        .map(({ iid }) => `${aid}.${iid}`),
    );
    this.#heard.clear();
    this.#client.removeAllListeners('event');
    this.#client.on('event', ({ characteristics }: Reply) => {
      for (const { aid, iid, value } of characteristics) this.#heard.set(`${aid}.${iid}`, value);
      for (const wake of this.#waiting) wake();
    });
    await this.#client.subscribeCharacteristics(ids);
  }

  /** Waits for an event with this value (booleans come as 1 and 0 or true and false). */
  async hears(service: string, type: Type, value: number): Promise<void> {
    const id = this.#id(service, type);
    const deadline = Date.now() + 60_000;
    while (!this.#heard.has(id) || Number(this.#heard.get(id)) !== value) {
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(`no event ${service} ${type} = ${value}; last: ${String(this.#heard.get(id))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  /** Forgets the events heard so far. */
  forget(): void {
    this.#heard.clear();
  }

  /** Reads one characteristic, as Home does when it is opened. */
  async reads(service: string, type: Type): Promise<Said> {
    const reply = (await this.#client.getCharacteristics([this.#id(service, type)])) as Reply;
    const [said] = reply.characteristics;
    if (said === undefined) throw new Error('an empty reply');
    return said.status === undefined || said.status === 0 ? { value: said.value } : { status: said.status };
  }

  /** Switches; the status of HomeKit, 0 when it was followed. */
  async switches(service: string, on: boolean): Promise<number> {
    const reply = (await this.#client.setCharacteristics({ [this.#id(service, 'On')]: on })) as unknown;
    return (reply as Partial<Reply>).characteristics?.[0]?.status ?? 0;
  }

  async close(): Promise<void> {
    this.#client.removeAllListeners('event');
    await this.#client.close();
  }

  #id(service: string, type: Type): string {
    for (const { aid, services } of this.#accessories) {
      for (const { characteristics } of services) {
        const named = characteristics.some((one) => isType(one.type, 'Name') && one.value === service);
        const wanted = characteristics.find((one) => isType(one.type, type));
        if (named && wanted !== undefined) return `${aid}.${wanted.iid}`;
      }
    }
    throw new Error(`no service ${service} with ${type}`);
  }
}

function isType(type: string, name: Type): boolean {
  return type.replace(/-0000-1000-8000-0026BB765291$/i, '').replace(/^0+/, '') === TYPES[name];
}

/** The value of the first characteristic of that type. */
export function valueOf(accessory: HapAccessory, name: Type): unknown {
  const all = accessory.services.flatMap(({ characteristics }) => characteristics);
  return all.find(({ type }) => isType(type, name))?.value;
}
