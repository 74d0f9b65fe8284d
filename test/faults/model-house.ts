import type { DeviceDoor, GateDoor } from '../../src/lib/plan/doors.ts';
import type { PlanJoin } from '../../src/lib/plan/registry.ts';
import type { PlanSettings } from '../../src/lib/plan/settings.ts';
import { Device } from '../../src/lib/power/device.ts';
import type { DeviceState } from '../../src/lib/power/device-state.ts';
import { House } from '../unit/fake-house.ts';

/** How the context store is. */
export type Store = 'works' | 'throws' | 'answers late' | 'is full of nonsense';

/** How the journal's disk is. */
export type Disk = 'works' | 'fails' | 'fails now and then';

/** A house in which things around the plan fail as well: the disk, the context store, the plug and its drive. */
export class FaultyHouse extends House {
  disk_: Disk = 'works';
  store: Store = 'works';
  /** A plug between us and the drive; undefined: the drive is always on. */
  plug: Plug | undefined;
  private writes = 0;

  constructor(at: string) {
    super(at);
    Object.defineProperty(this, 'journalFails', {
      get: () => {
        this.writes += 1;
        return this.disk_ === 'fails' || (this.disk_ === 'fails now and then' && this.writes % 3 === 0);
      },
    });
    let passes = true;
    Object.defineProperty(this.check, 'passes', {
      get: () => passes && (this.plug === undefined || (this.plug.isOn && this.plug.driveComes)),
      set: (wanted: boolean) => {
        passes = wanted;
      },
    });
  }

  /** From now on the drive hangs on a plug that the plan switches. */
  getsPlug(): void {
    this.plug ??= new Plug(this);
    this.device = this.plug as unknown as NonNullable<House['device']>;
  }

  override join(settings: PlanSettings, nodeId?: string): PlanJoin {
    return { ...super.join(settings, nodeId), recallMirror: () => this.recalls() };
  }

  override gateDoor(id?: string): GateDoor {
    const door = super.gateDoor(id);
    return {
      ...door,
      // What a store does to it stays in the mirror: state-node-red.test.ts.
      mirror: (state) => {
        if (this.store === 'works') door.mirror(state);
      },
    };
  }

  /** A plan that asks a slow store opens a little later. */
  override async deploys(): Promise<void> {
    await super.deploys();
    if (this.store === 'answers late') await this.clock.pass(6000);
    await this.plug?.begin();
  }

  override dies(): void {
    super.dies();
    this.plug?.dies();
  }

  private recalls(): Promise<unknown> {
    switch (this.store) {
      case 'works':
        return Promise.resolve(this.context);
      case 'throws':
        return Promise.reject(new Error('the store threw'));
      case 'answers late':
        return new Promise((resolve) => {
          this.clock.after(5000, () => {
            this.stirred();
            resolve(this.context);
          });
        });
      case 'is full of nonsense':
        return Promise.resolve({ ...(this.context as object), revision: 'many', run: [] });
    }
  }
}

/** A plug that is switched for the plan, repeats what it was told, and whose drive may or may not come. */
export class Plug implements DeviceDoor {
  readonly name = 'drive';
  isOn = false;
  driveComes = true;
  echoes = false;
  /** Switched on for a drive that then did not come: how often, by run and slot. */
  readonly inVain: Map<string, number> = new Map();
  private readonly house: FaultyHouse;
  private device: Device;
  private journal: DeviceState | undefined;

  constructor(house: FaultyHouse) {
    this.house = house;
    this.device = this.newDevice();
  }

  /** The process that knew it has died. */
  dies(): void {
    this.device = this.newDevice();
  }

  async begin(): Promise<void> {
    await this.device.begin();
  }

  get isOurs(): boolean {
    return this.device.isOurs;
  }

  switchOn(): Promise<boolean> {
    return this.device.want('photos');
  }

  arrive(): Promise<void> {
    return Promise.resolve();
  }

  heard(power: 'on' | 'off'): 'echo' | 'news' {
    return this.device.heard(power);
  }

  learns(power: 'on' | 'off'): void {
    this.device.learns(power);
  }

  reconsider(): void {
    this.device.reconsider();
  }

  /** The device as the nodes have it. */
  private newDevice(): Device {
    const { house } = this;
    const { generation } = house;
    const device = new Device('drive', 'drive', {
      clock: {
        now: () => house.clock.now(),
        after: (delay, fn) => house.clock.after(delay, () => generation === house.generation && fn()),
      },
      load: () => Promise.resolve(this.journal),
      save: (state) => {
        if (house.disk_ === 'fails') return Promise.reject(new Error('disk'));
        this.journal = state;
        return Promise.resolve();
      },
    });
    device.join({
      key: 'photos',
      name: 'Photos',
      get isActive() {
        return house.registry.find('photos')?.isTrying === true;
      },
      get nextUseAt() {
        const record = house.registry.find('photos');
        if (record === undefined || record.state.run?.failureClass === 'power-up-failed') return null;
        return record.nextStartAt;
      },
      isWired: true,
      offAfterMs: 0,
      offWhenMounted: false,
      switch: (on) => this.isSwitched(on),
      release: () => Promise.resolve({ as: 'unmounted' }),
      warn: (problem) => house.warnings.push(problem),
    });
    return device;
  }

  private isSwitched(on: boolean): void {
    const { house } = this;
    house.stirred();
    if (on && !this.isOn && !this.driveComes) {
      const run = house.registry.find('photos')?.state.run;
      const slot = `${run?.id} ${run?.nextSlotAt}`;
      this.inVain.set(slot, (this.inVain.get(slot) ?? 0) + 1);
    }
    this.isOn = on;
    if (!this.echoes) return;
    house.clock.after(200, () => {
      if (house.registry.find('photos') !== undefined)
        void house.hears({ topic: 'stat/drive/POWER', payload: on ? 'ON' : 'OFF' });
    });
  }
}
