import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { Device } from './device.ts';
import type { DeviceState } from './device-state.ts';

/** The devices of this process. */
export class Devices {
  private readonly clock: Clock;
  private readonly journal: Journal<DeviceState>;
  private readonly devices = new Map<string, Device>();
  /** Saves of one device must not overlap. */
  private tail: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, journal: Journal<DeviceState>) {
    this.clock = clock;
    this.journal = journal;
  }

  /** The device of an id, whoever asks first; `name` is for people. */
  at(id: string, name: string): Device {
    const device =
      this.devices.get(id) ??
      new Device(id, name, {
        clock: this.clock,
        load: (wanted) => this.load(wanted),
        save: (state) => this.save(state),
      });
    this.devices.set(id, device);
    return device;
  }

  /** Flows run and every plan's past was dealt with. */
  async begin(): Promise<void> {
    await Promise.all([...this.devices.values()].map((device) => device.begin()));
  }

  private async load(id: string): Promise<DeviceState | undefined> {
    try {
      const entry = await this.journal.load(fileName(id));
      return entry.found === 'state' ? entry.state : undefined;
    } catch {
      return undefined;
    }
  }

  private save(state: DeviceState): Promise<void> {
    const saved = this.tail.then(() => this.journal.save(fileName(state.device), state));
    this.tail = saved.catch(() => undefined);
    return saved;
  }
}

/** Names of devices are people's own words. */
function fileName(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16);
}
