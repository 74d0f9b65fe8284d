import type { Broker } from './broker.ts';
import type { UsbDrive } from './usb-drive.ts';

/** How a plug is spoken to: Tasmota has words of its own topics, Zigbee2MQTT a JSON object. */
export type Dialect = 'tasmota' | 'zigbee2mqtt';

/** How the plug and the drive behave. */
export interface PlugBehaviour {
  dialect?: Dialect;
  /** From the power to the drive being connected, ms. */
  connectAfterMs?: number;
  /** Who mounts the drive: the system, as soon as it is connected, or whoever wants it. */
  mountedBy?: 'system' | 'somebody';
  /** The drive is broken, or its cable is out. */
  comes?: boolean;
  /** Power is cut on a drive that is still mounted, and that was asked for. */
  mountedIsExpected?: boolean;
}

/** What happened, in order. `told …`: a message; `on`, `off`: the switch itself. */
export type Happening =
  | 'told on'
  | 'told off'
  | 'on'
  | 'off'
  | 'connected'
  | 'mounted'
  | 'disconnected'
  | 'cut';

/** How each dialect names its topics and says on and off. */
const DIALECTS: Readonly<
  Record<Dialect, { commands: string; states: string; words: (isOn: boolean) => string; isOn: RegExp }>
> = {
  tasmota: {
    commands: 'cmnd/backup-drive/POWER',
    states: 'stat/backup-drive/POWER',
    words: (isOn) => (isOn ? 'ON' : 'OFF'),
    isOn: /^(on|1|true)$/i,
  },
  zigbee2mqtt: {
    commands: 'zigbee2mqtt/backup-drive/set',
    states: 'zigbee2mqtt/backup-drive',
    words: (isOn) => JSON.stringify({ linkquality: 120, power: isOn ? 4.2 : 0, state: isOn ? 'ON' : 'OFF' }),
    isOn: /"state":\s*"ON"/,
  },
};

/** A smart plug on the broker, with a USB drive in it. Use with `await using`, before the drive's own end. */
export class Plug implements Disposable {
  /** What happened since the beginning, with performance.now(). */
  readonly diary: { readonly what: Happening; readonly at: number }[] = [];
  /** What must never happen to a drive. */
  readonly violations: string[] = [];
  readonly behaviour: Required<PlugBehaviour>;
  #broker: Broker;
  #drive: UsbDrive;
  #isOn = false;
  #connecting: NodeJS.Timeout | undefined;
  #watchers = new Set<() => void>();

  private constructor(broker: Broker, drive: UsbDrive, behaviour: PlugBehaviour) {
    this.#broker = broker;
    this.#drive = drive;
    this.behaviour = {
      dialect: 'tasmota',
      connectAfterMs: 300,
      mountedBy: 'somebody',
      comes: true,
      mountedIsExpected: false,
      ...behaviour,
    };
  }

  /** Off, and on the broker. */
  static async plugIn(broker: Broker, drive: UsbDrive, behaviour: PlugBehaviour = {}): Promise<Plug> {
    const plug = new Plug(broker, drive, behaviour);
    const { commands, isOn } = plug.#dialect;
    await broker.subscribe(commands, ({ payload }) => {
      const wanted = isOn.test(payload);
      plug.#note(wanted ? 'told on' : 'told off');
      plug.#switch(wanted);
    });
    await plug.#publish();
    return plug;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Where it tells its state, and where it takes commands. */
  get topics(): { states: string; commands: string } {
    return this.#dialect;
  }

  /** What happened, without what the test did. */
  get happenings(): Happening[] {
    return this.diary.map(({ what }) => what);
  }

  /** How often something happened. */
  count(what: Happening): number {
    return this.happenings.filter((happened) => happened === what).length;
  }

  /** A person presses the button on the plug. */
  press(): void {
    this.#switch(!this.#isOn);
  }

  /** Tells its state again, as plugs do every few minutes. */
  async repeat(): Promise<void> {
    await this.#publish();
  }

  /**
   * The power goes, whatever is going on. `tells`: the plug is still there to say so; `noticed`: the system notices
   * that the drive is gone and removes its mount.
   */
  cut({ tells = true, noticed = true } = {}): void {
    this.#note('cut');
    this.#isOn = false;
    clearTimeout(this.#connecting);
    this.#drive.disconnect({ noticed });
    if (tells) void this.#publish();
  }

  /** Waits until something has happened so many times. */
  async until(what: Happening, times: number = 1): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.count(what) < times) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#connecting);
  }

  get #dialect(): (typeof DIALECTS)[Dialect] {
    return DIALECTS[this.behaviour.dialect];
  }

  #switch(on: boolean): void {
    if (on !== this.#isOn) {
      this.#isOn = on;
      this.#note(on ? 'on' : 'off');
      if (on) this.#connecting = setTimeout(() => this.#connect(), this.behaviour.connectAfterMs);
      else this.#disconnect();
    }
    void this.#publish();
  }

  #connect(): void {
    if (!this.behaviour.comes) return;
    this.#drive.connect();
    this.#note('connected');
    if (this.behaviour.mountedBy !== 'system') return;
    this.#drive.mount();
    this.#note('mounted');
  }

  #disconnect(): void {
    clearTimeout(this.#connecting);
    if (this.#drive.isMounted && !this.behaviour.mountedIsExpected) {
      this.violations.push('power was cut on a mounted drive');
    }
    if (!this.#drive.isConnected) return;
    this.#drive.disconnect();
    this.#note('disconnected');
  }

  async #publish(): Promise<void> {
    const { states, words } = this.#dialect;
    await this.#broker.publish(states, words(this.#isOn), {
      retain: this.behaviour.dialect === 'zigbee2mqtt',
    });
    if (this.behaviour.dialect === 'tasmota') {
      const telemetry = JSON.stringify({ POWER: words(this.#isOn) });
      await this.#broker.publish('tele/backup-drive/STATE', telemetry, { retain: true });
    }
  }

  #note(what: Happening): void {
    this.diary.push({ what, at: performance.now() });
    for (const look of this.#watchers) look();
  }
}
