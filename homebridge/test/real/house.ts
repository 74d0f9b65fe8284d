import { expect, inject } from 'vitest';
import { FakeHub, TOKEN } from '../fake-hub.ts';
import { plan } from '../plan.ts';
import { until } from '../until.ts';
import { Home } from './home.ts';
import { Homebridge } from './homebridge.ts';

let number = 0;

/** A hub with the plan `photos`, a bridge and Apple's side; for one test. */
export class House {
  readonly hub: FakeHub = new FakeHub(plan());
  readonly homebridge: Homebridge;
  #home: Home | null = null;

  constructor() {
    number += 1;
    this.homebridge = new Homebridge('homebridge', number, inject('plugins'));
  }

  /** Starts Homebridge with such settings, and pairs with it. */
  async started(settings?: Record<string, unknown>): Promise<Home> {
    this.homebridge.configure(settings);
    return this.pairedAt(this.homebridge.username, await this.homebridge.start());
  }

  /** Pairs with a bridge that runs. */
  async pairedAt(username: string, port: number): Promise<Home> {
    this.#home = await Home.pair(username, port);
    return this.#home;
  }

  /** Starts and pairs with a complete configuration; every plan of the hub is there. */
  async paired(settings: Record<string, unknown> = {}): Promise<Home> {
    const home = await this.started({ url: this.hub.url, token: TOKEN, ...settings });
    await until(async () => expect(await home.plans()).toHaveLength(this.hub.plans.size));
    await home.listen();
    return home;
  }

  /** How many lines of Homebridge's log have this in them. */
  lines(text: string): number {
    return this.homebridge.output.split('\n').filter((line) => line.includes(text)).length;
  }

  async leave(): Promise<void> {
    await this.#home?.close();
    await this.homebridge.remove();
    await this.hub.stop();
  }
}
