import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { Problem } from '../problem.ts';
import { Device } from './device.ts';
import type { DeviceState } from './device-state.ts';

/** The devices of this process. */
export class Devices {
  private readonly clock: Clock;
  private readonly journal: Journal<DeviceState>;
  private readonly warn: (problem: Problem) => void;
  private readonly devices = new Map<string, Device>();
  /** Devices that a newer version of this package remembers; that is not ours to overwrite. */
  private readonly newer = new Set<string>();
  /** Saves of one device must not overlap. */
  private tail: Promise<unknown> = Promise.resolve();

  /** @param warn called when what was remembered of a device cannot be used */
  constructor(clock: Clock, journal: Journal<DeviceState>, warn: (problem: Problem) => void) {
    this.clock = clock;
    this.journal = journal;
    this.warn = warn;
  }

  /** The device of an id, whoever asks first; `name` is for people. */
  at(id: string, name: string): Device {
    const device =
      this.devices.get(id) ??
      new Device(id, name, {
        clock: this.clock,
        load: (wanted) => this.load(wanted, name),
        save: (state) => this.save(state),
      });
    this.devices.set(id, device);
    return device;
  }

  /** Flows run and every plan's past was dealt with. */
  async begin(): Promise<void> {
    await Promise.all([...this.devices.values()].map((device) => device.begin()));
  }

  private async load(id: string, name: string): Promise<DeviceState | undefined> {
    try {
      const entry = await this.journal.load(fileName(id));
      if (entry.found === 'damaged') this.warn(new Problem('memory-damaged', { name, kept: entry.kept }));
      if (entry.found === 'newer') {
        this.newer.add(id);
        this.warn(new Problem('memory-newer', { name, schema: entry.schema }));
      }
      return entry.found === 'state' ? entry.state : undefined;
    } catch (error) {
      if (error instanceof Problem) this.warn(error);
      return undefined;
    }
  }

  private save(state: DeviceState): Promise<void> {
    if (this.newer.has(state.device)) return Promise.resolve();
    const saved = this.tail.then(() => this.journal.save(fileName(state.device), state));
    this.tail = saved.catch(() => undefined);
    return saved;
  }
}

/** Names of devices are people's own words. */
function fileName(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16);
}
