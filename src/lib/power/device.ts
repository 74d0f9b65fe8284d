import type { Clock } from '../clock.ts';
import { iso, pause } from '../clock.ts';
import { Problem } from '../problem.ts';
import type { DeviceState } from './device-state.ts';
import { newDeviceState } from './device-state.ts';
import type { DeviceUser, Release } from './device-user.ts';

/** A plan that will start within this time keeps the device on: plans of one night share one power-up. */
const SHARE_MS = 10 * 60_000;
/** Something may still look at a drive for a moment after a backup: it is unmounted again so soon, so often. */
const SOON_AGAIN_MS = 20_000;
const TIMES_SOON = 2;
/** What then could not be unmounted is told of, and tried again after this time. */
const RELEASE_AGAIN_MS = 5 * 60_000;
/** A plug tells within this time that it did what we told it. */
const ECHO_MS = 60_000;

/** A word of ours to a plug; `at` in ms. */
interface Told {
  readonly power: 'on' | 'off';
  readonly at: number;
}

/** What a device works with. */
export interface DeviceServices {
  readonly clock: Clock;
  /** What is remembered of it; undefined: nothing. Never rejects. */
  load(id: string): Promise<DeviceState | undefined>;
  /** On the disk when it resolves. Rejects when it cannot be written. */
  save(state: DeviceState): Promise<void>;
}

/**
 * A device that plans share: who uses it, whether its power is ours, and how it is released. On before the first use,
 * off only after the last one, when what was written is safe, and only if we switched it on.
 */
export class Device {
  /** What its users call it. */
  readonly name: string;
  private readonly services: DeviceServices;
  private readonly loaded: Promise<void>;
  private state: DeviceState;
  private readonly users: DeviceUser[] = [];
  /** Operations other than backups that use it. */
  private holds = 0;
  private lastUser: string | undefined;
  /** What its plug said last; undefined: nothing yet. */
  private heardLast: 'on' | 'off' | undefined;
  private told: Told | undefined;
  /** What we told it before that, while its answer may still be on its way. */
  private toldBefore: Told | undefined;
  /** It went off, and we did not tell it to. */
  private wentOff = false;
  private isReady = false;
  private release: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  /** It was released and stays on, because it is still mounted: nothing more to do before its next use. */
  private isKept = false;
  /** How often in a row it could not be brought safe. */
  private timesKept = 0;
  private cancelLook: (() => void) | undefined;

  /** `id`: what it is remembered by. */
  constructor(id: string, name: string, services: DeviceServices) {
    this.name = name;
    this.services = services;
    this.state = newDeviceState(id);
    this.loaded = services.load(id).then((remembered) => {
      if (remembered !== undefined) this.state = remembered;
    });
  }

  /** On, because of us. */
  get isOurs(): boolean {
    return this.state.onSince !== null;
  }

  join(user: DeviceUser): void {
    this.users.push(user);
  }

  leave(user: DeviceUser): void {
    const index = this.users.indexOf(user);
    if (index >= 0) this.users.splice(index, 1);
  }

  /** Flows run, and what was interrupted goes on: from here on its power may be cut. */
  async begin(): Promise<void> {
    await this.loaded;
    this.isReady = true;
    this.reconsider();
  }

  /**
   * A plan is about to use it. Resolves when it was told to switch on: with true when it is on because of us, so that
   * it should come.
   */
  async want(key: string): Promise<boolean> {
    await this.loaded;
    this.lastUser = key;
    this.isKept = false;
    // The last steps of a release come to their end first: what they unmount will be mounted again.
    await this.stopRelease();
    const speaker = this.speaker();
    const becomesOurs = speaker !== undefined && !this.isOurs && this.heardLast !== 'on';
    const onSince = becomesOurs ? iso(this.services.clock.now()) : this.state.onSince;
    // Remembered before it happens: whoever dies in between switches off what was never on, which harms nothing.
    await this.remember({ ...this.state, onSince, inUse: true });
    if (speaker !== undefined) this.tell(speaker, 'on');
    return this.isOurs;
  }

  /** Something other than a plan uses it until the returned function is called (once). */
  hold(): () => void {
    this.holds += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.holds -= 1;
      this.reconsider();
    };
  }

  /** Its plug said that it is on or off. `echo`: it is what we have just told it. */
  heard(power: 'on' | 'off'): 'echo' | 'news' {
    const { wentOff } = this;
    // Told to go off before it could answer that it went on: it is off, or about to be.
    if (!this.isAnswer(this.told, power) && this.isAnswer(this.toldBefore, power)) return 'echo';
    this.toldBefore = undefined;
    this.heardLast = power;
    if (this.isAnswer(this.told, power)) return 'echo';
    this.told = undefined;
    this.wentOff = power === 'off';
    // Nothing on it can be brought safe any more.
    if (power === 'off') void this.remember({ ...this.state, inUse: false });
    // Off and on again, and not by us: its power is somebody else's.
    else if (wentOff) void this.remember({ ...this.state, onSince: null });
    return 'news';
  }

  private isAnswer(told: Told | undefined, power: 'on' | 'off'): boolean {
    const since = told?.power === power ? this.services.clock.now() - told.at : Infinity;
    return since >= 0 && since < ECHO_MS;
  }

  /** What its plug is, as it was told when somebody began to listen. */
  learns(power: 'on' | 'off'): void {
    this.heardLast = power;
  }

  /** Something changed: it may have to be released, or must not be any more. */
  reconsider(): void {
    this.cancelLook?.();
    this.cancelLook = undefined;
    if (!this.isReady || (!this.isOurs && !this.state.inUse)) return;
    if (this.isUsed) {
      void this.stopRelease();
      return;
    }
    const soon = this.usedWithin(SHARE_MS);
    if (soon !== undefined) {
      void this.stopRelease();
      this.lookAgain(soon + 1000);
      return;
    }
    if (this.release !== undefined || this.isKept) return;
    const stop = new AbortController();
    const release = { stop, done: this.bringSafe(stop.signal) };
    this.release = release;
    void release.done.finally(() => {
      if (this.release === release) this.release = undefined;
    });
  }

  private get isUsed(): boolean {
    return this.holds > 0 || this.users.some(({ isActive }) => isActive);
  }

  /** How long until the next plan starts by itself, ms, if that is within `ms`. */
  private usedWithin(ms: number): number | undefined {
    const now = this.services.clock.now();
    const waits = this.users.flatMap(({ nextUseAt }) => (nextUseAt === null ? [] : [nextUseAt - now]));
    const near = waits.filter((wait) => wait >= 0 && wait <= ms);
    return near.length === 0 ? undefined : Math.min(...near);
  }

  private async stopRelease(): Promise<void> {
    this.release?.stop.abort();
    await this.release?.done;
  }

  /** Flush or unmount, wait, switch off. Any use in between stops it. Never rejects. */
  private async bringSafe(stop: AbortSignal): Promise<void> {
    let stillMounted = false;
    // They may come and go meanwhile.
    const users = [...this.users];
    for (const user of users) {
      const left = await user.release(stop);
      if (left === undefined || stop.aborted || this.isUsed) return;
      if (left.as === 'kept') {
        this.keepOn(user, left);
        return;
      }
      stillMounted ||= left.as === 'flushed';
    }
    this.timesKept = 0;
    // Nobody is there to be told: flows are being replaced, or the plans were removed.
    if (this.users.length === 0) return;
    await this.remember({ ...this.state, inUse: false });
    if (!this.isOurs) return;
    if (stillMounted && !this.users.every(({ offWhenMounted }) => offWhenMounted)) {
      this.isKept = true;
      return;
    }
    const waitMs = Math.max(0, ...this.users.map(({ offAfterMs }) => offAfterMs));
    if (!(await pause(waitMs, this.services.clock, stop)) || this.isUsed) return;
    const speaker = this.speaker();
    if (speaker === undefined) return;
    this.tell(speaker, 'off');
    await this.remember({ ...this.state, onSince: null });
  }

  private keepOn(user: DeviceUser, { reason }: Extract<Release, { as: 'kept' }>): void {
    this.timesKept += 1;
    if (this.timesKept === TIMES_SOON + 1)
      user.warn(new Problem('power-kept', { device: this.name, reason }));
    this.lookAgain(this.timesKept <= TIMES_SOON ? SOON_AGAIN_MS : RELEASE_AGAIN_MS);
  }

  private lookAgain(ms: number): void {
    this.cancelLook?.();
    this.cancelLook = this.services.clock.after(ms, () => this.reconsider());
  }

  /** The plan whose output speaks for the device: the one that used it last, else any with a wire. */
  private speaker(): DeviceUser | undefined {
    const wired = this.users.filter(({ isWired }) => isWired);
    return wired.find(({ key }) => key === this.lastUser) ?? wired[0];
  }

  private tell(speaker: DeviceUser, power: 'on' | 'off'): void {
    this.toldBefore = this.told;
    this.told = { power, at: this.services.clock.now() };
    this.wentOff = false;
    // Who only ever says "on" is not believed to be on for ever.
    if (power === 'off') this.heardLast = undefined;
    speaker.switch(power === 'on');
  }

  /** A state that cannot be written is said by the plans' own journal; the power is switched all the same. */
  private async remember(state: DeviceState): Promise<void> {
    const isNews = JSON.stringify(state) !== JSON.stringify(this.state);
    this.state = state;
    if (isNews) await this.services.save(state).catch(() => undefined);
  }
}
